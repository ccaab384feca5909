import type { ServerMessage, UpcomingInterfaces } from '../../wire/messages.ts';
import { changed } from '../../wire/network-change.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { withUpcoming } from '../../wire/upcoming-change.ts';

/** What a machine was last told of a VPC. */
export interface ToldVpc {
  readonly vpc: VpcSpec;
  readonly upcoming: readonly UpcomingInterfaces[];
}

type Told<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>['message'];

/** Puts together what is said of VPCs: the whole first, then only what changed. A new session begins with the whole. */
export class ToldVpcs {
  readonly #vpcs = new Map<string, ToldVpc>();

  /** Takes a whole state. */
  whole({ vpc, upcoming }: Told<'StowageVpcMessage'>): ToldVpc {
    const told = { vpc, upcoming };
    this.#vpcs.set(vpc.vpcId, told);
    return told;
  }

  /** Takes a change, and answers what it comes to; `undefined` for one of a VPC that was not spoken of. */
  change({ change, upcoming }: Told<'StowageVpcChange'>): ToldVpc | undefined {
    const before = this.#vpcs.get(change.vpcId);
    if (before === undefined) return undefined;
    const told = { vpc: changed(before.vpc, change), upcoming: withUpcoming(before.upcoming, upcoming) };
    this.#vpcs.set(change.vpcId, told);
    return told;
  }

  /** Whether anything was said of a VPC that is not forgotten. */
  has(vpcId: string): boolean {
    return this.#vpcs.has(vpcId);
  }

  /** Forgets every other VPC. */
  keepOnly(vpcIds: readonly string[]): void {
    const keep = new Set(vpcIds);
    for (const vpcId of this.#vpcs.keys()) if (!keep.has(vpcId)) this.#vpcs.delete(vpcId);
  }
}
