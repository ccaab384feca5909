import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { rules, targetGroups } from '../../store/tables/elbv2.ts';
import { invalidParameter } from './errors.ts';

/** The target group exists, hangs on a load balancer and takes the task's kind of address. */
export function checkTargetGroup(reader: Reader, arn: string, definition: TaskDefinition): void {
  const group = reader.get(targetGroups, arn);
  if (group === undefined) throw invalidParameter(`The specified target group does not exist. (${arn})`);
  if (reader.by(rules, 'targetGroup', arn).length === 0) {
    throw invalidParameter(`The target group with targetGroupArn ${arn} does not have an associated load balancer.`);
  }
  const mode = definition.document.networkMode ?? 'bridge';
  if ((mode === 'awsvpc') !== (group.targetType === 'ip')) {
    throw invalidParameter(
      `The provided target group ${arn} has target type ${group.targetType}, which is incompatible with the ${mode} network mode specified in the task definition.`,
    );
  }
}
