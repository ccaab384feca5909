import type { Task } from '../model/ecs/task.ts';
import type { TargetHealth } from '../model/elbv2/load-balancing.ts';
import type { Reader } from './store.ts';
import { targetGroups, targetKey, targets } from './tables/elbv2.ts';

/** How one of a task's load balancer entries stands: the target that its container port is, or is to be. */
export interface TaskTarget {
  readonly targetGroupArn: string;
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

/** A task's targets, by its load balancer entries; none while it has no address. Targets are addresses (type `ip`). */
export function taskTargets(store: Reader, task: Task): TaskTarget[] {
  const id = task.networkInterface?.privateIp;
  if (id === undefined) return [];
  return task.loadBalancers.flatMap(({ targetGroupArn, containerPort: port }): TaskTarget[] => {
    if (targetGroupArn === undefined || port === undefined) return [];
    const target = store.get(targets, targetKey(targetGroupArn, id, port));
    if (target === undefined) {
      const state = store.get(targetGroups, targetGroupArn) === undefined ? 'no-group' : 'absent';
      return [{ targetGroupArn, id, port, state }];
    }
    const state = target.drainingSince === undefined ? 'registered' : 'draining';
    return [{ targetGroupArn, id, port, state, health: target.health }];
  });
}
