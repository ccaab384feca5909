import type { TaskHealthReport } from '../model/ecs/task-health.ts';
import type { MachineStatus } from '../model/fleet/machine.ts';

/** What an agent says about its tasks' health (TCS), with the names of `ecs-agent/tcs/model`; times are epoch milliseconds. */
export interface PublishHealthRequest {
  readonly tasks: readonly TaskHealthReport[];
}

/** Some samples of a figure, as `ecs-agent/tcs/model` has them. */
export interface StatsSet {
  readonly min: number;
  readonly max: number;
  readonly sampleCount: number;
  readonly sum: number;
}

/** What a container of a task used since the last report. */
export interface ContainerMetrics {
  /** Absent where one entry is of all containers of the task together: our own agent measures the task's control group. */
  readonly containerName?: string;
  /** In percent of all of the machine's processors. */
  readonly cpuStatsSet?: StatsSet;
  /** In MiB. */
  readonly memoryStatsSet?: StatsSet;
}

/** What an agent measured of its tasks. */
export interface PublishMetricsRequest {
  readonly taskMetrics: readonly { readonly taskArn: string; readonly containerMetrics: readonly ContainerMetrics[] }[];
}

/** What an agent found out about its machine: whether the container engine answers. */
export interface PublishInstanceStatusRequest {
  readonly statuses: readonly MachineStatus[];
}
