import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { InterfaceSpec, VpcSpec } from '../../wire/network-spec.ts';
import type { innerParts, World } from './conformance.ts';
import { LinuxNetworkDriver } from './linux.ts';
import { Netns } from './netns.ts';
import type { Packet } from './policy.ts';
import { twoMachines } from './spec-for-tests.ts';

/** The address of a machine out in the world, and of the host towards it. */
export const worldAddress = '198.51.100.7';
const hostTowardsWorld = '198.51.100.1';

/** How a firewall of the host's begins: as Docker leaves it, as ufw does, or without any. */
export type Firewall = 'docker' | 'drop' | 'none';

/**
 * A host in a network namespace of its own, with a neighbour out in the world: real networks are made on it, and real
 * packets sent, without the machine's own namespace taking part.
 */
export class LinuxWorld implements World {
  readonly installationId = systemIds.hex(8);
  readonly publicPool: string;
  readonly host: Netns;
  driver: LinuxNetworkDriver;
  readonly #world: Netns;
  readonly #name: string;
  readonly #owner: boolean;
  /** The world beyond is another's. */
  readonly #shares: boolean;
  readonly #probers = new Map<string, Prober>();
  readonly #pids = new Map<string, ChildProcess>();
  readonly #specs = new Map<string, VpcSpec>();
  readonly #listening = new Map<string, Promise<unknown>>();

  private constructor(name: string, owner: boolean, pool = '100.127.64.0/20', beyond?: Netns) {
    this.#name = name;
    this.#owner = owner;
    this.publicPool = pool;
    this.host = new Netns(`/run/netns/${name}-host`);
    this.#world = beyond ?? new Netns(`/run/netns/${name}-world`);
    this.#shares = beyond !== undefined;
    this.driver = this.restarted();
  }

  static async make(firewall: Firewall = 'docker'): Promise<LinuxWorld> {
    const name = `stwnet${systemIds.hex(8)}`;
    await runCommand('ip', ['netns', 'add', `${name}-host`]);
    await runCommand('ip', ['netns', 'add', `${name}-world`]);
    const world = new LinuxWorld(name, true);
    await world.host.ip([
      'link set lo up',
      `link add eth0 type veth peer name eth0 netns ${name}-world`,
      `address add ${hostTowardsWorld}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${worldAddress}`,
    ]);
    await world.#world.ip(['link set lo up', `address add ${worldAddress}/24 dev eth0`, 'link set eth0 up']);
    if (firewall !== 'none') await world.host.run('iptables', '-P', 'FORWARD', 'DROP');
    if (firewall === 'docker') {
      await world.host.run('iptables', '-N', 'DOCKER-USER');
      await world.host.run('iptables', '-A', 'DOCKER-USER', '-j', 'RETURN');
      await world.host.run('iptables', '-A', 'FORWARD', '-j', 'DOCKER-USER');
    }
    return world;
  }

