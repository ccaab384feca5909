import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import type { Machine } from '../../model/fleet/machine.ts';
import type { Change, Store } from '../../store/store.ts';
import { containerInstances, serviceDeployments, services, taskSets, tasks } from '../../store/tables/ecs.ts';
import { targets } from '../../store/tables/elbv2.ts';
import { alarms } from '../../store/tables/cloudwatch.ts';
import { applied, machines } from '../../store/tables/fleet.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyService } from './apply.ts';
import { watchedBy } from './alarms.ts';
import { observeService } from './observe.ts';
import { planService } from './plan.ts';

/** A plan looks at all of a service's tasks: it may come round every so many milliseconds for each of them. */
const msPerTask = 0.01;

/** The service scheduler. */
export function serviceLoop(deps: {
  readonly store: Store;
  readonly ids: Ids;
  readonly log: Log;
  readonly settleMs?: number;
}): Loop {
  const { store, ids } = deps;
  /** When a large service may be planned again, so that ten thousand tasks starting do not mean ten thousand plans. */
  const notBefore = new Map<string, number>();

  const onInstances = (clusterArn: string): string[] =>
    store
      .by(services, 'cluster', clusterArn)
      .filter(({ status, deployments }) => status === 'ACTIVE' && deployments[0]?.launchType !== 'FARGATE')
      .map((service) => service.arn);

  const underWay = (): ServiceDeployment[] =>
    store.by(services, 'life', 'live').flatMap(({ currentServiceDeployment: arn }) => {
      const rollout = arn === undefined ? undefined : store.get(serviceDeployments, arn);
      return rollout ?? [];
    });

  const shifting = (): string[] =>
    underWay().flatMap(({ lifecycle, serviceArn }) => (lifecycle === undefined ? [] : [serviceArn]));

  return subjectLoop(
    {
      name: 'services',
      sources: [
        source(services, (service) => [service.arn]),
        source(serviceDeployments, ({ serviceArn }) => [serviceArn]),
        source(taskSets, ({ serviceArn }) => [serviceArn]),
        source(tasks, ({ serviceArn }) => (serviceArn === undefined ? [] : [serviceArn])),
        // What an instance has to give changes with it, with its agent's connection, and with each task that ends on it.
        source(containerInstances, ({ clusterArn }) => onInstances(clusterArn)),
        source(tasks, (task) =>
          task.containerInstanceArn !== undefined && task.lastStatus === 'STOPPED' ? onInstances(task.clusterArn) : [],
        ),
        {
          table: machines,
          *subjectsOf({ before, after }: Change) {
            const [was, is] = [before, after] as (Machine | undefined)[];
            if (was?.connected !== is?.connected && is?.isInstance === true) yield* onInstances(is.clusterArn);
          },
        },
        // A deployment that shifts traffic goes on once the load balancer does as it was told.
        source(applied, ({ kind }) => (kind === 'balancer' ? shifting() : [])),
        source(alarms, (alarm) => watchedBy(alarm, underWay())),
        source(targets, (target) => store.by(tasks, 'address', target.id).flatMap((task) => task.serviceArn ?? [])),
      ],
      rescanMs: 60_000,
      all: () => store.by(services, 'life', 'live').map((service) => service.arn),
      reconcile(serviceArn, now) {
        const earliest = notBefore.get(serviceArn) ?? now;
        if (now < earliest) return earliest;
        const observed = observeService(store, serviceArn, deps.settleMs);
        if (observed === undefined) {
          notBefore.delete(serviceArn);
          return undefined;
        }
        notBefore.set(serviceArn, now + Math.floor(observed.tasks.length * msPerTask));
        const { steps, lookAt } = planService(observed, now, ids);
        applyService(store, observed, steps);
        return lookAt;
      },
    },
    deps.log,
  );
}
