import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { changeIptables, hostTable, type HostPlan } from './host.ts';
import { LinuxTunnel } from './linux-tunnel.ts';
import { hostLinkPrefix, hostTableName } from './names.ts';
import { unlessMissing, type Netns } from './netns.ts';
import { markOf, replaceTable } from './nft-table.ts';
import { observeHostScript, parseHost, type ObservedHost } from './observe.ts';

/** The host's part of an installation's networks: its nftables table, the way past other firewalls, and its block of addresses. */
export class LinuxHost {
  readonly plan: HostPlan;
  readonly netns: Netns;
  /** Its part of what joins it to other machines. */
  readonly tunnel: LinuxTunnel;
  readonly #log: Log;
  #last: Promise<unknown> = Promise.resolve();

  constructor(plan: HostPlan, netns: Netns, log: Log) {
    this.plan = plan;
    this.netns = netns;
    this.tunnel = new LinuxTunnel(plan, netns);
    this.#log = log;
  }

  /** Looks at what there is. */
  async observe(): Promise<ObservedHost> {
    return parseHost(await this.netns.script(observeHostScript), hostTableName(this.plan.installationId));
  }

  /** Makes what is missing and answers what there is. One after the other, as each changes what the next would see. */
  ensure(): Promise<ObservedHost> {
    const turn = this.#last.then(
      () => this.#ensure(),
      () => this.#ensure(),
    );
    this.#last = turn;
    return turn;
  }

  async #ensure(): Promise<ObservedHost> {
    const { installationId, publicPool } = this.plan;
    const observed = await this.observe();
    const table = hostTable(this.plan);
    const mark = markOf(table);
    // First the protection, then the way: nothing is open meanwhile.
    if (!observed.chains.has(mark)) await this.netns.nft(replaceTable(table, mark));
    await this.netns.feed(changeIptables(installationId, observed.iptables), 'iptables-restore', '-w', '--noflush');
    if (observed.routes.get(publicPool) !== 'unreachable') {
      try {
        await this.netns.ip([`route add unreachable ${publicPool}`]);
      } catch (error) {
        throw new DriverError('fatal', `the public addresses ${publicPool} are in use: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
    if (!observed.forwarding) {
      this.#log.info('turning on IPv4 forwarding on this machine');
      await this.netns.script('echo 1 > /proc/sys/net/ipv4/ip_forward');
    }
    return observed;
  }

  /** Removes all of it. */
  async remove(): Promise<void> {
    await this.tunnel.remove();
    const { installationId, publicPool } = this.plan;
    const observed = await this.observe();
    const links = [...observed.links.keys()].filter((name) => name.startsWith(hostLinkPrefix(installationId)));
    await this.netns.ip(links.map((name) => `link delete ${name}`));
    await this.netns.feed(changeIptables(installationId, observed.iptables, []), 'iptables-restore', '-w', '--noflush');
    await unlessMissing(this.netns.run('nft', 'delete', 'table', 'inet', hostTableName(installationId)));
    if (observed.routes.get(publicPool) === 'unreachable') {
      await unlessMissing(this.netns.ip([`route delete unreachable ${publicPool}`]));
    }
  }
}