  /**
   * Another machine of the installation, in another network behind the same neighbour, which both hosts now have a second
   * address of: the one of `twoMachines`.
   */
  static async besides(first: LinuxWorld): Promise<LinuxWorld> {
    const name = first.#name;
    await runCommand('ip', ['netns', 'add', `${name}-b-host`]);
    const second = new LinuxWorld(`${name}-b`, true, first.publicPool, first.#world);
    await second.host.ip([
      'link set lo up',
      `link add eth0 type veth peer name eth1 netns ${name}-world`,
      `address add ${twoMachines.b.underlay}/24 dev eth0`,
      'link set eth0 up',
      'route add default via 203.0.114.7',
    ]);
    await first.host.ip([`address add ${twoMachines.a.underlay}/24 dev eth0`]);
    await first.#world.ip([
      'address add 203.0.113.7/24 dev eth0',
      'address add 203.0.114.7/24 dev eth1',
      'link set eth1 up',
    ]);
    await first.#world.script('echo 1 > /proc/sys/net/ipv4/ip_forward');
    await first.host.ip([`route replace default via 203.0.113.7 src ${twoMachines.a.underlay}`]);
    return second;
  }

  /** Another installation on the same host. */
  another(): LinuxWorld {
    return new LinuxWorld(this.#name, false, '100.127.80.0/20');
  }

  /** A driver that knows nothing of what an earlier process did. */
  restarted(): LinuxNetworkDriver {
    return new LinuxNetworkDriver({
      installationId: this.installationId,
      publicPool: this.publicPool,
      clock: systemClock,
      log: silentLog,
      verifyEveryMs: 0,
      hostNamespace: this.host.path ?? '',
    });
  }

  /** Notes where addresses are. */
  knows(spec: VpcSpec): void {
    this.#specs.set(spec.vpcId, spec);
  }

  async apply(spec: VpcSpec): Promise<void> {
    this.knows(spec);
    await this.driver.applyVpc(spec);
    for (const each of spec.interfaces) {
      if (each.kind === 'task' && each.machine === undefined)
        await this.driver.attach(spec.vpcId, each.interfaceId, await this.pidOf(spec.vpcId, each));
    }
  }

  async reach(packet: Packet, patienceMs: number): Promise<string | undefined> {
    if (packet.protocol !== 'icmp') await this.serve(packet);
    return this.send(packet, patienceMs);
  }

  /** Sends a packet from its sender, who is on this machine, to whoever serves. */
  async send(packet: Packet, patienceMs: number, size?: number): Promise<string | undefined> {
    const { to, protocol, port } = packet;
    const from = 'outside' in packet.from ? undefined : packet.from.address;
    const sender =
      'outside' in packet.from
        ? await this.#prober('host', this.host)
        : await this.#at(packet.from.vpcId, packet.from.address);
    if (protocol === 'icmp') return this.#ping(sender, packet, patienceMs);
    const answer = await sender.ask('connect', { protocol, from, address: to, port, patienceMs, size });
    return answer as string | undefined;
  }

  async container(port: number): Promise<number> {
    const key = `container ${this.#pids.size}`;
    const pid = await this.#process(key);
    const prober = await this.#prober(key, new Netns(`/proc/${pid}/ns/net`));
    const done = await prober.ask('listen', { protocol: 'tcp', address: '0.0.0.0', port });
    if (done !== true) throw new Error(`${key}: ${String(done)}`);
    return pid;
  }

  /** Sends a packet without serving where it goes. */
  async knock({ from, to, protocol, port }: Packet, patienceMs: number): Promise<string | undefined> {
    if ('outside' in from) throw new Error('only from inside a VPC');
    const sender = await this.#at(from.vpcId, from.address);
    const answer = await sender.ask('connect', { protocol, from: from.address, address: to, port, patienceMs });
    return answer as string | undefined;
  }

  async ruin(instancePid: number, part: (typeof innerParts)[number]): Promise<void> {
    const scripts = {
      table: 'nft delete table ip stowage',
      ruleset: 'nft flush ruleset',
      bridge: 'ip link delete docker0',
      cable: 'ip link delete bac110002',
    };
    await new Netns(`/proc/${instancePid}/ns/net`).script(scripts[part]);
  }

  /** A prober in the namespace that holds an address of a VPC. */
  async prober(vpcId: string, address: string): Promise<Prober> {
    return this.#at(vpcId, address);
  }

  /** Serves where a packet goes: everywhere on this machine it could. */
  async serve({ to, protocol, port }: Packet): Promise<void> {
    if (to === worldAddress && !this.#shares)
      await this.#listen('world', await this.#prober('world', this.#world), protocol, to, port);
    for (const { vpcId, interfaces, natGateways } of this.#specs.values()) {
      for (const { privateIp, publicIp, machine } of interfaces) {
        if ((to !== privateIp && to !== publicIp) || machine !== undefined) continue;
        if (natGateways.some((each) => each.privateIp === privateIp)) continue;
        await this.#listen(`${vpcId} ${privateIp}`, await this.#at(vpcId, privateIp), protocol, privateIp, port);
      }
    }
  }

  async #listen(where: string, prober: Prober, protocol: string, address: string, port: number): Promise<void> {
    const key = `${where} ${protocol} ${port}`;
    let listening = this.#listening.get(key);
    if (listening === undefined) {
      listening = prober.ask('listen', { protocol, address, port });
      this.#listening.set(key, listening);
    }
    const done = await listening;
    if (done !== true) throw new Error(`${key}: ${String(done)}`);
  }

  async #ping(sender: Prober, { from, to, port }: Packet, patienceMs: number): Promise<string | undefined> {
    if (port !== 8) throw new Error('only echo requests can be sent');
    const source = 'outside' in from ? [] : ['-I', from.address];
    const seconds = String(Math.ceil(patienceMs / 1000));
    try {
      await sender.netns.run('/bin/busybox', 'ping', '-c', '1', '-W', seconds, ...source, to);
      return '';
    } catch {
      return undefined;
    }
  }

  async #at(vpcId: string, address: string): Promise<Prober> {
    const each = this.#specs.get(vpcId)?.interfaces.find(({ privateIp }) => privateIp === address);
    if (each === undefined) throw new Error(`${address} is no address of ${vpcId}`);
    if (each.kind === 'router') return this.#prober(`router ${vpcId}`, new Netns(this.driver.namespaceOf(vpcId)));
    const pid = await this.pidOf(vpcId, each);
    return this.#prober(`${vpcId} ${each.interfaceId}`, new Netns(`/proc/${pid}/ns/net`));
  }

  /** The process that an interface is for: one that sleeps in a network namespace of its own. */
  pidOf(vpcId: string, of: InterfaceSpec | string): Promise<number> {
    return this.#process(`${vpcId} ${typeof of === 'string' ? of : of.interfaceId}`);
  }

  async #process(key: string): Promise<number> {
    let child = this.#pids.get(key);
    if (child === undefined) {
      child = spawn('unshare', ['-n', 'sh', '-c', 'echo; exec sleep 900'], { stdio: ['ignore', 'pipe', 'ignore'] });
      this.#pids.set(key, child);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      child.stdout?.once('data', () => resolve());
      child.once('exit', () => reject(new Error('unshare failed')));
      await promise;
    }
    return child.pid ?? 0;
  }

  async #prober(key: string, netns: Netns): Promise<Prober> {
    let prober = this.#probers.get(key);
    if (prober === undefined) {
      prober = new Prober(netns);
      this.#probers.set(key, prober);
    }
    await prober.ready;
    return prober;
  }

  /** Serves on a port of the host, on all its addresses. */
  async listenOnHost(port: number): Promise<void> {
    await this.#listen('host', await this.#prober('host', this.host), 'tcp', '0.0.0.0', port);
  }

  /** Lets another process apply `spec` and attach its tasks, and kills it after a while. */
  async killedWhile(spec: VpcSpec, pids: Record<string, number>, afterMs: number): Promise<void> {
    const program = join(import.meta.dirname, 'apply-for-tests.ts');
    const input = {
      spec,
      pids,
      installationId: this.installationId,
      publicPool: this.publicPool,
      host: this.host.path,
    };
    const child = spawn(process.execPath, [program, JSON.stringify(input)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdout.once('data', () => systemClock.after(afterMs, () => child.kill('SIGKILL')));
    await ended;
  }

  /** Forgets what listens in a VPC's namespace, which is gone. */
  forgetRouter(vpcId: string): void {
    this.#probers.get(`router ${vpcId}`)?.end();
    this.#probers.delete(`router ${vpcId}`);
    for (const each of this.#specs.get(vpcId)?.interfaces ?? []) {
      if (each.kind !== 'router') continue;
      for (const key of this.#listening.keys())
        if (key.startsWith(`${vpcId} ${each.privateIp} `)) this.#listening.delete(key);
    }
  }

  async dispose(): Promise<void> {
    for (const prober of this.#probers.values()) prober.end();
    for (const child of this.#pids.values()) child.kill('SIGKILL');
    await this.driver.removeAll();
    await this.driver.close();
    if (!this.#owner) return;
    for (const end of this.#shares ? ['host'] : ['host', 'world'])
      await runCommand('ip', ['netns', 'delete', `${this.#name}-${end}`]);
  }
}

/** A process inside a namespace that connects and listens as told. */
export class Prober {
  readonly netns: Netns;
  readonly ready: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #next = 1;

  constructor(netns: Netns) {
    this.netns = netns;
    const [program, args] = netns.command(process.execPath, [join(import.meta.dirname, 'prober-for-tests.mjs')]);
    this.#child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ready = new Promise((resolve) => this.#waiting.set(0, resolve));
    this.#child.on('message', ({ id, result }: { id: number; result?: unknown }) => {
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  ask(what: 'listen' | 'connect' | 'hold' | 'say', details: Record<string, unknown>): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, what, details });
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
