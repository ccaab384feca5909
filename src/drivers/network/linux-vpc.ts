import { statSync, unlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../base/command.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { InterfaceSpec, VpcSpec } from '../../wire/network-spec.ts';
import type { InterfaceCounters } from './driver.ts';
import { changeHostRoutes, hostRoutes, makeUplink, tendUplink, type HostPlan } from './host.ts';
import { LinuxFaults } from './linux-faults.ts';
import type { LinuxHost } from './linux-host.ts';
import { tasksOf } from './internet.ts';
import { hostLink, isTaskLink, namespaceName, netnsDirectory, overlayLink, taskLink, uplink } from './names.ts';
import { ipOneByOne, Netns, netnsInode, unlessMissing } from './netns.ts';
import { changeTable, markOf, replaceTable, type NftTable } from './nft-table.ts';
import {
  glanceScript,
  observeVpcScript,
  parseCounters,
  parseGlance,
  parseVpc,
  type ObservedHost,
  type ObservedVpc,
} from './observe.ts';
import { forwardingScript, parseForwarding } from './observe-tunnel.ts';
import { changeForwarding, tunnelAlias, tunnelEnd, tunnelPeers } from './overlay.ts';
import { changeRouter, possibleRouter, routerState, type RouterState } from './router.ts';
import { aliasOf, parseAlias, routerSide, taskLinkGroup, taskSide, tendTask, type Attachment } from './task-link.ts';
import { vpcTable } from './vpc-table.ts';

/** Settings of a namespace that routes; nothing in it filters by reverse path but our own rules. Then what it looks like. */
const prepareScript = [
  'cd /proc/sys/net',
  'echo 1 > ipv4/ip_forward',
  'for each in all default; do echo 0 > ipv4/conf/$each/rp_filter; echo 0 > ipv4/conf/$each/send_redirects; done',
  '{ echo 1 > ipv6/conf/all/disable_ipv6; echo 1 > ipv6/conf/default/disable_ipv6; } 2>/dev/null || true',
  'ip link set lo up',
].join('\n');

/** What the kernel was last brought to, as this process knows. */
interface Known {
  readonly spec: VpcSpec;
  readonly table: NftTable;
  readonly mark: string;
  readonly router: RouterState;
  readonly hostRoutes: ReadonlyMap<string, string>;
  /** What the end of the tunnels knows: MAC → underlay address. */
  readonly forwarding: ReadonlyMap<string, string>;
  readonly links: ReadonlySet<string>;
  /** The namespace, by its inode. */
  readonly netns: number;
}

/** What a VPC is made from. */
export interface LinuxVpcOptions {
  readonly mtu: number;
  readonly log: Log;
  /** The namespace was made anew: what was opened in the old one is cut off. */
  readonly onRemade: () => Promise<void>;
  /** Resolves once a process is in a network namespace of its own. */
  readonly apart: (pid: number) => Promise<void>;
}

/**
 * One VPC on this machine. Two ways lead to what a spec says: what differs from the last one is changed in place, which is
 * fast; or, where that fails or the last one is not known, the kernel is asked what there is and everything is mended.
 */
export class LinuxVpc {
  readonly netns: Netns;
  readonly #name: string;
  readonly #path: string;
  readonly #link: string;
  readonly #host: LinuxHost;
  readonly #mtu: number;
  readonly #log: Log;
  readonly #onRemade: () => Promise<void>;
  readonly #apart: (pid: number) => Promise<void>;
  readonly #vpcId: string;
  #spec: VpcSpec | undefined;
  #known: Known | undefined;
  readonly #attachments = new Map<string, Attachment>();
  /** What is being attached or detached now. Mending waits for these, and they for it. */
  readonly #inFlight = new Set<Promise<void>>();
  #mending: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: LinuxHost, vpcId: string, options: LinuxVpcOptions) {
    this.#vpcId = vpcId;
    this.#host = host;
    this.#name = namespaceName(host.plan.installationId, vpcId);
    this.#path = join(netnsDirectory, this.#name);
    this.#link = hostLink(host.plan.installationId, vpcId);
    this.#mtu = options.mtu;
    this.#onRemade = options.onRemade;
    this.#apart = options.apart;
    this.#log = options.log.with({ vpcId });
    this.netns = new Netns(this.#path);
  }

  /** Brings the kernel to what `spec` says. What was said before is mended instead, as it may be gone. */
  apply(spec: VpcSpec): Promise<void> {
    this.#spec = spec;
    return this.#inTurn(async () => {
      if (this.#known !== undefined && netnsInode(this.#path) === this.#known.netns) {
        try {
          if (await this.#change(this.#known, spec)) return;
        } catch (error) {
          this.#log.warn('the network is not what it was; making it anew', { error });
        }
      }
      await this.#mend(spec);
    });
  }

  /** Mends what is missing. `host` is what there is on the host, when the caller has looked. */
  verify(host?: ObservedHost): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#spec !== undefined) await this.#mend(this.#spec, host);
    });
  }

  /** A glance at what hangs on tasks: whether namespace, links and rules are still there. `verify` looks at everything. */
  async stands(): Promise<boolean> {
    const known = this.#known;
    // Without tasks nothing is missed that the next `verify` would not find; what is being changed is not judged.
    if (known === undefined || (this.#attachments.size === 0 && known.spec.overlay === undefined)) return true;
    if (netnsInode(this.#path) !== known.netns) return false;
    const wanted = [...this.#attachments.keys()].map(taskLink);
    const { links, chains } = parseGlance(await this.netns.script(glanceScript));
    if (this.#known !== known || this.#inFlight.size > 0) return true;
    const attached = new Set([...this.#attachments.keys()].map(taskLink));
    return (
      chains.has(known.mark) &&
      (!known.spec.internetGateway || links.has(uplink)) &&
      (known.spec.overlay === undefined || links.has(overlayLink)) &&
      wanted.every((link) => links.has(link) || !attached.has(link))
    );
  }

  /** Gives a process's network namespace an interface. */
  async attach(interfaceId: string, pid: number): Promise<void> {
    const spec = this.#spec && tasksOf(this.#spec).find((each) => each.interfaceId === interfaceId);
    if (spec === undefined) throw new DriverError('gone', `${this.#vpcId} has no interface ${interfaceId}`);
    await this.#apart(pid);
    const netns = netnsInode(`/proc/${pid}/ns/net`);
    if (netns === undefined) throw new DriverError('gone', `process ${pid} does not run`);
    await this.#whileStanding(() => this.#attach(spec, { interfaceId, pid, netns }));
    // A route may lead to it.
    if (spec.sourceDestCheck === false) await this.verify();
  }

  /** Takes an interface away. */
  async detach(interfaceId: string): Promise<void> {
    this.#attachments.delete(interfaceId);
    if (netnsInode(this.#path) === undefined) return;
    await this.#whileStanding(() => unlessMissing(this.netns.ip([`link delete ${taskLink(interfaceId)}`])));
  }

  /** The interfaces attached, as the kernel has them. */
  async listAttached(): Promise<string[]> {
    if (netnsInode(this.#path) === undefined) return [];
    return Array.from(attachmentsIn(await this.#observe()), ({ interfaceId }) => interfaceId);
  }

  /** What passed an interface, by the kernel's own table of the task's namespace. */
  async counters(interfaceId: string): Promise<InterfaceCounters> {
    const attachment = this.#attachments.get(interfaceId);
    let table = '';
    try {
      table = await readFile(`/proc/${attachment?.pid ?? 0}/net/dev`, 'utf8');
    } catch {
      // The process is no more.
    }
    const counters = parseCounters(table, 'eth0');
    if (counters === undefined) throw new DriverError('gone', `${interfaceId} is not attached`);
    return counters;
  }

  /** The injuries of an attached interface's task. */
  taskFaults(interfaceId: string): LinuxFaults {
    return new LinuxFaults(interfaceId, this.#attachments.get(interfaceId)?.pid);
  }

  /** Removes the namespace and all links to it. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      // Without a spec nobody knows: an earlier process may have had one.
      const overlay = this.#spec === undefined || this.#spec.overlay !== undefined;
      this.#spec = undefined;
      this.#known = undefined;
      this.#attachments.clear();
      await Promise.allSettled(this.#inFlight);
      await unlessMissing(this.#host.netns.ip([`link delete ${this.#link}`]));
      if (netnsInode(this.#path) !== undefined) {
        // A process that is still inside keeps the namespace alive; without links it is an island.
        await unlessMissing(this.netns.ip([`link delete group ${taskLinkGroup}`]));
        if (overlay) await unlessMissing(this.netns.ip([`link delete ${overlayLink}`]));
      }
      await this.#removeNamespace();
      await this.#host.tunnel.forget(this.#vpcId);
    });
  }

  /** Changes what differs from `known`. Answers whether anything did. */
  async #change(known: Known, spec: VpcSpec): Promise<boolean> {
    if (known.spec.internetGateway !== spec.internetGateway) return false;
    if (endOf(known.spec) !== endOf(spec)) return false;
    const tasks = new Set(tasksOf(spec).map((each) => taskLink(each.interfaceId)));
    const gone = [...this.#attachments.keys()].filter((interfaceId) => !tasks.has(taskLink(interfaceId)));
    const next = this.#plan(
      spec,
      new Set([...known.links].filter((link) => !isTaskLink(link) || tasks.has(link))),
      known.netns,
    );
    const nft = changeTable(known.table, next.table, { before: known.mark, after: next.mark });
    const router = changeRouter(known.router, next.router, next.links);
    const routes = changeHostRoutes(known.hostRoutes, next.hostRoutes, this.#link);
    const forwarding = changeForwarding(known.forwarding, next.forwarding, overlayLink);
    const changes = [router, routes.going, routes.coming, forwarding, gone];
    if (nft === '' && changes.every(({ length }) => length === 0)) return false;
    // Should any of it fail, or this process end here, nothing is known any more.
    this.#known = undefined;
    await this.#host.netns.ip(routes.going);
    await this.#host.tunnel.take(spec);
    await this.netns.nft(nft);
    await this.netns.bridge(forwarding);
    await this.netns.ip(router);
    await this.#host.netns.ip(routes.coming);
    for (const interfaceId of gone) await this.detach(interfaceId);
    this.#known = next;
    return true;
  }

  /** Looks at everything and mends it. */
  async #mend(spec: VpcSpec, seen?: ObservedHost): Promise<void> {
    this.#known = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#mending = promise;
    try {
      await Promise.allSettled(this.#inFlight);
      const lost = await this.#mendLinks(spec, seen);
      for (const attachment of lost) await this.#attachAgain(spec, attachment);
    } finally {
      this.#mending = undefined;
      resolve();
    }
  }

  /** Mends all but what hangs on processes; answers the attachments that are gone. */
  async #mendLinks(spec: VpcSpec, seen?: ObservedHost): Promise<Attachment[]> {
    const host = seen ?? (await this.#host.ensure());
    const remade = await this.#ensureNamespace();
    await this.netns.script(prepareScript);
    let observed = await this.#observe();

    const table = vpcTableOf(spec);
    if (!observed.chains.has(table.mark)) await this.netns.nft(replaceTable(table.table, table.mark));

    const far = host.links.get(this.#link);
    const near = observed.links.get(uplink);
    const joined = far !== undefined && near?.peerIndex === far.index && far.peerIndex === near.index;
    if (!joined && (far !== undefined || near !== undefined)) {
      await unlessMissing(this.#host.netns.ip([`link delete ${this.#link}`]));
      await unlessMissing(this.netns.ip([`link delete ${uplink}`]));
      observed = await this.#observe();
    }
    const plan = this.#hostPlan(spec);
    if (spec.internetGateway) {
      const mtu = Math.min(this.#mtu, worldMtu(host));
      await this.#host.netns.ip(joined ? tendUplink(plan, this.#link) : makeUplink(plan, this.#link, this.#name, mtu));
    }

    const through = [...host.routes].filter(([, way]) => joined && way.includes(` dev ${this.#link} `));
    const routes = changeHostRoutes(new Map(through), hostRoutes(spec, plan, this.#link), this.#link);
    await this.#host.netns.ip(routes.going);
    const overlay = await this.#mendOverlay(spec, observed);
    if (overlay.replaced) observed = await this.#observe();
    const attached = attachmentsIn(observed);
    const tasks = tasksOf(spec).filter(({ interfaceId }) => attached.some((each) => each.interfaceId === interfaceId));
    const links = new Set([
      ...tasks.map(({ interfaceId }) => taskLink(interfaceId)),
      ...(spec.internetGateway ? [uplink] : []),
      ...(overlay.stands ? [overlayLink] : []),
    ]);
    const next = this.#plan(spec, links, netnsInode(this.#path) ?? 0);
    await this.netns.ip([
      ...[...observed.links.keys()]
        .filter((name) => isTaskLink(name) && !links.has(name))
        .map((name) => `link delete ${name}`),
      ...(spec.internetGateway ? [`link set ${uplink} up`] : []),
      ...tasks.filter((task) => !passes(observed, task)).flatMap(tendTask),
      ...changeRouter(observed.router, next.router, links),
    ]);
    if (spec.internetGateway) await this.#host.netns.ip(routes.coming);
    else if (far !== undefined) await unlessMissing(this.#host.netns.ip([`link delete ${this.#link}`]));
    this.#known = next;
    if (remade) await this.#onRemade();

    for (const each of attached) this.#attachments.set(each.interfaceId, each);
    return [...this.#attachments.values()].filter(({ interfaceId }) => !links.has(taskLink(interfaceId)));
  }

  /** After its link was taken away, by somebody or with the namespace. */
  async #attachAgain(spec: VpcSpec, attachment: Attachment): Promise<void> {
    const { interfaceId, pid, netns } = attachment;
    this.#attachments.delete(interfaceId);
    const task = tasksOf(spec).find((each) => each.interfaceId === interfaceId);
    if (task === undefined || netnsInode(`/proc/${pid}/ns/net`) !== netns) return;
    try {
      await this.#attach(task, attachment);
    } catch (error) {
      this.#log.warn('an interface could not be attached again', { interfaceId, error });
    }
  }

  async #attach(spec: InterfaceSpec, attachment: Attachment): Promise<void> {
    const { interfaceId, pid, netns } = attachment;
    const before = this.#attachments.get(interfaceId);
    if (before?.pid === pid && before.netns === netns) return;
    const gateway = this.#spec?.subnets.find(({ subnetId }) => subnetId === spec.subnetId)?.gateway;
    if (gateway === undefined) throw new DriverError('fatal', `${interfaceId} is in no subnet of ${this.#vpcId}`);
    const task = new Netns(`/proc/${pid}/ns/net`);
    const lines = taskSide(spec, gateway, this.#name, this.#mtu);
    const work = [
      { netns: task, lines },
      { netns: this.netns, lines: routerSide(spec, aliasOf(attachment)) },
    ] as const;
    try {
      await ipOneByOne(...work);
    } catch (error) {
      if (!/File exists/.test(messageOf(error))) throw error;
      // Something is there of an earlier attachment: to this process, half-made, or to another.
      const there = (await this.#observe()).links.get(taskLink(interfaceId));
      if (there?.alias === aliasOf(attachment) && there.up) {
        this.#attachments.set(interfaceId, attachment);
        return;
      }
      await unlessMissing(this.netns.ip([`link delete ${taskLink(interfaceId)}`]));
      await unlessMissing(task.ip(['link delete eth0']));
      await ipOneByOne(...work);
    }
    this.#attachments.set(interfaceId, attachment);
  }

  /** What a spec comes to while `links` are all there are. */
  #plan(spec: VpcSpec, links: ReadonlySet<string>, netns: number): Known {
    return {
      spec,
      ...vpcTableOf(spec),
      router: possibleRouter(routerState(spec, this.#host.plan.publicPool), links),
      hostRoutes: hostRoutes(spec, this.#hostPlan(spec), this.#link),
      forwarding: links.has(overlayLink) ? tunnelPeers(spec.overlay, overlayLink).forwarding : new Map(),
      links,
      netns,
    };
  }

  /**
   * Mends the end of the tunnels to other machines, if the VPC is to have one. Answers whether it is there, and whether one is
   * gone that was there before, and its routes with it.
   */
  async #mendOverlay(spec: VpcSpec, { links }: ObservedVpc): Promise<{ stands: boolean; replaced: boolean }> {
    const end = links.get(overlayLink);
    const { overlay } = spec;
    const mtu = await this.#host.tunnel.take(spec, true);
    const alias = overlay === undefined || mtu === undefined ? undefined : tunnelAlias(overlay, overlay.vni, mtu);
    const replaced = end !== undefined && end.alias !== alias;
    if (replaced) await unlessMissing(this.netns.ip([`link delete ${overlayLink}`]));
    if (overlay === undefined || mtu === undefined) return { stands: false, replaced };
    if (end === undefined || replaced) {
      const made = `link add ${overlayLink} netns ${this.#name} ${tunnelEnd(overlay, overlay.vni, mtu)}`;
      try {
        await this.#host.netns.ip([made]);
      } catch (error) {
        // A namespace that was deleted under us lives on with its end while sockets in it are open.
        if (!/already exists/.test(messageOf(error))) throw error;
        this.#log.warn('another end of the tunnels is still there; trying again soon', { error });
        return { stands: false, replaced };
      }
    }
    await this.netns.ip([`link set ${overlayLink} addrgenmode none up alias "${alias}"`]);
    const forwarding = parseForwarding(await this.netns.script(forwardingScript(overlayLink)));
    const wanted = tunnelPeers(overlay, overlayLink).forwarding;
    await this.netns.bridge(changeForwarding(forwarding, wanted, overlayLink));
    return { stands: true, replaced };
  }

  /** The host as the VPC's spec has it. */
  #hostPlan({ overlay }: VpcSpec): HostPlan {
    const { plan } = this.#host;
    return overlay === undefined ? plan : { ...plan, hostAddress: overlay.here.hostAddress };
  }

  async #observe(): Promise<ObservedVpc> {
    return parseVpc(await this.netns.script(observeVpcScript));
  }

  /** Answers whether it had to be made. */
  async #ensureNamespace(): Promise<boolean> {
    if (netnsInode(this.#path) !== undefined) return false;
    await this.#removeNamespace();
    await runCommand('ip', ['netns', 'add', this.#name]);
    return true;
  }

  async #removeNamespace(): Promise<void> {
    if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return;
    try {
      await runCommand('ip', ['netns', 'delete', this.#name]);
    } catch (error) {
      // Not mounted: what an `ip netns add` that was interrupted leaves behind.
      if (netnsInode(this.#path) !== undefined) throw error;
      if (statSync(this.#path, { throwIfNoEntry: false }) !== undefined) unlinkSync(this.#path);
    }
  }

  /** Runs something on single links, while nothing is being mended. */
  async #whileStanding(work: () => Promise<void>): Promise<void> {
    while (this.#mending !== undefined) await this.#mending;
    const running = work();
    this.#inFlight.add(running);
    try {
      await running;
    } finally {
      this.#inFlight.delete(running);
    }
  }

  /** Runs one after the other what changes the whole. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Which end of tunnels a spec asks for. */
function endOf({ overlay }: VpcSpec): string {
  return overlay === undefined ? '' : `${overlay.here.hostAddress} ${tunnelAlias(overlay, overlay.vni, 0)}`;
}

function vpcTableOf(spec: VpcSpec): { table: NftTable; mark: string } {
  const table = vpcTable(spec);
  return { table, mark: markOf(table) };
}

/** The finished links. */
function attachmentsIn({ links }: ObservedVpc): Attachment[] {
  return [...links.values()].flatMap(({ name, alias }) => (isTaskLink(name) ? (parseAlias(alias) ?? []) : []));
}

/** Whether an attached link still passes packets. */
function passes(
  { links, taskRoutes, taskNeighbours }: ObservedVpc,
  { interfaceId, privateIp }: InterfaceSpec,
): boolean {
  const link = taskLink(interfaceId);
  const key = `${link} ${privateIp}`;
  return links.get(link)?.up === true && taskRoutes.has(key) && taskNeighbours.has(key);
}

/** The MTU of the link that the host's default route takes: what is larger would not get out. */
function worldMtu({ links, routes }: ObservedHost): number {
  const device = / ?dev (\S+)/.exec(routes.get('default') ?? '')?.[1];
  return links.get(device ?? '')?.mtu ?? Number.POSITIVE_INFINITY;
}
