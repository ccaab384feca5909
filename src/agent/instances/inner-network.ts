import { addressText } from '../../base/ipv4.ts';
import { DriverError } from '../../base/errors.ts';
import type { BridgeEndpoint, NetworkDriver } from '../../drivers/network/driver.ts';
import type { PayloadContainer } from '../../wire/acs.ts';
import type { ContainerStateChange } from '../../wire/submit.ts';

export type Binding = NonNullable<ContainerStateChange['networkBindings']>[number];

/** What a container in bridge mode was given on its instance. */
export interface Lease {
  readonly address: string;
  readonly bindings: readonly Binding[];
}

/** The container whose network namespace is the instance's. */
export interface InstanceSandbox {
  readonly containerId: string;
  readonly pid: number;
}

/** The ports that agents choose from ("hostPort", PortMapping, ECS API Reference: the kernel's own range). */
const firstDynamic = 32_768;
const lastDynamic = 60_999;
/** The agent's own, and SSH's: never given away. */
const reserved: ReadonlySet<number> = new Set([22, 2375, 2376, 51_678, 51_679, 51_680]);
/** 172.17.0.2; the first is the bridge's. */
const firstAddress = 0xac_11_00_02;
const addresses = 65_533;

/**
 * The network inside an instance: gives containers in bridge mode their address and host ports, each to one at a time. A
 * lease is held until it is released; what was leased before a restart is told by `restore`.
 */
export class InnerNetwork {
  readonly #network: NetworkDriver;
  readonly sandbox: InstanceSandbox;
  readonly #leases = new Map<string, Lease>();
  /** The processes that hang on the bridge, by address. */
  readonly #plugged = new Map<string, BridgeEndpoint>();
  /** What is being plugged or unplugged now. Looking after them waits for it, and it for that. */
  readonly #changing = new Set<Promise<void>>();
  #looking: Promise<boolean> | undefined;
  #nextAddress = 0;
  #nextPort = 0;

  constructor(network: NetworkDriver, sandbox: InstanceSandbox) {
    this.#network = network;
    this.sandbox = sandbox;
  }

  /** The lease of a container (`key` names it), made now unless it has one. Throws `retryable` while another has a port that it names. */
  lease(key: string, portMappings: PayloadContainer['portMappings']): Lease {
    const known = this.#leases.get(key);
    if (known !== undefined) return known;
    const used = this.#portsInUse();
    const bindings: Binding[] = [];
    for (const mapping of portMappings) {
      const binding = this.#bind(mapping, used);
      for (const port of portsOf(binding)) used.add(`${binding.protocol} ${port}`);
      bindings.push(binding);
    }
    const lease = { address: this.#freeAddress(), bindings };
    this.#leases.set(key, lease);
    return lease;
  }

  /** Notes a lease that was given before this process began, and the process that hangs on the bridge with it, if one does. */
  restore(key: string, lease: Lease, pid?: number): void {
    this.#leases.set(key, lease);
    if (pid !== undefined) this.#plugged.set(lease.address, endpointOf(lease, pid));
  }

  release(key: string): void {
    this.#leases.delete(key);
  }

  plug(lease: Lease, pid: number): Promise<void> {
    return this.#change(async () => {
      const endpoint = endpointOf(lease, pid);
      await this.#network.plug(this.sandbox.pid, endpoint);
      this.#plugged.set(lease.address, endpoint);
    });
  }

  unplug({ address }: Lease): Promise<void> {
    return this.#change(async () => {
      this.#plugged.delete(address);
      await this.#network.unplug(this.sandbox.pid, address);
    });
  }

  /** Mends what somebody took away; answers whether a container had lost anything. */
  verify(): Promise<boolean> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<boolean> {
    // A failure of theirs is told to who asked for it.
    await Promise.allSettled(this.#changing);
    return this.#network.verifyInstance(this.sandbox.pid, [...this.#plugged.values()]);
  }

  async #change(work: () => Promise<void>): Promise<void> {
    while (this.#looking !== undefined) await this.#looking.catch(() => false);
    const change = work();
    this.#changing.add(change);
    try {
      await change;
    } finally {
      this.#changing.delete(change);
    }
  }

  #portsInUse(): Set<string> {
    const used = new Set<string>();
    for (const { bindings } of this.#leases.values()) {
      for (const binding of bindings) for (const port of portsOf(binding)) used.add(`${binding.protocol} ${port}`);
    }
    return used;
  }

  #bind(mapping: PayloadContainer['portMappings'][number], used: ReadonlySet<string>): Binding {
    const { protocol, containerPortRange, containerPort, hostPort } = mapping;
    const base = { bindIP: '0.0.0.0', protocol };
    if (containerPortRange !== undefined) {
      const [from = 0, to = from] = containerPortRange.split('-').map(Number);
      const first = this.#freePorts(protocol, to - from + 1, used);
      return { ...base, containerPortRange, hostPortRange: `${first}-${first + to - from}` };
    }
    if (hostPort === 0) return { ...base, containerPort, hostPort: this.#freePorts(protocol, 1, used) };
    if (used.has(`${protocol} ${hostPort}`)) {
      // Of a task that is ending, or the control plane would not have placed this one here.
      throw new DriverError('retryable', `Bind for 0.0.0.0:${hostPort} failed: port is already allocated`);
    }
    return { ...base, containerPort, hostPort };
  }

  /** The first of `count` free ports in a row, after those that were given last. */
  #freePorts(protocol: string, count: number, used: ReadonlySet<string>): number {
    const size = lastDynamic - firstDynamic + 1;
    for (let tried = 0; tried < size; tried += 1) {
      const offset = (this.#nextPort + tried) % size;
      const first = firstDynamic + offset;
      const run = Array.from({ length: count }, (_, index) => first + index);
      if (run.some((port) => port > lastDynamic || reserved.has(port) || used.has(`${protocol} ${port}`))) continue;
      this.#nextPort = (offset + count) % size;
      return first;
    }
    throw new DriverError('retryable', `There are no ${count} free host ports in a row`);
  }

  #freeAddress(): string {
    const used = new Set(Array.from(this.#leases.values(), ({ address }) => address));
    for (let tried = 0; tried < addresses; tried += 1) {
      const offset = (this.#nextAddress + tried) % addresses;
      const address = addressText(firstAddress + offset);
      if (used.has(address)) continue;
      this.#nextAddress = (offset + 1) % addresses;
      return address;
    }
    throw new DriverError('retryable', 'The bridge has no free address');
  }
}

function endpointOf({ address, bindings }: Lease, pid: number): BridgeEndpoint {
  return { address, pid, ports: bindings.flatMap(pairsOf) };
}

function portsOf(binding: Binding): number[] {
  return pairsOf(binding).map(({ hostPort }) => hostPort);
}

function pairsOf({ protocol = 'tcp', ...binding }: Binding): BridgeEndpoint['ports'][number][] {
  const { hostPort, containerPort, hostPortRange, containerPortRange } = binding;
  if (hostPort !== undefined && containerPort !== undefined) return [{ protocol, hostPort, containerPort }];
  const [first = 0, last = first] = (containerPortRange ?? '').split('-').map(Number);
  const [host = 0] = (hostPortRange ?? '').split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    protocol,
    hostPort: host + index,
    containerPort: first + index,
  }));
}
