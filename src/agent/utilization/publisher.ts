import type { Cancel, Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { GroupUse } from '../../drivers/cgroups/cgroups.ts';
import type { AgentMessage } from '../../wire/messages.ts';
import type { PublishMetricsRequest, StatsSet } from '../../wire/tcs.ts';
import type { TaskGroups } from '../tasks/group.ts';
import type { TaskView } from '../tasks/view.ts';

/** What the publisher is made from. */
export interface PublisherDeps {
  readonly groups: Pick<TaskGroups, 'use'>;
  readonly tasks: () => readonly TaskView[];
  /** How many processors the machine has as it registered them. */
  readonly cpus: () => Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: (message: AgentMessage) => void;
}

/** As often as the genuine agent. */
const everyMs = 20_000;
const mebibyte = 2 ** 20;

interface Sample extends GroupUse {
  readonly at: number;
}

/**
 * Says every twenty seconds what the tasks of this machine used, as the genuine agent does (PublishMetricsRequest). It reads each
 * task's control group: three small files, where asking the engine would cost a hundred times as much.
 */
export class Publisher {
  readonly #deps: PublisherDeps;
  #before = new Map<string, Sample>();
  #cpus: number | undefined;
  #cancel: Cancel = () => {};
  #closed = false;
  #failing = false;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.clock.after(everyMs, () => {
      this.#publish()
        .then(() => (this.#failing = false))
        .catch((error: unknown) => {
          // Once, until it is known again: the engine may be away for long.
          if (!this.#failing) this.#deps.log.warn('the use of tasks is unknown', { error: messageOf(error) });
          this.#failing = true;
        })
        .finally(() => this.#closed || this.start());
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #publish(): Promise<void> {
    const { groups, tasks, cpus, clock, send } = this.#deps;
    const running = tasks().filter(({ desired, stoppedAt }) => desired === 'RUNNING' && stoppedAt === undefined);
    const samples = new Map<string, Sample>();
    for (const { payload } of running) {
      const use = await groups.use(payload);
      if (use !== undefined) samples.set(payload.arn, { ...use, at: clock.now() });
    }
    const before = this.#before;
    this.#before = samples;
    if (samples.size === 0) return;
    // It asks the engine, and does not change.
    const machineCpus = (this.#cpus ??= await cpus());
    const taskMetrics = [...samples].flatMap(([taskArn, sample]): PublishMetricsRequest['taskMetrics'][number][] => {
      const earlier = before.get(taskArn);
      const elapsedNs = (sample.at - (earlier?.at ?? sample.at)) * 1e6;
      // One that was made anew meanwhile counts from nothing.
      if (earlier === undefined || elapsedNs <= 0 || sample.cpuNs < earlier.cpuNs) return [];
      const cpuStatsSet = one((100 * (sample.cpuNs - earlier.cpuNs)) / elapsedNs / machineCpus);
      return [{ taskArn, containerMetrics: [{ cpuStatsSet, memoryStatsSet: one(sample.memoryBytes / mebibyte) }] }];
    });
    if (taskMetrics.length > 0) send({ type: 'PublishMetricsRequest', message: { taskMetrics } });
  }
}

function one(value: number): StatsSet {
  return { min: value, max: value, sampleCount: 1, sum: value };
}
