import type { Cancel, Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { minuteOf } from '../../base/metric.ts';
import { shortName } from '../../model/ecs/arns.ts';
import { needsOf } from '../../model/ecs/needs.ts';
import { remainingResources } from '../../store/container-instances.ts';
import type { MetricStore } from '../../store/metrics/metric-store.ts';
import type { Store } from '../../store/store.ts';
import { containerInstances, services, taskDefinitions, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import type { PublishMetricsRequest, StatsSet } from '../../wire/tcs.ts';
import { utilizationMetrics, type MeasuredInstance, type MeasuredTask, type TaskUse } from './samples.ts';

/** What the metrics of tasks are made from. */
export interface UtilizationDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<MetricStore, 'put'>;
}

const minuteMs = 60_000;
/** How long after a minute its reports are waited for. */
const graceMs = 1_000;
/** What cannot be stored waits for so many minutes. */
const mostMinutes = 10;

interface Sum extends TaskUse {
  readonly reports: number;
}

/** What machines measured of their tasks, a minute at a time, as the metrics of services and clusters. A minute that a restart falls into is measured in part. */
export class Utilization {
  readonly #deps: UtilizationDeps;
  /** By minute and task. */
  readonly #minutes = new Map<number, Map<string, Sum>>();
  #cancel: Cancel = () => {};

  constructor(deps: UtilizationDeps) {
    this.#deps = deps;
    this.#next();
  }

  /** Takes a report of a machine about its own tasks. */
  take(machineId: string, { taskMetrics }: PublishMetricsRequest): void {
    const { store, clock } = this.#deps;
    const units = store.get(machines, machineId)?.resources.cpu;
    if (units === undefined) return;
    const minute = minuteOf(clock.now());
    for (const { taskArn, containerMetrics } of taskMetrics) {
      if (store.get(tasks, taskArn)?.machineId !== machineId) continue;
      const total = (of: 'cpuStatsSet' | 'memoryStatsSet'): number =>
        containerMetrics.reduce((sum, each) => sum + meanOf(each[of]), 0);
      const measured = this.#minutes.get(minute) ?? new Map<string, Sum>();
      this.#minutes.set(minute, measured);
      const { cpu, memory, reports } = measured.get(taskArn) ?? { cpu: 0, memory: 0, reports: 0 };
      measured.set(taskArn, {
        cpu: cpu + (total('cpuStatsSet') / 100) * units,
        memory: memory + total('memoryStatsSet'),
        reports: reports + 1,
      });
    }
  }

  /** Ends; what was measured of this minute is lost. */
  close(): void {
    this.#cancel();
  }

  #next(): void {
    const now = this.#deps.clock.now();
    this.#cancel = this.#deps.clock.after(minuteOf(now - graceMs) + minuteMs + graceMs - now, () => {
      void this.#store(minuteOf(this.#deps.clock.now()) - minuteMs);
      this.#next();
    });
  }

  async #store(last: number): Promise<void> {
    const { metrics, log } = this.#deps;
    // The instances of a cluster are there whether anything on them was measured or not.
    const due = [...new Set([...this.#minutes.keys(), last])].filter((minute) => minute <= last);
    for (const minute of due) {
      const measured = this.#minutes.get(minute) ?? new Map<string, Sum>();
      const data = utilizationMetrics(minute, this.#tasks(measured), this.#instances(measured));
      this.#minutes.delete(minute);
      if (data.length === 0) continue;
      try {
        await metrics.put({ data });
      } catch (error) {
        log.warn('the use of tasks was not stored', { error: messageOf(error) });
        if (minute > last - mostMinutes * minuteMs) this.#minutes.set(minute, measured);
      }
    }
  }

  #tasks(measured: ReadonlyMap<string, Sum>): MeasuredTask[] {
    const { store } = this.#deps;
    return [...measured].flatMap(([arn, sum]): MeasuredTask[] => {
      const task = store.get(tasks, arn);
      const service = task?.serviceArn === undefined ? undefined : store.get(services, task.serviceArn);
      const definition = task && store.get(taskDefinitions, task.taskDefinitionArn);
      if (service === undefined || definition === undefined) return [];
      const { account, region, clusterArn, name: serviceName } = service;
      const { cpu, memory } = needsOf(definition, {});
      return [
        {
          account,
          region,
          clusterName: shortName(clusterArn),
          serviceName,
          use: useOf(sum),
          reserved: { cpu, memory },
        },
      ];
    });
  }

  #instances(measured: ReadonlyMap<string, Sum>): MeasuredInstance[] {
    const { store } = this.#deps;
    return store.list(containerInstances).flatMap((instance): MeasuredInstance[] => {
      if (instance.status === 'INACTIVE') return [];
      const { account, region, clusterArn, resources } = instance;
      const remaining = remainingResources(store, instance);
      const sums = store.by(tasks, 'instance', instance.arn).flatMap((task) => measured.get(task.arn) ?? []);
      const uses = sums.map(useOf);
      const use = {
        cpu: uses.reduce((sum, each) => sum + each.cpu, 0),
        memory: uses.reduce((sum, each) => sum + each.memory, 0),
      };
      return [
        {
          account,
          region,
          clusterName: shortName(clusterArn),
          registered: { cpu: resources.cpu, memory: resources.memory },
          reserved: { cpu: resources.cpu - remaining.cpu, memory: resources.memory - remaining.memory },
          ...(uses.length === 0 ? {} : { use }),
        },
      ];
    });
  }
}

function meanOf(set: StatsSet | undefined): number {
  return set === undefined || set.sampleCount <= 0 ? 0 : set.sum / set.sampleCount;
}

function useOf({ cpu, memory, reports }: Sum): TaskUse {
  return { cpu: cpu / reports, memory: memory / reports };
}
