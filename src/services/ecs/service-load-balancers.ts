import type { LoadBalancer as LoadBalancerInput } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { ServiceLoadBalancer } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { readAdvanced } from './advanced-configuration.ts';
import { checkClassic } from './classic-rules.ts';
import { invalidParameter } from './errors.ts';
import { checkTargetGroup } from './target-group-rules.ts';

/**
 * The load balancers of a service: each target group exists, hangs on a load balancer and takes the task's kind of
 * address, or there is one Classic Load Balancer; each container and port is in the task definition. Throws `InvalidParameterException`.
 */
export function readLoadBalancers(
  reader: Reader,
  scope: Scoped,
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
    if (loadBalancerName) {
      if (entries.length > 1) throw invalidParameter('loadBalancers can have at most 1 items.');
      checkContainer(containerName, containerPort, definition);
      checkClassic(reader, scope, entry, definition);
      return { loadBalancerName, ...given('containerName', containerName), ...given('containerPort', containerPort) };
    }
    if (!targetGroupArn) throw invalidParameter('targetGroupArn must be specified in all loadBalancer entries.');
    checkTargetGroup(reader, targetGroupArn, definition);
    checkContainer(containerName, containerPort, definition);
    return {
      targetGroupArn,
      ...given('containerName', containerName),
      ...given('containerPort', containerPort),
      ...given('advancedConfiguration', readAdvanced(reader, entry, definition)),
    };
  });
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
