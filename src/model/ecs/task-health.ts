import type { Task, TaskContainer } from './task.ts';
import type { TaskDefinition } from './task-definition.ts';

/** What an agent reports of the health checks of one task. */
export interface TaskHealthReport {
  readonly taskArn: string;
  readonly containers: readonly {
    readonly containerName: string;
    readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
    /** Epoch milliseconds. */
    readonly statusSince: number;
  }[];
}

/** A task after a health report of its containers; the very same one when nothing changed. */
export function withHealth(task: Task, definition: TaskDefinition | undefined, report: TaskHealthReport): Task {
  const containers = task.containers.map((container) => {
    const said = report.containers.find(({ containerName }) => containerName === container.name);
    return said === undefined || said.healthStatus === container.healthStatus
      ? container
      : { ...container, healthStatus: said.healthStatus };
  });
  const healthStatus = taskHealth(containers, definition);
  const same = healthStatus === task.healthStatus && containers.every((one, index) => one === task.containers[index]);
  return same ? task : { ...task, containers, healthStatus, version: task.version + 1 };
}

/** "Determine Amazon ECS task health using container health checks": essential containers with a check decide. */
function taskHealth(
  containers: readonly TaskContainer[],
  definition: TaskDefinition | undefined,
): Task['healthStatus'] {
  const checked = new Set(
    (definition?.document.containerDefinitions ?? [])
      .filter(({ essential, healthCheck }) => essential !== false && healthCheck !== undefined)
      .map(({ name }) => name),
  );
  const states = containers.filter(({ name }) => checked.has(name)).map(({ healthStatus }) => healthStatus);
  if (states.includes('UNHEALTHY')) return 'UNHEALTHY';
  return states.length > 0 && states.every((state) => state === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}
