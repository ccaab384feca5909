import type { ServiceLoadBalancer, Task } from '../model/ecs/task.ts';
import { given } from '../base/given.ts';
import { classicArn, classicGroupArn, classicPort } from '../model/elbv2/classic.ts';
import type { TargetHealth } from '../model/elbv2/load-balancing.ts';
import type { Reader } from './store.ts';
import { targetGroups, targetKey, targets } from './tables/elbv2.ts';

/** How one of a task's load balancer entries stands: the target that its container port is, or is to be. */
export interface TaskTarget {
  readonly targetGroupArn: string;
  /** The Classic Load Balancer whose instances the group is. */
  readonly loadBalancerName?: string;
  readonly id: string;
  readonly port: number;
  /**
   * `no-group`: the target group does not exist (any more). `absent`: not registered, or drained and gone.
   * `draining`: deregistered, still finishing what it has.
   */
  readonly state: 'no-group' | 'absent' | 'registered' | 'draining';
  /** As its checker measured it; of registered and draining ones. */
  readonly health?: TargetHealth;
}

/**
 * A task's targets, by its load balancer entries: its own address and the container's port, or its instance and the host port that the
 * container's port has there. None while they are not known.
 */
export function taskTargets(store: Reader, task: Task): TaskTarget[] {
  return task.loadBalancers.flatMap((entry): TaskTarget[] => {
    const { loadBalancerName } = entry;
    const { targetGroupArn, id, port } = placeOf(task, entry);
    if (targetGroupArn === undefined || id === undefined || port === undefined) return [];
    const target = store.get(targets, targetKey(targetGroupArn, id, port));
    if (target === undefined) {
      const state = store.get(targetGroups, targetGroupArn) === undefined ? 'no-group' : 'absent';
      return [{ targetGroupArn, ...given('loadBalancerName', loadBalancerName), id, port, state }];
    }
    const state = target.drainingSince === undefined ? 'registered' : 'draining';
    return [{ targetGroupArn, ...given('loadBalancerName', loadBalancerName), id, port, state, health: target.health }];
  });
}

function placeOf(
  task: Task,
  { targetGroupArn, loadBalancerName, containerName, containerPort }: ServiceLoadBalancer,
): { readonly [member in 'targetGroupArn' | 'id']?: string | undefined } & { readonly port?: number | undefined } {
  const { networkInterface, networkConfiguration, machineId, containers } = task;
  if (networkConfiguration !== undefined) {
    return { targetGroupArn, id: networkInterface?.privateIp, port: containerPort };
  }
  const bindings = containers.find(({ name }) => name === containerName)?.networkBindings ?? [];
  const port = bindings.find((binding) => binding.containerPort === containerPort)?.hostPort;
  if (loadBalancerName === undefined || port === undefined) return { targetGroupArn, id: machineId, port };
  // A Classic Load Balancer has instances, and its listeners say at which of their ports.
  return { targetGroupArn: classicGroupArn(classicArn(task, loadBalancerName)), id: machineId, port: classicPort };
}
