import type { Clock } from '../../base/clock.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { InterfaceCounters, NetworkDriver } from '../../drivers/network/driver.ts';
import type { TaskView } from '../tasks/view.ts';
import type { Found } from './lookup.ts';

/** A container's use at one moment. */
interface Sample {
  /** Epoch milliseconds, by the engine's clock. */
  readonly at: number;
  /** The engine's document. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Of the interface of its task, where that has one of its own: the engine does not know it. */
  readonly network?: InterfaceCounters;
}

/** Two moments, between which rates are measured. */
interface Held {
  readonly before: Sample;
  readonly last: Sample;
}

/** What a container used: the engine's document, and what passed its network a second. */
export interface ContainerUse {
  readonly docker: Readonly<Record<string, unknown>>;
  readonly networkRate?: { readonly rx_bytes_per_sec: number; readonly tx_bytes_per_sec: number };
}

/** How long a sample is good for, and how far the first two of a container are apart. */
const sampleMs = 1_000;
/** After so long without being asked, a container begins anew: a rate over hours says nothing. */
const forgetMs = 60_000;

/** The name by which a task knows its interface. */
const deviceName = 'eth0';

/**
 * What containers use, for those who ask: nothing is measured that nobody wants to know. Whoever asks again is told what
 * happened since the question before; asked more often than once a second, the same is answered.
 */
export class Stats {
  readonly #docker: DockerDriver;
  readonly #network: NetworkDriver;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #sampling = new Map<string, Promise<Held>>();

  constructor(deps: { docker: DockerDriver; network: NetworkDriver; clock: Clock }) {
    this.#docker = deps.docker;
    this.#network = deps.network;
    this.#clock = deps.clock;
  }

  /** Throws a `DriverError` when the engine does not know. */
  async of({ task, container }: Found): Promise<ContainerUse> {
    const { id } = container;
    const held = this.#held.get(id);
    if (held !== undefined && this.#clock.now() - held.last.at < sampleMs) return useOf(held);
    let sampling = this.#sampling.get(id);
    if (sampling === undefined) {
      sampling = this.#next(task, id, held).finally(() => this.#sampling.delete(id));
      this.#sampling.set(id, sampling);
    }
    return useOf(await sampling);
  }

  async #next(task: TaskView, id: string, held: Held | undefined): Promise<Held> {
    const now = this.#clock.now();
    for (const [other, { last }] of this.#held) if (now - last.at > forgetMs) this.#held.delete(other);
    let before = this.#held.has(id) ? held?.last : undefined;
    if (before === undefined) {
      before = await this.#sample(task, id);
      await this.#clock.sleep(sampleMs);
    }
    const next = { before, last: await this.#sample(task, id) };
    this.#held.set(id, next);
    return next;
  }

  async #sample(task: TaskView, id: string): Promise<Sample> {
    const interfaceId = task.payload.elasticNetworkInterfaces[0]?.ec2Id;
    const counting =
      interfaceId === undefined || task.vpcId === undefined
        ? undefined
        : this.#network.counters(task.vpcId, interfaceId).catch(() => undefined);
    const { at, raw } = await this.#docker.stats(id);
    const network = await counting;
    return { at, raw, ...(network === undefined ? {} : { network }) };
  }
}

/** The later document, completed with the earlier one's counters, by which readers compute shares. */
function useOf({ before, last }: Held): ContainerUse {
  const seconds = (last.at - before.at) / 1000;
  const rate =
    last.network === undefined || before.network === undefined || seconds <= 0
      ? undefined
      : {
          rx_bytes_per_sec: (last.network.rxBytes - before.network.rxBytes) / seconds,
          tx_bytes_per_sec: (last.network.txBytes - before.network.txBytes) / seconds,
        };
  return {
    docker: {
      ...last.raw,
      preread: before.raw['read'],
      precpu_stats: before.raw['cpu_stats'],
      ...(last.network === undefined ? {} : { networks: { [deviceName]: dockerNetwork(last.network) } }),
    },
    ...(rate === undefined ? {} : { networkRate: rate }),
  };
}

/** Counters as the engine's documents have them ("ContainerStats", Docker Engine API). */
function dockerNetwork(counters: InterfaceCounters): Record<string, number> {
  return {
    rx_bytes: counters.rxBytes,
    rx_packets: counters.rxPackets,
    rx_errors: counters.rxErrors,
    rx_dropped: counters.rxDropped,
    tx_bytes: counters.txBytes,
    tx_packets: counters.txPackets,
    tx_errors: counters.txErrors,
    tx_dropped: counters.txDropped,
  };
}
