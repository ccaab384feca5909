import type { Log } from '../../base/log.ts';
import type { Store } from '../../store/store.ts';
import { loadBalancers, rules, targetGroups, targetGroupsOf, targets } from '../../store/tables/elbv2.ts';
import { applied } from '../../store/tables/fleet.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { apply } from './apply.ts';
import { observe } from './observe.ts';
import { plan } from './plan.ts';

/** Brings load balancers from provisioning to active, and deregistered targets to their end. */
export function balancerLoop({ store, log }: { readonly store: Store; readonly log: Log }): Loop {
  return subjectLoop(
    {
      name: 'balancers',
      sources: [
        source(loadBalancers, (row) => [row.arn]),
        source(applied, (row) => (row.kind === 'balancer' ? [row.id] : [])),
        source(targetGroups, (row) => [row.arn]),
        source(targets, (row) => (row.drainingSince === undefined ? [] : [row.targetGroupArn])),
        source(rules, (row) => targetGroupsOf(row.actions)),
      ],
      rescanMs: 60_000,
      *all() {
        for (const row of store.list(loadBalancers)) yield row.arn;
        for (const row of store.list(targetGroups)) yield row.arn;
      },
      reconcile(arn, now) {
        const observed = observe(store, arn);
        if (observed === undefined) return undefined;
        const { step, lookAt } = plan(observed, now);
        if (step !== undefined) apply(store, step);
        return lookAt;
      },
    },
    log,
  );
}
