import type { Cancel, Clock } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { ContainerEvent, ContainerSpec, ContainerState, DockerDriver } from '../../drivers/docker/driver.ts';
import type { InterfaceNames, PayloadTask } from '../../wire/acs.ts';
import type { UpcomingInterfaces } from '../../wire/messages.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { ensurePauseImage } from '../pause/image.ts';
import { pauseShape } from '../pause/shape.ts';
import { pauseSpec } from '../tasks/container-spec.ts';
import { labels, pauseName } from '../tasks/names.ts';
import { labelText, parseLabel, placeOf, shapeOf, type SandboxLabel } from './label.ts';
import { memoryMs, planSandboxes, type SubnetDemand } from './plan.ts';

export interface SandboxesDeps {
  readonly docker: DockerDriver;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly installationId: string;
  /** The machine's architecture, as Node names it: the pause program's. */
  readonly arch: string;
  /** How many may wait for a task at most; 0 for none. */
  readonly most: number;
  /** Whether a task is being started. */
  readonly busy: () => boolean;
  /** The interfaces of the tasks that this agent runs: not all in a VPC are. */
  readonly inUse: () => ReadonlySet<string>;
}

/** A running pause container for a task. */
export interface Sandbox {
  readonly id: string;
  readonly pid: number;
}

interface Free extends Sandbox {
  readonly label: SandboxLabel;
  unwantedSince: number | undefined;
}

/** How long an engine is left alone that made none. */
const retryMs = 30_000;
/** How many containers that are gone are remembered, so that a listing asked for earlier does not bring them back. */
const maxGone = 2_000;
/** How many starts of a subnet are remembered. */
const maxBegins = 500;

/**
 * Pause containers made ahead of their tasks. A task whose interface was announced finds one that was made for that very
 * address, and so with the hostname, hosts file and resolver it would give its own: docs/decisions/0008 says why. Nothing of
 * this is kept: which container is whose follows from its label, the task's address and the containers that joined it.
 */
export class Sandboxes {
  readonly #deps: SandboxesDeps;
  readonly #vpcs = new Map<string, { readonly vpc: VpcSpec; readonly upcoming: readonly UpcomingInterfaces[] }>();
  readonly #free = new Map<string, Free>();
  /** The tasks of those that were taken, by container id. */
  readonly #owners = new Map<string, string>();
  readonly #gone = new Set<string>();
  /** When tasks began lately, by subnet. */
  readonly #begins = new Map<string, number[]>();
  /** The nonce of the one that is being made. */
  #making: string | undefined;
  #work: Promise<void> | undefined;
  #quietSince: number | undefined;
  #failedUntil = 0;
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(deps: SandboxesDeps) {
    this.#deps = deps;
    this.#quietSince = deps.clock.now();
  }

  /** Takes what a VPC holds and will hold. */
  told(vpc: VpcSpec, upcoming: readonly UpcomingInterfaces[]): void {
    this.#vpcs.set(vpc.vpcId, { vpc, upcoming });
    this.#advance();
  }

