import type { VpcSpec } from '../../wire/network-spec.ts';
import type { TwoMachines } from './conformance-machines.ts';
import type { LinuxNetworkDriver } from './linux.ts';
import type { Packet } from './policy.ts';
import { twoMachines } from './spec-for-tests.ts';
import { LinuxWorld } from './world-for-tests.ts';

/** Two hosts with a router between them: real networks over real tunnels. */
export class LinuxMachines implements TwoMachines {
  readonly a: LinuxWorld;
  readonly b: LinuxWorld;
  #specs = new Map<string, { readonly a: VpcSpec; readonly b: VpcSpec }>();

  private constructor(a: LinuxWorld, b: LinuxWorld) {
    this.a = a;
    this.b = b;
  }

  static async make(): Promise<LinuxMachines> {
    const a = await LinuxWorld.make();
    return new LinuxMachines(a, await LinuxWorld.besides(a));
  }

  get drivers(): { readonly a: LinuxNetworkDriver; readonly b: LinuxNetworkDriver } {
    return { a: this.a.driver, b: this.b.driver };
  }

  async apply(specs: { readonly a: VpcSpec; readonly b: VpcSpec }): Promise<void> {
    this.#specs.set(specs.a.vpcId, specs);
    await Promise.all([this.a.apply(specs.a), this.b.apply(specs.b)]);
  }

  async reach(packet: Packet, patienceMs: number, size?: number): Promise<string | undefined> {
    if (packet.protocol !== 'icmp') await Promise.all([this.a.serve(packet), this.b.serve(packet)]);
    return this.at(packet.from).send(packet, patienceMs, size);
  }

  /** The machine that a sender is on. */
  at(from: Packet['from']): LinuxWorld {
    if ('outside' in from) return from.outside === twoMachines.b.hostAddress ? this.b : this.a;
    const specs = this.#specs.get(from.vpcId);
    const here = specs?.a.interfaces.some(
      ({ privateIp, machine }) => privateIp === from.address && machine === undefined,
    );
    return here === true ? this.a : this.b;
  }

  async dispose(): Promise<void> {
    await this.b.dispose();
    await this.a.dispose();
  }
}
