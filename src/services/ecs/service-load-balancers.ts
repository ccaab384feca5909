import type { LoadBalancer as LoadBalancerInput } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { ServiceLoadBalancer } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { rules, targetGroups } from '../../store/tables/elbv2.ts';
import { invalidParameter, notSupported } from './errors.ts';

/**
 * The load balancers of a service: each target group exists, hangs on a load balancer and takes the task's kind of
 * address; each container and port is in the task definition. Throws `InvalidParameterException`.
 */
export function readLoadBalancers(
  reader: Reader,
  entries: readonly LoadBalancerInput[],
  definition: TaskDefinition,
): ServiceLoadBalancer[] {
  if (entries.length > 5) throw invalidParameter('loadBalancers can have at most 5 items.');
  return entries.map((entry) => {
    const { targetGroupArn, loadBalancerName, containerName, containerPort } = entry;
    if (loadBalancerName && targetGroupArn) {
      throw invalidParameter(
        'loadBalancerName and targetGroupArn cannot both be specified. You must specify either a loadBalancerName or a targetGroupArn in all loadBalancer entries.',
      );
    }
    if (loadBalancerName) throw notSupported('loadBalancers.loadBalancerName (a Classic Load Balancer)');
    if (entry.advancedConfiguration !== undefined) throw notSupported('loadBalancers.advancedConfiguration');
    if (!targetGroupArn) throw invalidParameter('targetGroupArn must be specified in all loadBalancer entries.');
    checkTargetGroup(reader, targetGroupArn, definition);
    checkContainer(containerName, containerPort, definition);
    return { targetGroupArn, ...given('containerName', containerName), ...given('containerPort', containerPort) };
  });
}

function checkTargetGroup(reader: Reader, arn: string, definition: TaskDefinition): void {
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

function checkContainer(name: string | undefined, port: number | undefined, definition: TaskDefinition): void {
  if (name === undefined || name === '') throw invalidParameter('containerName can not be blank.');
  if (port === undefined) throw invalidParameter('containerPort must be specified in all loadBalancer entries.');
  const container = definition.document.containerDefinitions?.find((candidate) => candidate.name === name);
  if (container === undefined) throw invalidParameter(`The container ${name} does not exist in the task definition.`);
  if (!container.portMappings?.some((mapping) => mapping.containerPort === port)) {
    throw invalidParameter(`The container ${name} did not have a container port ${port} defined.`);
  }
}
