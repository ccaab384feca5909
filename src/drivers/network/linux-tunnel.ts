import { DriverError } from '../../base/errors.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { HostPlan } from './host.ts';
import { changeTunnelEnd, hostTunnel, hostVni, tunnelTable, type HostTunnel } from './host-tunnel.ts';
import { tunnelLink, tunnelTableName } from './names.ts';
import { unlessMissing, type Netns } from './netns.ts';
import { markOf, replaceTable } from './nft-table.ts';
import { observeTunnelScript, parseTunnel } from './observe-tunnel.ts';
import { changeForwarding, tunnelAlias, tunnelMtu } from './overlay.ts';

/**
 * The host's part of the tunnels to other machines: its own end, by which public addresses are reached there, and the rules that
 * guard all ends. It is there while a VPC is on several machines.
 */
export class LinuxTunnel {
  readonly #plan: HostPlan;
  readonly #netns: Netns;
  readonly #link: string;
  /** The VPCs that are on several machines. */
  readonly #specs = new Map<string, VpcSpec>();
  #known: HostTunnel | undefined;
  #mtu: number | undefined;
  /** Nothing was found, and nothing made since. */
  #bare = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(plan: HostPlan, netns: Netns) {
    this.#plan = plan;
    this.#netns = netns;
    this.#link = tunnelLink(plan.installationId);
  }

  /**
   * Notes what a VPC says and makes what is new of it; or, with `look`, what is missing. Answers how large packets may be in its
   * tunnels; `undefined` where the VPC needs none. `retryable` while the machine does not have its underlay address.
   */
  async take(spec: VpcSpec, look = false): Promise<number | undefined> {
    const { vpcId, overlay } = spec;
    if (overlay === undefined) {
      await this.forget(vpcId);
      return undefined;
    }
    this.#specs.delete(vpcId);
    this.#specs.set(vpcId, spec);
    await this.#inTurn(async () => {
      if (look || !same(this.#wanted(), this.#known)) await this.#bring(false);
    });
    return this.#mtu;
  }

  /** Forgets a VPC, and takes away what only it needed. */
  async forget(vpcId: string): Promise<void> {
    if (this.#specs.delete(vpcId)) await this.#inTurn(() => this.#bring(false));
  }

  /** Looks whether all of it is there, and nothing else: to be called when every VPC has been spoken of. */
  verify(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#bare) await this.#bring(true);
    });
  }

  /** Removes it, whoever made it. */
  async remove(): Promise<void> {
    this.#specs.clear();
    await this.#inTurn(() => this.#bring(true));
  }

  #wanted(): HostTunnel | undefined {
    const { installationId, publicPool } = this.#plan;
    return hostTunnel(installationId, publicPool, this.#specs.values());
  }

  /** Without `whole` what is not known is left alone: VPCs that an earlier process was told of may still be spoken of. */
  async #bring(whole: boolean): Promise<void> {
    const { installationId, publicPool } = this.#plan;
    const wanted = this.#wanted();
    const before = this.#known;
    this.#bare = false;
    // Should any of it fail, or this process end here, nothing is known any more.
    this.#known = undefined;
    const name = tunnelTableName(installationId);
    const there = parseTunnel(await this.#netns.script(observeTunnelScript(this.#link)), name, this.#link);
    if (wanted === undefined) {
      if (there.end !== undefined) await unlessMissing(this.#netns.ip([`link delete ${this.#link}`]));
      if (there.chains.size > 0) await unlessMissing(this.#netns.run('nft', 'delete', 'table', 'inet', name));
      this.#bare = true;
      return;
    }
    const table = tunnelTable(installationId, publicPool, wanted.overlay);
    const mark = markOf(table);
    // First the protection, then the way.
    if (!there.chains.has(mark)) await this.#netns.nft(replaceTable(table, mark));
    const { underlay } = wanted.overlay.here;
    const underlayMtu = there.mtus.get(underlay);
    if (underlayMtu === undefined) {
      throw new DriverError(
        'retryable',
        `this machine does not have the address ${underlay}, at which others look for it`,
      );
    }
    const mtu = Math.min(tunnelMtu(underlayMtu), 1500);
    const removable = (address: string): boolean => whole || before?.routes.has(address) === true;
    await this.#netns.ip(changeTunnelEnd(this.#link, there, wanted, mtu, removable));
    const forwarding = there.end?.alias === tunnelAlias(wanted.overlay, hostVni, mtu) ? there.forwarding : new Map();
    await this.#netns.bridge(changeForwarding(forwarding, wanted.forwarding, this.#link));
    // Answers may come another way than the host's own would.
    await this.#netns.script(`echo 2 > /proc/sys/net/ipv4/conf/${this.#link}/rp_filter`);
    this.#mtu = mtu;
    this.#known = wanted;
  }

  /** One after the other, as each changes what the next would see. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

function same(a: HostTunnel | undefined, b: HostTunnel | undefined): boolean {
  const text = (of: HostTunnel | undefined): string => JSON.stringify(of && [of.overlay, [...of.routes]]);
  return text(a) === text(b);
}
