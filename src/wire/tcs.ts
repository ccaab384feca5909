import type { TaskHealthReport } from '../model/ecs/task-health.ts';
import type { MachineStatus } from '../model/fleet/machine.ts';

/** What an agent says about its tasks' health (TCS), with the names of `ecs-agent/tcs/model`; times are epoch milliseconds. */
export interface PublishHealthRequest {
  readonly tasks: readonly TaskHealthReport[];
}

/** What an agent found out about its machine: whether the container engine answers. */
export interface PublishInstanceStatusRequest {
  readonly statuses: readonly MachineStatus[];
}
