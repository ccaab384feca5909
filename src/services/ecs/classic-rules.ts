import type { LoadBalancer as LoadBalancerInput } from '@aws-sdk/client-ecs';
import { classicArn } from '../../model/elbv2/classic.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, loadBalancers } from '../../store/tables/elbv2.ts';
import { invalidParameter } from './errors.ts';

/**
 * A Classic Load Balancer of a service: it exists, and a listener of it goes on to the port that the container has on its instance, which
 * is the same on each ("Use load balancing to distribute Amazon ECS service traffic": "Classic Load Balancers … dynamic host port mapping
 * isn't supported", and so are tasks of network mode awsvpc not).
 */
export function checkClassic(
  reader: Reader,
  scope: Scoped,
  { loadBalancerName: name = '', containerName, containerPort }: LoadBalancerInput,
  { document }: TaskDefinition,
): void {
  if (document.networkMode === 'awsvpc') {
    throw invalidParameter('Classic Load Balancers are not supported for tasks that use the awsvpc network mode.');
  }
  const balancer = reader.get(loadBalancers, classicArn(scope, name));
  if (balancer === undefined) throw invalidParameter(`There is no ACTIVE Load Balancer named '${name}'`);
  const container = document.containerDefinitions?.find((each) => each.name === containerName);
  const mapping = container?.portMappings?.find((each) => each.containerPort === containerPort);
  const hostPort = document.networkMode === 'host' ? containerPort : mapping?.hostPort;
  if (hostPort === undefined || hostPort === 0) {
    throw invalidParameter(`A host port mapping for the container port ${containerPort} is required.`);
  }
  const own = reader.by(listeners, 'loadBalancer', balancer.arn);
  if (!own.some(({ classic }) => classic?.instancePort === hostPort)) {
    throw invalidParameter(`The load balancer ${name} has no listener whose instance port is ${hostPort}.`);
  }
}
