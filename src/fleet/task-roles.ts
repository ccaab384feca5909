import type { Task } from '../model/ecs/task.ts';
import type { TaskDefinition } from '../model/ecs/task-definition.ts';
import { taskDefinitions, tasks } from '../store/tables/ecs.ts';
import { taskCredentials, taskCredentialsKey } from '../store/tables/fleet.ts';
import type { IamRoleCredentials, RoleType } from '../wire/acs.ts';
import type { ServerMessage } from '../wire/messages.ts';
import type { FleetDeps } from './deps.ts';

const roleTypes: readonly RoleType[] = ['TaskApplication', 'TaskExecution'];

/** The role that a task, or its agent for it, acts in: what RunTask says wins over the definition. */
export function roleOf(task: Task, definition: TaskDefinition | undefined, type: RoleType): string | undefined {
  return type === 'TaskApplication'
    ? (task.overrides.taskRoleArn ?? definition?.document.taskRoleArn)
    : (task.overrides.executionRoleArn ?? definition?.document.executionRoleArn);
}

/** The credentials that one machine was told of in one session, and so which of them are new to it. */
export class TaskRoles {
  readonly #deps: FleetDeps;
  /** The access key last told, by `taskCredentialsKey`. */
  readonly #told = new Map<string, string>();

  constructor(deps: FleetDeps) {
    this.#deps = deps;
  }

  /** The credentials of a task's role, for its payload; `undefined` when it has no such role, or that does not exist. */
  credentials(task: Task, definition: TaskDefinition | undefined, type: RoleType): IamRoleCredentials | undefined {
    const arn = roleOf(task, definition, type);
    const credentials = arn === undefined ? undefined : this.#deps.credentialsOf?.(task, { kind: type, arn });
    if (credentials !== undefined) this.#told.set(taskCredentialsKey(task.arn, type), credentials.accessKeyId);
    return credentials;
  }

  /** What takes the place of credentials of these tasks that are over soon. */
  renewals(arns: Iterable<string>): ServerMessage[] {
    const { store, ids } = this.#deps;
    const messages: ServerMessage[] = [];
    for (const arn of arns) {
      const task = store.get(tasks, arn);
      if (task === undefined) continue;
      const definition = store.get(taskDefinitions, task.taskDefinitionArn);
      for (const roleType of roleTypes) {
        const before = this.#told.get(taskCredentialsKey(arn, roleType));
        const roleCredentials = this.credentials(task, definition, roleType);
        if (roleCredentials === undefined || roleCredentials.accessKeyId === before) continue;
        messages.push({
          type: 'IAMRoleCredentialsMessage',
          message: {
            messageId: ids.uuid(),
            taskArn: arn,
            taskClusterArn: task.clusterArn,
            roleType,
            roleCredentials,
          },
        });
      }
    }
    return messages;
  }

  /** To be called when a machine has no more to do with a task or an instance: its sessions are not renewed any more. */
  forget(arn: string): void {
    const { store } = this.#deps;
    for (const roleType of roleTypes) this.#told.delete(taskCredentialsKey(arn, roleType));
    const held = store.by(taskCredentials, 'task', arn);
    if (held.length === 0) return;
    store.transact((tx) => {
      for (const row of held) tx.delete(taskCredentials, taskCredentialsKey(row.taskArn, row.kind));
    });
  }
}
