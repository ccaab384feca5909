import type { Log } from '../../base/log.ts';
import type { Store } from '../../store/store.ts';
import { taskDefinitions, tasks } from '../../store/tables/ecs.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { observeTaskDefinition } from './observe.ts';
import { planTaskDefinition } from './plan.ts';

/** Deletes the task definition revisions whose deletion was asked for, once nothing needs them. */
export function taskDefinitionLoop(deps: { readonly store: Store; readonly log: Log }): Loop {
  const { store } = deps;
  return subjectLoop(
    {
      name: 'task-definitions',
      sources: [
        source(taskDefinitions, (row) => (row.status === 'DELETE_IN_PROGRESS' ? [row.arn] : [])),
        source(tasks, (row) => (row.lastStatus === 'STOPPED' ? [row.taskDefinitionArn] : [])),
      ],
      rescanMs: 60_000,
      all: () => store.by(taskDefinitions, 'deleting', 'yes').map((row) => row.arn),
      reconcile(arn, now) {
        const observed = observeTaskDefinition(store, arn);
        if (observed === undefined) return undefined;
        const plan = planTaskDefinition(observed, now);
        if (plan.step === undefined) return plan.lookAt;
        store.transact((tx) => {
          // Nothing can begin to use a revision that is being deleted, so what was observed still holds.
          tx.delete(taskDefinitions, arn);
        });
        return undefined;
      },
    },
    deps.log,
  );
}
