import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { capacityProviderArn } from '../../model/ecs/arns.ts';
import { isFargateProvider } from '../../model/ecs/capacity.ts';
import type { Machine } from '../../model/fleet/machine.ts';
import type { Change, Store } from '../../store/store.ts';
import { autoScalingGroups, groupInstances, lifecycleHooks } from '../../store/tables/autoscaling.ts';
import { capacityProviders, clusters, containerInstances, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyCapacity, placeWaiting } from './apply.ts';
import { observeCapacity } from './observe.ts';
import { planCapacity } from './plan.ts';

/** Places tasks that wait for instances of their capacity provider, and sizes, protects and drains its Auto Scaling group. */
export function capacityProviderLoop(deps: { readonly store: Store; readonly ids: Ids; readonly log: Log }): Loop {
  const { store, ids } = deps;
  const ofGroup = (groupArn: string): string[] => store.keysBy(capacityProviders, 'group', groupArn);
  const ofInstance = (instanceId: string | undefined): string[] => {
    const member = instanceId === undefined ? undefined : store.get(groupInstances, instanceId);
    return member === undefined ? [] : ofGroup(member.groupArn);
  };
  return subjectLoop(
    {
      name: 'capacity-providers',
      sources: [
        source(capacityProviders, ({ arn }) => [arn]),
        source(clusters, (cluster) =>
          cluster.capacityProviders
            .filter((name) => !isFargateProvider(name))
            .map((name) => capacityProviderArn(cluster, name)),
        ),
        source(autoScalingGroups, ({ arn }) => ofGroup(arn)),
        source(lifecycleHooks, ({ groupArn }) => ofGroup(groupArn)),
        source(groupInstances, ({ groupArn }) => ofGroup(groupArn)),
        source(containerInstances, ({ ec2InstanceId }) => ofInstance(ec2InstanceId)),
        source(tasks, (task) => [
          ...(task.capacityProviderName === undefined || isFargateProvider(task.capacityProviderName)
            ? []
            : [capacityProviderArn(task, task.capacityProviderName)]),
          // Others on its instances keep them as well.
          ...(task.containerInstanceArn === undefined ? [] : ofInstance(task.machineId)),
        ]),
        {
          table: machines,
          subjectsOf(change: Change) {
            const [before, after] = [change.before, change.after] as (Machine | undefined)[];
            return before?.connected === after?.connected ? [] : ofInstance(change.key);
          },
        },
      ],
      rescanMs: 60_000,
      all: () => store.keys(capacityProviders),
      reconcile(arn, now) {
        const provider = store.get(capacityProviders, arn);
        if (provider === undefined) return undefined;
        return store.transact((tx) => {
          placeWaiting(tx, provider, ids, now);
          const observed = observeCapacity(tx, arn);
          if (observed === undefined) return undefined;
          const { steps, lookAt } = planCapacity(observed, now);
          for (const step of steps) applyCapacity(tx, provider, step, now);
          return lookAt;
        });
      },
    },
    deps.log,
  );
}
