import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { services, taskDefinitions, taskSets, tasks } from '../../store/tables/ecs.ts';

/** A revision that is to be deleted. */
export interface ObservedTaskDefinition {
  readonly definition: TaskDefinition;
  /** Whether a task that is not over, or a service (also to roll back to), still needs it. */
  readonly inUse: boolean;
}

/** Reads a revision; `undefined` unless its deletion was asked for. */
export function observeTaskDefinition(store: Reader, arn: string): ObservedTaskDefinition | undefined {
  const definition = store.get(taskDefinitions, arn);
  if (definition?.status !== 'DELETE_IN_PROGRESS') return undefined;
  const byTask = store.by(tasks, 'life', 'live').some((task) => task.taskDefinitionArn === arn);
  const byService = store
    .by(services, 'life', 'live')
    .some(({ deployments, lastCompleted }) =>
      [...deployments, lastCompleted].some((deployment) => deployment?.taskDefinitionArn === arn),
    );
  const bySet = store.list(taskSets).some(({ taskDefinitionArn }) => taskDefinitionArn === arn);
  return { definition, inUse: byTask || byService || bySet };
}
