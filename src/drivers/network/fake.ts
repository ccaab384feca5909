import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type Server, type Socket as Connection } from 'node:net';
import { DriverError } from '../../base/errors.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { BridgeEndpoint, InterfaceCounters, NetworkDriver } from './driver.ts';
import { blackholeName, type NetworkFault, type RunningFaults } from './faults.ts';
import { tasksOf } from './internet.ts';
import { Listeners } from './listeners.ts';
import { judge, type Packet, type Verdict } from './policy.ts';

const packetBytes = 64;
const noCounters: InterfaceCounters = {
  rxBytes: 0,
  rxPackets: 0,
  rxErrors: 0,
  rxDropped: 0,
  txBytes: 0,
  txPackets: 0,
  txErrors: 0,
  txDropped: 0,
};

/**
 * Networks in memory: keeps what it was told and judges packets by the same rules. Its listeners are real, on free ports
 * of 127.0.0.1, so that whoever serves on them can be called.
 */
export class FakeNetworkDriver implements NetworkDriver {
  readonly #vpcs = new Map<string, { spec: VpcSpec; attached: Map<string, number> }>();
  /** By the process of an instance: its containers, by address. */
  readonly #instances = new Map<number, Map<string, BridgeEndpoint>>();
  readonly #listeners = new Listeners();
  readonly #counters = new Map<string, InterfaceCounters>();
  readonly #faults = new Map<string, Map<string, NetworkFault>>();
  /** The drivers of the other machines. */
  readonly others: FakeNetworkDriver[] = [];
  /** Whether this kernel knows how to delay and lose packets. */
  shapes = true;
  /** Thrown by the next `applyVpc`, once. */
  failNextApply: DriverError | undefined;

  applyVpc(spec: VpcSpec): Promise<void> {
    const failure = this.failNextApply;
    this.failNextApply = undefined;
    if (failure !== undefined) return Promise.reject(failure);
    const attached = this.#vpcs.get(spec.vpcId)?.attached ?? new Map<string, number>();
    const tasks = new Set(tasksOf(spec).map((each) => each.interfaceId));
    for (const interfaceId of attached.keys()) if (!tasks.has(interfaceId)) attached.delete(interfaceId);
    this.#vpcs.set(spec.vpcId, { spec, attached });
    return Promise.resolve();
  }

  verifyVpc(): Promise<void> {
    return Promise.resolve();
  }

  removeVpc(vpcId: string): Promise<void> {
    this.#listeners.close(vpcId);
    this.#vpcs.delete(vpcId);
    return Promise.resolve();
  }

