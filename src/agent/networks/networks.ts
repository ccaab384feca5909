import type { Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { NetworkDriver } from '../../drivers/network/driver.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';

/** What listens in every VPC: closed when the VPC goes. */
export interface VpcListeners {
  /** Makes sure that they listen; called after every change of the VPC, whose state `spec` then is. */
  open(spec: VpcSpec): Promise<void>;
  /** Resolves once nothing of the VPC listens any more. */
  close(vpcId: string): Promise<void>;
}

export interface NetworksDeps {
  readonly network: NetworkDriver;
  readonly clock: Clock;
  readonly log: Log;
  readonly listeners: readonly VpcListeners[];
  /** A VPC is as it was told, or could not be made so. */
  readonly onApplied: (vpcId: string, error: string | undefined) => void;
}

interface Lane {
  wanted: VpcSpec | undefined;
  /** The work under way. */
  work: Promise<void> | undefined;
}

const firstRetryMs = 200;
const longestRetryMs = 10_000;

/**
 * Brings the VPCs of this machine to what they were last told: one change of a VPC at a time, the newest wins, a failure
 * that may pass is tried again.
 */
export class Networks {
  readonly #deps: NetworksDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #applied = new Map<string, VpcSpec>();
  /** What is being removed. */
  readonly #removals = new Map<string, Promise<void>>();
  /** Where interfaces hung when this process began, from the driver. */
  readonly #found = new Map<string, string>();
  #foundAll: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(deps: NetworksDeps) {
    this.#deps = deps;
  }

  /** The VPC of an interface, once that VPC stands. */
  vpcOf(interfaceId: string): string | undefined {
    for (const { vpcId, interfaces } of this.#applied.values()) {
      if (interfaces.some((each) => each.interfaceId === interfaceId)) return vpcId;
    }
    return this.#found.get(interfaceId);
  }

  /** Whether an interface hung on a task when this process began. */
  async wasAttached(interfaceId: string): Promise<boolean> {
    this.#foundAll ??= this.#find();
    await this.#foundAll;
    return this.#found.has(interfaceId);
  }

  /** Takes the wanted state of a VPC. */
  apply(spec: VpcSpec): void {
    const lane = this.#lanes.get(spec.vpcId) ?? { wanted: undefined, work: undefined };
    this.#lanes.set(spec.vpcId, lane);
    lane.wanted = spec;
    lane.work ??= this.#run(spec.vpcId, lane).finally(() => (lane.work = undefined));
  }

  /**
   * Removes every VPC of this installation that is not wanted. One may be wanted again meanwhile, where the last task on this machine
   * went and the next comes: then it stays, or is made anew once it is gone.
   */
  async keepOnly(isWanted: (vpcId: string) => boolean): Promise<void> {
    for (const vpcId of new Set([...this.#lanes.keys(), ...(await this.#deps.network.listVpcs())])) {
      if (isWanted(vpcId)) continue;
      const removal = this.#remove(vpcId);
      this.#removals.set(vpcId, removal);
      await removal;
      if (this.#removals.get(vpcId) === removal) this.#removals.delete(vpcId);
    }
  }

  async #remove(vpcId: string): Promise<void> {
    const lane = this.#lanes.get(vpcId);
    if (lane !== undefined) lane.wanted = undefined;
    this.#lanes.delete(vpcId);
    await lane?.work;
    this.#applied.delete(vpcId);
    await this.#closeListeners(vpcId);
    try {
      await this.#deps.network.removeVpc(vpcId);
    } catch (error) {
      this.#deps.log.warn('VPC not removed', { vpc: vpcId, error: messageOf(error) });
    }
  }

  /** Resolves once nothing that was wanted by now is under way. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(({ work }) => work ?? Promise.resolve()));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.settled();
    await Promise.all([...this.#lanes.keys()].map((vpcId) => this.#closeListeners(vpcId)));
  }

  async #closeListeners(vpcId: string): Promise<void> {
    await Promise.all(this.#deps.listeners.map((each) => each.close(vpcId)));
  }

  async #run(vpcId: string, lane: Lane): Promise<void> {
    const { network, clock, log, listeners, onApplied } = this.#deps;
    let retryMs = firstRetryMs;
    const removal = this.#removals.get(vpcId);
    if (removal !== undefined) await removal;
    while (lane.wanted !== undefined && !this.#stop.signal.aborted) {
      const spec = lane.wanted;
      lane.wanted = undefined;
      try {
        await network.applyVpc(spec);
        if (this.#lanes.get(vpcId) !== lane) break;
        this.#applied.set(vpcId, spec);
        for (const each of listeners) await each.open(spec);
        // It may have been taken away, or we closed, while the listeners were made.
        if (this.#lanes.get(vpcId) !== lane || this.#stop.signal.aborted) {
          await this.#closeListeners(vpcId);
          break;
        }
        onApplied(vpcId, undefined);
        retryMs = firstRetryMs;
      } catch (error) {
        log.warn('VPC not applied', { vpc: vpcId, error: messageOf(error) });
        onApplied(vpcId, messageOf(error));
        if (error instanceof DriverError && error.kind === 'fatal') continue;
        await clock.sleep(retryMs, this.#stop.signal).catch(() => {});
        retryMs = Math.min(longestRetryMs, retryMs * 2);
        // A newer state that came meanwhile is the one to try, and none if the VPC is gone.
        if (this.#lanes.get(vpcId) === lane) lane.wanted ??= spec;
      }
    }
  }

  async #find(): Promise<void> {
    const { network } = this.#deps;
    for (const vpcId of await network.listVpcs()) {
      for (const interfaceId of await network.listAttached(vpcId)) this.#found.set(interfaceId, vpcId);
    }
  }
}
