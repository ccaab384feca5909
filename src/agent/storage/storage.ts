import type { Cancel, Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Disk } from '../../drivers/disk/disk.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { isEnding, type TaskView } from '../tasks/view.ts';
import { isDue } from './plan.ts';

export interface TaskStorageDeps {
  readonly docker: DockerDriver;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: () => readonly TaskView[];
  /** Ends a task that uses more than it has. */
  readonly fail: (taskArn: string, reason: string) => void;
}

/** What a task uses of its ephemeral storage, in bytes. */
export interface StorageUse {
  readonly used: number;
  readonly reserved: number;
}

interface Known {
  readonly used: number;
  readonly measuredAt: number | undefined;
  readonly taken: number;
}

/** How often it is asked who must be measured. */
const roundMs = 15_000;
/** For how long an answer is good for those who ask. */
const freshMs = 10_000;
/** A task whose containers have run for longer than this when it is first seen may have written before. */
const newMs = 60_000;
/** How often as long as a measurement took it is rested before the next. */
const rest = 4;

/**
 * Watches over the ephemeral storage of the tasks on Fargate: their containers' own layers, their volumes, and their images,
 * which lie on that storage on AWS too ("Fargate task ephemeral storage", ECS Developer Guide). A task that is
 * found to use more than it has is ended: docs/decisions/0015 says why.
 */
export class TaskStorage {
  readonly #deps: TaskStorageDeps;
  readonly #known = new Map<string, Known>();
  readonly #measuring = new Map<string, Promise<StorageUse>>();
  readonly #stop = new AbortController();
  #engine: ReturnType<DockerDriver['capacity']> | undefined;
  /** How much the file system held in the last round. */
  #takenLast: number | undefined;
  #cancel: Cancel = () => {};

  constructor(deps: TaskStorageDeps) {
    this.#deps = deps;
  }

  /** Begins to look after all tasks. */
  start(): void {
    const { clock, log } = this.#deps;
    this.#round()
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) log.debug('storage not measured', { error: messageOf(error) });
      })
      .finally(() => {
        if (!this.#stop.signal.aborted) this.#cancel = clock.after(roundMs, () => this.start());
      });
  }

  close(): void {
    this.#stop.abort();
    this.#cancel();
  }

  /** What a task uses; `undefined` for one without such storage. Throws a `DriverError` when that cannot be told. */
  async of(task: TaskView): Promise<StorageUse | undefined> {
    const reserved = reservedBy(task);
    if (reserved === undefined) return undefined;
    const known = this.#known.get(task.payload.arn);
    const fresh = known?.measuredAt !== undefined && this.#deps.clock.now() - known.measuredAt < freshMs;
    return fresh && known.used > 0 ? { used: known.used, reserved } : this.#measure(task, reserved);
  }

  /** Docker's `StorageOpt` for the containers of a task, where the engine can bound their layers itself: writes fail then. */
  async layerBound({ ephemeralStorageGiB: size }: PayloadTask): Promise<{ readonly size: string } | undefined> {
    if (size === undefined || !(await this.#capacity()).boundsLayers) return undefined;
    return { size: `${size}G` };
  }

  async #round(): Promise<void> {
    const { clock, log, tasks } = this.#deps;
    const all = tasks().filter((task) => reservedBy(task) !== undefined && !isEnding(task));
    const arns = new Set(all.map(({ payload }) => payload.arn));
    for (const arn of this.#known.keys()) if (!arns.has(arn)) this.#known.delete(arn);
    const takenNow = await this.#taken();
    const takenBefore = this.#takenLast;
    this.#takenLast = takenNow;
    for (const task of all) {
      const { arn } = task.payload;
      const reserved = reservedBy(task) ?? 0;
      const known = this.#known.get(arn) ?? this.#begin(task, takenBefore);
      this.#known.set(arn, known);
      if (!isDue({ ...known, reserved, takenThen: known.taken, takenNow }, clock.now())) continue;
      const startedAt = clock.now();
      try {
        await this.#measure(task, reserved);
      } catch (error) {
        // It may be over by now.
        log.debug('storage of a task not measured', { task: arn, error: messageOf(error) });
      }
      await clock.sleep(rest * (clock.now() - startedAt), this.#stop.signal);
    }
  }

  /** How much the file system holds in which the engine keeps layers and volumes. */
  async #taken(): Promise<number> {
    const { dataRoot } = await this.#capacity();
    return this.#deps.disk.taken(dataRoot);
  }

  /** What the engine stands on; it is asked again if it did not answer. */
  #capacity(): ReturnType<DockerDriver['capacity']> {
    this.#engine ??= this.#deps.docker.capacity();
    this.#engine.catch(() => (this.#engine = undefined));
    return this.#engine;
  }

  /** A task that is seen for the first time: one that began since the last round had written nothing by then. */
  #begin(task: TaskView, takenBefore: number | undefined): Known {
    const now = this.#deps.clock.now();
    const since = Math.min(now, ...task.containers.map(({ startedAt = now }) => startedAt));
    const isNew = takenBefore !== undefined && now - since <= newMs;
    return { used: 0, measuredAt: isNew ? now : undefined, taken: takenBefore ?? 0 };
  }

  #measure(task: TaskView, reserved: number): Promise<StorageUse> {
    const { arn } = task.payload;
    let measuring = this.#measuring.get(arn);
    if (measuring === undefined) {
      measuring = this.#look(task, reserved).finally(() => this.#measuring.delete(arn));
      this.#measuring.set(arn, measuring);
    }
    return measuring;
  }

  async #look(task: TaskView, reserved: number): Promise<StorageUse> {
    const { docker, disk, clock, fail } = this.#deps;
    const { arn } = task.payload;
    const ids = task.containers.flatMap(({ id }) => (id === undefined ? [] : [id]));
    const details = await Promise.all(ids.map(async (id) => ({ id, ...(await docker.details(id)) })));
    const images = [...new Set(details.map(({ imageId }) => imageId))];
    // A path of the machine is not the task's; a volume of its own has a name.
    const paths = details.flatMap(({ layer, mounts }) => [
      ...(layer === undefined ? [] : [layer]),
      ...mounts.flatMap(({ name, source }) => (name === undefined ? [] : [source])),
    ]);
    const taken = await this.#taken();
    const sizes = await Promise.all([
      disk.used([...new Set(paths)]),
      ...images.map(async (id) => (await docker.image(id)).sizeBytes),
      ...details.filter(({ layer }) => layer === undefined).map(({ id }) => docker.layerBytes(id)),
    ]);
    const used = sizes.reduce((sum, size) => sum + size, 0);
    this.#known.set(arn, { used, measuredAt: clock.now(), taken });
    if (used > reserved) {
      const [mine, whole] = [mebibytes(used), mebibytes(reserved)];
      fail(arn, `EphemeralStorageExceeded: the task uses ${mine} MiB of its ephemeral storage of ${whole} MiB`);
    }
    return { used, reserved };
  }
}

/** Bytes of the task's ephemeral storage; `undefined` for one that has none of its own. */
function reservedBy({ payload }: TaskView): number | undefined {
  return payload.ephemeralStorageGiB === undefined ? undefined : payload.ephemeralStorageGiB * 2 ** 30;
}

/** Whole MiB, as the metadata endpoint shows them. */
export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
