import { AwsError } from '../../base/errors.ts';
import { taskArn } from '../../model/ecs/arns.ts';
import type { Session } from '../../model/ssm/session.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';

/**
 * The container that a target `ecs:<cluster>_<task id>_<runtime id>` names. Throws `TargetNotConnected` unless its agent
 * (that of ECS Exec) runs and its machine is there.
 */
export function needTarget(
  reader: Reader,
  scope: Scoped,
  target: string,
): Pick<Session, 'taskArn' | 'container' | 'machineId'> {
  // A cluster's name may have underscores; the ids have none.
  const parts = /^ecs:(.+)_([0-9a-f]{32})_([^_]+)$/.exec(target);
  const [, cluster = '', taskId = '', runtimeId = ''] = parts ?? [];
  const task = parts === null ? undefined : reader.get(tasks, taskArn(scope, cluster, taskId));
  const container = task?.containers.find((one) => one.runtimeId === runtimeId);
  const runs = container?.managedAgents?.some(({ lastStatus }) => lastStatus === 'RUNNING') ?? false;
  const machineId = task?.machineId;
  const connected = machineId !== undefined && reader.get(machines, machineId)?.connected === true;
  if (task === undefined || container === undefined || !runs || !connected) {
    throw new AwsError('TargetNotConnected', `${target} is not connected.`);
  }
  return { taskArn: task.arn, container: container.name, machineId };
}
