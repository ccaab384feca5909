import type { Ids } from '../../base/ids.ts';
import type { GroupInstance, LifecycleAction } from '../../model/autoscaling/group.ts';
import { drainingHook, type CapacityProvider } from '../../model/ecs/capacity-provider.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { placedTask } from '../../model/ecs/new-task.ts';
import { placeTasks } from '../../model/ecs/placement.ts';
import { providerOf } from '../../store/capacity-providers.ts';
import { candidatesBehindDaemons } from '../../store/daemon-reservations.ts';
import type { Transaction } from '../../store/store.ts';
import { autoScalingGroups, groupInstances, hookKey, lifecycleHooks } from '../../store/tables/autoscaling.ts';
import { capacityProviders, containerInstances, tasks } from '../../store/tables/ecs.ts';
import { waitingFor } from './observe.ts';
import type { CapacityStep } from './plan.ts';

/** Places the tasks that wait for instances of a provider, as many as find one. */
export function placeWaiting(tx: Transaction, { arn, name }: CapacityProvider, ids: Ids, now: number): void {
  for (const { tasks: waiting, needs } of waitingFor(tx, arn)) {
    const [first] = waiting;
    if (first === undefined) continue;
    const candidates = candidatesBehindDaemons(tx, first.clusterArn, first.launchType, {
      ...(first.serviceArn === undefined ? {} : { serviceArn: first.serviceArn }),
      group: first.group,
    }).filter(({ instance }) => providerOf(tx, instance) === name);
    const { placed } = placeTasks(needs, candidates, waiting.length, () => ids.random());
    for (const [index, { instance, decision }] of placed.entries()) {
      const task = waiting[index];
      if (task !== undefined) tx.put(tasks, placedTask(task, { instance, takes: needs, decision }, now));
    }
  }
}

/** Does one step; planned in the same synchronous turn, so that nothing has changed meanwhile. */
export function applyCapacity(tx: Transaction, provider: CapacityProvider, step: CapacityStep, now: number): void {
  switch (step.kind) {
    case 'size':
      tx.update(capacityProviders, provider.arn, (row) =>
        step.desired > (tx.get(autoScalingGroups, row.groupArn)?.desiredCapacity ?? 0) ? { ...row, grownAt: now } : row,
      );
      return void tx.update(autoScalingGroups, provider.groupArn, (group) => ({
        ...group,
        desiredCapacity: step.desired,
        change: {
          at: now,
          text: `${step.why} changing the desired capacity from ${group.desiredCapacity} to ${step.desired}`,
        },
      }));
    case 'protect':
      return void tx.update(groupInstances, step.instanceId, (row) => ({
        ...row,
        protectedFromScaleIn: step.protectedFromScaleIn,
      }));
    case 'hook':
      if (!step.wanted) return tx.delete(lifecycleHooks, hookKey(provider.groupArn, drainingHook));
      return tx.put(lifecycleHooks, {
        groupArn: provider.groupArn,
        name: drainingHook,
        transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        // Two days: then an instance goes, whatever runs on it.
        heartbeatTimeoutSeconds: 172_800,
        defaultResult: 'CONTINUE',
      });
    case 'drain':
      return void tx.update(containerInstances, step.containerInstanceArn, (row): ContainerInstance => ({
        ...row,
        status: 'DRAINING',
        version: row.version + 1,
      }));
    case 'let-go':
      return void tx.update(groupInstances, step.instanceId, (row): GroupInstance => ({
        ...row,
        actions: row.actions.map((action): LifecycleAction =>
          action.hook === drainingHook ? { ...action, result: 'CONTINUE' } : action,
        ),
      }));
    case 'note-low':
      return void tx.update(capacityProviders, provider.arn, ({ lowSince: _before, ...row }) =>
        step.since === undefined ? row : { ...row, lowSince: step.since },
      );
    default:
      return step satisfies never;
  }
}
