import type { Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { taskTargets, type TaskTarget } from '../../store/task-targets.ts';
import { services, taskDefinitions, tasks } from '../../store/tables/ecs.ts';

/** A task of the service with its targets. */
export interface ObservedServiceTask {
  readonly task: Task;
  readonly targets: readonly TaskTarget[];
}

/** What the judgement of one service stands on. */
export interface ObservedService {
  readonly service: Service;
  /** Its tasks that are not STOPPED, and the stopped ones whose end is not accounted for. */
  readonly tasks: readonly ObservedServiceTask[];
  /** The definitions of its deployments, by ARN. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
}

/** Reads what `planService` needs; `undefined` when the service is gone or over. */
export function observeService(store: Reader, serviceArn: string): ObservedService | undefined {
  const service = store.get(services, serviceArn);
  if (service === undefined || service.status === 'INACTIVE') return undefined;
  const definitions = service.deployments.flatMap(({ taskDefinitionArn }) => {
    const definition = store.get(taskDefinitions, taskDefinitionArn);
    return definition === undefined ? [] : [[taskDefinitionArn, definition] as const];
  });
  return {
    service,
    tasks: store.by(tasks, 'concern', serviceArn).map((task) => ({ task, targets: taskTargets(store, task) })),
    definitions: new Map(definitions),
  };
}
