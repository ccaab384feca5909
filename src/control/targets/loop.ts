import type { Log } from '../../base/log.ts';
import type { Store } from '../../store/store.ts';
import { taskTargets } from '../../store/task-targets.ts';
import { tasks } from '../../store/tables/ecs.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyTargets } from './apply.ts';
import { planTargets } from './plan.ts';

/** Registers tasks in their target groups and takes them out again; the balancer loop ends the draining. */
export function targetLoop(deps: { readonly store: Store; readonly log: Log }): Loop {
  const { store } = deps;
  const withTargets = (): string[] =>
    store
      .by(tasks, 'life', 'live')
      .filter((task) => task.loadBalancers.length > 0)
      .map((task) => task.arn);
  return subjectLoop(
    {
      name: 'targets',
      sources: [source(tasks, (task) => (task.loadBalancers.length > 0 ? [task.arn] : []))],
      rescanMs: 30_000,
      all: withTargets,
      reconcile(taskArn, now) {
        const task = store.get(tasks, taskArn);
        if (task === undefined) return undefined;
        const steps = planTargets(task, taskTargets(store, task));
        if (steps.length > 0) applyTargets(store, task, steps, now);
        return undefined;
      },
    },
    deps.log,
  );
}
