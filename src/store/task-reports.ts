import type { TaskHealthReport } from '../model/ecs/task-health.ts';
import { withHealth } from '../model/ecs/task-health.ts';
import { withReport, type TaskReport } from '../model/ecs/task-report.ts';
import type { Transaction } from './store.ts';
import { taskDefinitions, tasks } from './tables/ecs.ts';

/**
 * Takes what a machine says of a task, however it came: in its session or over the ECS API. Taking it twice does nothing
 * the second time. What a machine says of another one's task is none of its business.
 */
export function takeTaskReport(
  tx: Transaction,
  machineId: string,
  taskArn: string,
  report: TaskReport,
  now: number,
): void {
  tx.update(tasks, taskArn, (task) => (task.machineId === machineId ? withReport(task, report, now) : task));
}

/** Takes what a machine says of the health checks of its tasks. */
export function takeTaskHealth(tx: Transaction, machineId: string, reports: readonly TaskHealthReport[]): void {
  for (const report of reports) {
    tx.update(tasks, report.taskArn, (task) =>
      task.machineId === machineId ? withHealth(task, tx.get(taskDefinitions, task.taskDefinitionArn), report) : task,
    );
  }
}