  /** Forgets every other VPC. */
  keepOnly(vpcIds: readonly string[]): void {
    const keep = new Set(vpcIds);
    for (const vpcId of this.#vpcs.keys()) if (!keep.has(vpcId)) this.#vpcs.delete(vpcId);
    this.#advance();
  }

  /** Gives a task that begins the sandbox that was made for it, if there is one: from now on it is the task's. */
  claim(task: PayloadTask): Sandbox | undefined {
    const place = this.#placeOf(task);
    if (place === undefined) return undefined;
    this.#noteBegin(place.subnetId);
    const shape = shapeOf(pauseSpec(this.#deps.installationId, task));
    const found = [...this.#free.values()].find(({ label }) => label.place === place.place && label.shape === shape);
    if (found === undefined) return undefined;
    this.#free.delete(found.id);
    this.#owners.set(found.id, task.arn);
    this.#advance();
    return { id: found.id, pid: found.pid };
  }

  /** The ids that a listing asked for now must name. */
  knownIds(): ReadonlySet<string> {
    return new Set(this.#free.keys());
  }

  /**
   * Takes over a listing; `known` is what `knownIds` answered before it was asked for. Answers the containers of tasks: those
   * of them that were sandboxes carry the label of their task, as if they had been made for it.
   */
  observe(states: readonly ContainerState[], known: ReadonlySet<string>): ContainerState[] {
    const users = new Map(
      states.flatMap(({ labels: { [labels.pause]: pause, [labels.task]: task } }) =>
        pause === undefined || task === undefined ? [] : [[pause, task] as const],
      ),
    );
    const listed = new Set<string>();
    const ofTasks = states.flatMap((state): ContainerState[] => {
      const label = parseLabel(state.labels[labels.sandbox]);
      if (label === undefined) return [state];
      listed.add(state.id);
      // One that two tasks name belongs to the one that has it.
      const owner = this.#owners.get(state.id) ?? users.get(state.id);
      if (owner === undefined) {
        this.#adopt(state, label);
        return [];
      }
      this.#free.delete(state.id);
      this.#owners.set(state.id, owner);
      return [withOwner(state, owner)];
    });
    for (const id of known) if (!listed.has(id)) this.#free.delete(id);
    this.#advance();
    return ofTasks;
  }

  /** Takes over an event: answers it as one of a task, or `undefined` when it is of no task, or `unknown` when we did not make it. */
  event(event: ContainerEvent): ContainerEvent | undefined | 'unknown' {
    const label = parseLabel(event.labels[labels.sandbox]);
    if (label === undefined) return event;
    const { containerId: id, action } = event;
    const owner = this.#owners.get(id);
    if (action === 'destroy') this.#forget(id);
    if (owner !== undefined) return withOwner(event, owner);
    if (action === 'die' && this.#free.delete(id)) void this.#discard(id);
    this.#advance();
    const ours = this.#free.has(id) || this.#gone.has(id) || this.#making === label.nonce;
    return ours ? undefined : 'unknown';
  }

  /** To be called when a task has begun, or an engine answers again. */
  wake(): void {
    this.#failedUntil = 0;
    this.#advance();
  }

  /** Ends all activity; resolves once none is being made any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    await this.#work;
  }

  /** Where the interface of a task is, as its VPC was last told. */
  #placeOf(task: PayloadTask): { readonly place: string; readonly subnetId: string } | undefined {
    const eni = task.elasticNetworkInterfaces[0];
    if (eni === undefined) return undefined;
    for (const { vpc } of this.#vpcs.values()) {
      const found = vpc.interfaces.find(({ interfaceId }) => interfaceId === eni.ec2Id);
      if (found !== undefined) return { place: placeOf(vpc.vpcId, found.privateIp), subnetId: found.subnetId };
    }
    return undefined;
  }

  #noteBegin(subnetId: string): void {
    const now = this.#deps.clock.now();
    const before = this.#begins.get(subnetId) ?? [];
    this.#begins.set(subnetId, [...before.filter((at) => at > now - memoryMs), now].slice(-maxBegins));
  }

  /** Takes over one that nobody has and that this process did not make: a running one serves, any other is removed. */
  #adopt(state: ContainerState, label: SandboxLabel): void {
    const { id, pid, status, name } = state;
    if (this.#free.has(id) || this.#gone.has(id) || label.nonce === this.#making) return;
    if (status === 'running' && name === this.#nameOf(label.nonce)) {
      this.#free.set(id, { id, pid, label, unwantedSince: undefined });
    } else void this.#discard(id);
  }

  #nameOf(nonce: string): string {
    return `stowage-${this.#deps.installationId}-sandbox-${nonce}`;
  }

  #forget(id: string): void {
    this.#free.delete(id);
    this.#owners.delete(id);
    this.#gone.add(id);
    const oldest = this.#gone.values().next();
    if (this.#gone.size > maxGone && oldest.done !== true) this.#gone.delete(oldest.value);
  }

  /** Does one thing after another until nothing is to be done now. */
  #advance(): void {
    if (this.#closed) return;
    this.#work ??= this.#run().finally(() => (this.#work = undefined));
  }

  async #run(): Promise<void> {
    // What happens in the same turn counts as one.
    await Promise.resolve();
    while (!this.#closed) {
      const next = this.#plan();
      if (next === undefined) return;
      await next();
    }
  }

  #plan(): (() => Promise<void>) | undefined {
    const { clock, most, busy, inUse } = this.#deps;
    const now = clock.now();
    if (busy()) this.#quietSince = undefined;
    else this.#quietSince ??= now;
    const names = new Map<string, InterfaceNames>();
    const used = inUse();
    const subnets = [...this.#vpcs.values()].flatMap(({ vpc, upcoming }) =>
      upcoming.map(({ subnetId, interfaces }): SubnetDemand => {
        const places = interfaces.map((each) => {
          const place = placeOf(vpc.vpcId, each.ipv4Addresses[0]?.privateAddress ?? '');
          names.set(place, each);
          return place;
        });
        const some = vpc.interfaces.some((each) => each.subnetId === subnetId && used.has(each.interfaceId));
        return { upcoming: places, begins: this.#begins.get(subnetId) ?? [], inUse: some };
      }),
    );
    const free = [...this.#free.values()].map(({ id, label: { place }, unwantedSince }) =>
      unwantedSince === undefined ? { id, place } : { id, place, unwantedSince },
    );
    const plan = planSandboxes({ subnets, free, most, quietSince: this.#quietSince }, now);
    for (const each of this.#free.values()) {
      each.unwantedSince = plan.wanted.has(each.label.place) ? undefined : (each.unwantedSince ?? now);
    }
    const [discard] = plan.discard;
    if (discard !== undefined) return () => this.#discard(discard);
    const [place] = plan.make;
    const wanted = place === undefined ? undefined : names.get(place);
    if (place !== undefined && wanted !== undefined && now >= this.#failedUntil) return () => this.#make(place, wanted);
    const lookAt = place === undefined ? plan.lookAt : this.#failedUntil;
    this.#cancelTimer();
    this.#cancelTimer = lookAt === undefined ? () => {} : clock.after(lookAt - now, () => this.#advance());
    return undefined;
  }

  async #make(place: string, names: InterfaceNames): Promise<void> {
    const { docker, ids, installationId, arch, log, clock } = this.#deps;
    const shape = pauseShape(names);
    const label = { place, shape: shapeOf(shape), nonce: ids.hex(16) };
    const spec: ContainerSpec = {
      name: this.#nameOf(label.nonce),
      labels: {
        [labels.installation]: installationId,
        [labels.container]: pauseName,
        [labels.sandbox]: labelText(label),
      },
      ...shape,
    };
    this.#making = label.nonce;
    let id: string | undefined;
    try {
      id = await docker.create(spec).catch(async (error: unknown) => {
        if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
        await ensurePauseImage(docker, arch);
        return docker.create(spec);
      });
      await docker.start(id);
      const { pid, status } = await docker.inspect(id);
      if (status === 'running' && !this.#gone.has(id)) {
        this.#free.set(id, { id, pid, label, unwantedSince: undefined });
      }
    } catch (error) {
      log.warn('no sandbox made', { place, error: messageOf(error) });
      this.#failedUntil = clock.now() + retryMs;
      if (id !== undefined) await this.#discard(id);
    } finally {
      this.#making = undefined;
    }
  }

  /**
   * Removes one. It is renamed first: a removal that is under way when this process dies must not reach a task to which the
   * next one has given the container meanwhile, and no other takes one of that name.
   */
  async #discard(id: string): Promise<void> {
    const { docker, installationId, log } = this.#deps;
    this.#forget(id);
    try {
      await docker.rename(id, `stowage-${installationId}-discarded-${id.slice(0, 16)}`);
      await docker.remove(id);
    } catch (error) {
      if (error instanceof DriverError && error.kind === 'gone') return;
      // The next listing finds it again.
      this.#gone.delete(id);
      log.warn('a sandbox not removed', { id, error: messageOf(error) });
    }
  }
}

function withOwner<Thing extends { readonly labels: Readonly<Record<string, string>> }>(
  thing: Thing,
  task: string,
): Thing {
  return { ...thing, labels: { ...thing.labels, [labels.task]: task } };
}
