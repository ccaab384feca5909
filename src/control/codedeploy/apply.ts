import type { Store } from '../../store/store.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';
import { taskSets } from '../../store/tables/ecs.ts';
import { rules } from '../../store/tables/elbv2.ts';
import { drainTaskSet, makePrimary } from '../../store/task-sets.ts';
import { withWeights } from '../../model/elbv2/shift.ts';
import type { ObservedDeployment } from './observe.ts';
import type { DeploymentStep } from './plan.ts';

/** Does a plan as one commit. A plan whose deployment was written since it was observed is dropped: that commit brings the next one. */
export function applyDeployment(
  store: Store,
  { deployment }: ObservedDeployment,
  steps: readonly DeploymentStep[],
  now: number,
): void {
  if (steps.length === 0) return;
  store.transact((tx) => {
    if (tx.get(codeDeployments, deployment.id) !== deployment) return;
    for (const step of steps) {
      switch (step.kind) {
        case 'write':
          tx.put(codeDeployments, step.deployment);
          break;
        case 'install':
          tx.put(taskSets, step.taskSet);
          break;
        case 'promote':
        case 'drain': {
          const taskSet = tx.get(taskSets, step.taskSetArn);
          if (taskSet === undefined || taskSet.status === 'DRAINING') break;
          if (step.kind === 'promote') makePrimary(tx, taskSet, now);
          else drainTaskSet(tx, taskSet, now);
          break;
        }
        case 'shift':
          tx.update(rules, step.shift.ruleArn, (rule) => withWeights(rule, step.shift));
          break;
        default:
          step satisfies never;
      }
    }
  });
}