  listVpcs(): Promise<string[]> {
    return Promise.resolve([...this.#vpcs.keys()]);
  }

  attach(vpcId: string, interfaceId: string, pid: number): Promise<void> {
    const vpc = this.#vpcs.get(vpcId);
    if (vpc === undefined || !tasksOf(vpc.spec).some((each) => each.interfaceId === interfaceId)) {
      return Promise.reject(new DriverError('gone', `${vpcId} has no interface ${interfaceId}`));
    }
    vpc.attached.set(interfaceId, pid);
    return Promise.resolve();
  }

  detach(vpcId: string, interfaceId: string): Promise<void> {
    this.#vpcs.get(vpcId)?.attached.delete(interfaceId);
    return Promise.resolve();
  }

  listAttached(vpcId: string): Promise<string[]> {
    return Promise.resolve([...(this.#vpcs.get(vpcId)?.attached.keys() ?? [])]);
  }

  counters(vpcId: string, interfaceId: string): Promise<InterfaceCounters> {
    if (this.pidOf(vpcId, interfaceId) === undefined) {
      return Promise.reject(new DriverError('gone', `${interfaceId} is not attached`));
    }
    return Promise.resolve(this.#counters.get(interfaceId) ?? noCounters);
  }

  openInstance(pid: number): Promise<void> {
    if (!this.#instances.has(pid)) this.#instances.set(pid, new Map());
    return Promise.resolve();
  }

  plug(instancePid: number, endpoint: BridgeEndpoint): Promise<void> {
    const instance = this.#instances.get(instancePid);
    if (instance === undefined) return Promise.reject(new DriverError('gone', `process ${instancePid} does not run`));
    instance.set(endpoint.address, endpoint);
    return Promise.resolve();
  }

  verifyInstance(pid: number, endpoints: readonly BridgeEndpoint[]): Promise<boolean> {
    const instance = this.#instances.get(pid) ?? new Map<string, BridgeEndpoint>();
    this.#instances.set(pid, instance);
    const lost = endpoints.filter(({ address }) => !instance.has(address));
    for (const endpoint of lost) instance.set(endpoint.address, endpoint);
    return Promise.resolve(lost.length > 0);
  }

  /** Takes an instance's inside away, as somebody might. */
  ruinInstance(pid: number): void {
    this.#instances.delete(pid);
  }

  unplug(instancePid: number, address: string): Promise<void> {
    this.#instances.get(instancePid)?.delete(address);
    return Promise.resolve();
  }

  /** The containers on an instance's bridge. */
  plugged(instancePid: number): BridgeEndpoint[] {
    return [...(this.#instances.get(instancePid)?.values() ?? [])];
  }

  async startFault(vpcId: string, interfaceId: string, fault: NetworkFault): Promise<void> {
    const running = this.#faultsOf(vpcId, interfaceId);
    if (fault.kind !== 'blackhole' && !this.shapes) throw new DriverError('fatal', 'the kernel cannot do it');
    running.set(fault.kind === 'blackhole' ? blackholeName(fault) : fault.kind, fault);
    return Promise.resolve();
  }

  async stopFault(vpcId: string, interfaceId: string, fault: string): Promise<void> {
    this.#faultsOf(vpcId, interfaceId).delete(fault);
    return Promise.resolve();
  }

  async faults(vpcId: string, interfaceId: string): Promise<RunningFaults> {
    const running = this.#faultsOf(vpcId, interfaceId);
    const shaping = (['latency', 'packet-loss'] as const).find((kind) => running.has(kind));
    const blackholes = [...running.keys()].filter((name) => name !== shaping);
    return Promise.resolve({ blackholes, ...(shaping === undefined ? {} : { shaping }) });
  }

  #faultsOf(vpcId: string, interfaceId: string): Map<string, NetworkFault> {
    if (this.pidOf(vpcId, interfaceId) === undefined) throw new DriverError('gone', `${interfaceId} is not attached`);
    let running = this.#faults.get(interfaceId);
    if (running === undefined) this.#faults.set(interfaceId, (running = new Map()));
    return running;
  }

  listenTcp(vpcId: string, _address: string, _port: number): Promise<Server> {
    return this.#listeners.tcp(vpcId, async () => {
      this.#known(vpcId);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const server = createServer().once('error', reject).listen(0, '127.0.0.1', resolve);
      await promise;
      return server;
    });
  }

  bindUdp(vpcId: string): Promise<Socket> {
    return this.#listeners.udp(vpcId, async () => {
      this.#known(vpcId);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const socket = createSocket('udp4').once('error', reject).bind(0, '127.0.0.1', resolve);
      await promise;
      return socket;
    });
  }

  connectTcp(_pid: number, host: string, port: number): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const socket = connect({ host, port }, () => resolve(socket)).pause();
    socket.once('error', (error) => reject(new DriverError('retryable', error.message)));
    return promise;
  }

  namespaceOf(vpcId: string): string {
    return `/run/netns/fake-${vpcId}`;
  }

  removeAll(): Promise<void> {
    this.#vpcs.clear();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#listeners.close();
    return Promise.resolve();
  }

  /** The spec last applied. */
  specOf(vpcId: string): VpcSpec | undefined {
    return this.#vpcs.get(vpcId)?.spec;
  }

  /** The process an interface is attached to. */
  pidOf(vpcId: string, interfaceId: string): number | undefined {
    return this.#vpcs.get(vpcId)?.attached.get(interfaceId);
  }

  /** What becomes of a packet as things are now; one that passes is counted. */
  judge(packet: Packet): Verdict {
    const specs = this.#specs();
    const everywhere = [...specs, ...this.others.flatMap((other) => other.#specs())];
    const verdict = this.#dropped(specs, packet) ?? judge(everywhere, packet);
    if (verdict.passes) this.#count(specs, packet);
    return verdict;
  }

  #specs(): VpcSpec[] {
    return Array.from(this.#vpcs.values(), ({ spec }) => spec);
  }

  /** Whether an injury of the sender or the receiver drops a packet. */
  #dropped(specs: readonly VpcSpec[], { from, to, protocol, port }: Packet): Verdict | undefined {
    const drops = (interfaceId: string, direction: 'ingress' | 'egress', other: string): boolean =>
      [...(this.#faults.get(interfaceId)?.values() ?? [])].some(
        (fault) =>
          fault.kind === 'blackhole' &&
          fault.direction === direction &&
          fault.protocol === protocol &&
          fault.port === port &&
          !fault.spared.includes(other),
      );
    const sender = 'outside' in from ? from.outside : from.address;
    for (const { vpcId, interfaces } of specs) {
      for (const { interfaceId, privateIp } of interfaces) {
        const sends = !('outside' in from) && from.vpcId === vpcId && from.address === privateIp;
        if (sends && drops(interfaceId, 'egress', to)) return { passes: false, because: 'an injury of the sender' };
        if (to === privateIp && drops(interfaceId, 'ingress', sender)) {
          return { passes: false, because: 'an injury of the receiver' };
        }
      }
    }
    return undefined;
  }

  /** An answer follows each packet, so that both ends send and receive. */
  #count(specs: readonly VpcSpec[], { from, to }: Packet): void {
    for (const { vpcId, interfaces } of specs) {
      for (const { interfaceId, privateIp, publicIp } of interfaces) {
        const sends = !('outside' in from) && from.vpcId === vpcId && from.address === privateIp;
        if (!sends && to !== privateIp && to !== publicIp) continue;
        const before = this.#counters.get(interfaceId) ?? noCounters;
        this.#counters.set(interfaceId, {
          ...before,
          rxBytes: before.rxBytes + packetBytes,
          rxPackets: before.rxPackets + 1,
          txBytes: before.txBytes + packetBytes,
          txPackets: before.txPackets + 1,
        });
      }
    }
  }

  #known(vpcId: string): void {
    if (!this.#vpcs.has(vpcId)) throw new DriverError('gone', `there is no network ${vpcId}`);
  }
}
