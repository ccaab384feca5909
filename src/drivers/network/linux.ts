import type { Socket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import type { Server, Socket as Connection } from 'node:net';
import { join } from 'node:path';
import type { Cancel, Clock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { BridgeEndpoint, InterfaceCounters, NetworkDriver } from './driver.ts';
import type { NetworkFault, RunningFaults } from './faults.ts';
import { LinuxHost } from './linux-host.ts';
import { openInstance, plug, unplug, verifyInstance } from './linux-instance.ts';
import { LinuxVpc } from './linux-vpc.ts';
import { Listeners } from './listeners.ts';
import { namespaceName, namespacePrefix, netnsDirectory } from './names.ts';
import { isInParentsNetwork, Netns, netnsInode } from './netns.ts';
import { lookUpAs } from './process-names.ts';
import { hostAddressOf } from './public-pool.ts';
import { bindIn, connectIn, listenIn } from './sockets.ts';

/** How often, and for how long, to look whether a process is in a network namespace of its own. */
const apartPauseMs = 2;
const apartTimeoutMs = 5_000;

/** What the driver is made from. */
export interface LinuxNetworkOptions {
  /** Eight hexadecimal digits: part of every name. */
  readonly installationId: string;
  /** The installation's block of public addresses (`choosePublicPool`). */
  readonly publicPool: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes in a packet at most, 1500 unless told otherwise. */
  readonly mtu?: number;
  /** How often to look whether somebody took away or changed anything that we made; 30 s unless told otherwise, 0 for never. */
  readonly verifyEveryMs?: number;
  /**
   * How often to glance at what tasks hang on, their links and the rules; 3 s unless told otherwise, 0 (or no verifying) for never. Soon enough that
   * a link is mended before health checks give its task up.
   */
  readonly glanceEveryMs?: number;
  /** The path of a network namespace that plays the host; without it the machine's own. */
  readonly hostNamespace?: string;
}

/** VPCs as network namespaces of this machine, with iproute2 and nftables. docs/networking.md shows the whole. */
export class LinuxNetworkDriver implements NetworkDriver {
  readonly #options: LinuxNetworkOptions;
  readonly #host: LinuxHost;
  readonly #vpcs = new Map<string, LinuxVpc>();
  readonly #listeners = new Listeners();
  readonly #timers = new Set<Cancel>();
  #closed = false;

  constructor(options: LinuxNetworkOptions) {
    const { installationId, publicPool, hostNamespace, log } = options;
    if (!/^[0-9a-f]{8}$/.test(installationId)) throw new Error(`${installationId} is no installation id`);
    this.#options = options;
    const plan = { installationId, publicPool, hostAddress: hostAddressOf(publicPool) };
    this.#host = new LinuxHost(plan, new Netns(hostNamespace), log);
    this.#repeat(options.verifyEveryMs ?? 30_000, () => this.#verifyAll());
    this.#repeat(options.glanceEveryMs ?? (options.verifyEveryMs === 0 ? 0 : 3_000), () => this.#glanceAtAll());
  }

  applyVpc(spec: VpcSpec): Promise<void> {
    return this.#vpc(spec.vpcId).apply(spec);
  }

  verifyVpc(vpcId: string): Promise<void> {
    return this.#vpc(vpcId).verify();
  }

  async removeVpc(vpcId: string): Promise<void> {
    this.#listeners.close(vpcId);
    await this.#vpc(vpcId).remove();
    this.#vpcs.delete(vpcId);
  }

  listVpcs(): Promise<string[]> {
    const prefix = namespacePrefix(this.#options.installationId);
    let names: string[] = [];
    try {
      names = readdirSync(netnsDirectory).filter((name) => name.startsWith(prefix));
    } catch {
      // The directory is made with the first namespace.
    }
    return Promise.resolve(names.map((name) => name.slice(prefix.length)));
  }

  attach(vpcId: string, interfaceId: string, pid: number): Promise<void> {
    return this.#vpc(vpcId).attach(interfaceId, pid);
  }

  detach(vpcId: string, interfaceId: string): Promise<void> {
    return this.#vpc(vpcId).detach(interfaceId);
  }

  listAttached(vpcId: string): Promise<string[]> {
    return this.#vpc(vpcId).listAttached();
  }

  counters(vpcId: string, interfaceId: string): Promise<InterfaceCounters> {
    return this.#vpc(vpcId).counters(interfaceId);
  }

  openInstance(pid: number): Promise<void> {
    return openInstance(pid);
  }

  plug(instancePid: number, endpoint: BridgeEndpoint): Promise<void> {
    return plug(instancePid, endpoint, this.#options.mtu ?? 1500);
  }

  verifyInstance(pid: number, endpoints: readonly BridgeEndpoint[]): Promise<boolean> {
    return verifyInstance(pid, endpoints, this.#options.mtu ?? 1500);
  }

  unplug(instancePid: number, address: string): Promise<void> {
    return unplug(instancePid, address);
  }

  startFault(vpcId: string, interfaceId: string, fault: NetworkFault): Promise<void> {
    return this.#vpc(vpcId).taskFaults(interfaceId).start(fault);
  }

  stopFault(vpcId: string, interfaceId: string, fault: string): Promise<void> {
    return this.#vpc(vpcId).taskFaults(interfaceId).stop(fault);
  }

  faults(vpcId: string, interfaceId: string): Promise<RunningFaults> {
    return this.#vpc(vpcId).taskFaults(interfaceId).list();
  }

  async listenTcp(vpcId: string, address: string, port: number): Promise<Server> {
    return this.#listeners.tcp(vpcId, () => listenIn(this.#existing(vpcId), address, port));
  }

  async bindUdp(vpcId: string, address: string, port: number): Promise<Socket> {
    return this.#listeners.udp(vpcId, () => bindIn(this.#existing(vpcId), address, port));
  }

  async connectTcp(pid: number, host: string, port: number): Promise<Connection> {
    const path = `/proc/${pid}/ns/net`;
    const inode = netnsInode(path);
    if (inode === undefined) throw new DriverError('gone', `process ${pid} is no more`);
    const netns = new Netns(inode === netnsInode('/proc/self/ns/net') ? undefined : path);
    const found = lookUpAs(pid, host);
    return 'address' in found ? connectIn(netns, found.address, port) : connectIn(netns, host, port, found.nameServer);
  }

  namespaceOf(vpcId: string): string {
    return join(netnsDirectory, namespaceName(this.#options.installationId, vpcId));
  }

  async removeAll(): Promise<void> {
    for (const vpcId of await this.listVpcs()) await this.removeVpc(vpcId);
    await this.#host.remove();
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#timers) cancel();
    this.#listeners.close();
    return Promise.resolve();
  }

  /** Waits until a process is in a network namespace of its own: that of a pause container begins in the engine's. */
  async #apart(pid: number): Promise<void> {
    for (let waitedMs = 0; isInParentsNetwork(pid); waitedMs += apartPauseMs) {
      if (waitedMs >= apartTimeoutMs) {
        throw new DriverError('retryable', `process ${pid} has no network namespace of its own`);
      }
      await this.#options.clock.sleep(apartPauseMs);
    }
  }

  #vpc(vpcId: string): LinuxVpc {
    let vpc = this.#vpcs.get(vpcId);
    if (vpc === undefined) {
      const { mtu = 1500, log } = this.#options;
      vpc = new LinuxVpc(this.#host, vpcId, {
        mtu,
        log,
        onRemade: () => this.#listeners.reopen(vpcId),
        apart: (pid) => this.#apart(pid),
      });
      this.#vpcs.set(vpcId, vpc);
    }
    return vpc;
  }

  #existing(vpcId: string): Netns {
    if (netnsInode(this.namespaceOf(vpcId)) === undefined) {
      throw new DriverError('gone', `there is no network ${vpcId}`);
    }
    return this.#vpc(vpcId).netns;
  }

  #repeat(everyMs: number, work: () => Promise<void>): void {
    if (everyMs === 0 || this.#closed) return;
    const cancel = this.#options.clock.after(everyMs, () => {
      this.#timers.delete(cancel);
      void work().finally(() => this.#repeat(everyMs, work));
    });
    this.#timers.add(cancel);
  }

  async #glanceAtAll(): Promise<void> {
    for (const [vpcId, vpc] of this.#vpcs) {
      try {
        if (await vpc.stands()) continue;
        this.#options.log.warn('a network was changed behind our back and is mended', { vpcId });
        await vpc.verify();
      } catch (error) {
        this.#options.log.warn('a network could not be looked at', { vpcId, error });
      }
    }
  }

  async #verifyAll(): Promise<void> {
    if (this.#vpcs.size === 0) return;
    let host;
    try {
      host = await this.#host.ensure();
      await this.#host.tunnel.verify();
    } catch (error) {
      this.#options.log.warn("the host's part of the networks could not be verified", { error });
      return;
    }
    for (const [vpcId, vpc] of this.#vpcs) {
      try {
        await vpc.verify(host);
      } catch (error) {
        this.#options.log.warn('a network could not be verified', { vpcId, error });
      }
    }
  }
}
