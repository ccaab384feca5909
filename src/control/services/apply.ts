import type { Task } from '../../model/ecs/task.ts';
import { withWeights } from '../../model/elbv2/shift.ts';
import { forgetDeployments } from '../../store/begin-deployment.ts';
import type { Store } from '../../store/store.ts';
import { rules } from '../../store/tables/elbv2.ts';
import { serviceDeployments, serviceRevisions, services, taskSets, tasks } from '../../store/tables/ecs.ts';
import type { ObservedService } from './observe.ts';
import type { ServiceStep } from './plan.ts';

/**
 * Does a plan as one commit, so that its events tell of nothing that did not happen. A plan whose service or service
 * deployment was written since it was observed is dropped: that commit brings the next one.
 */
export function applyService(store: Store, observed: ObservedService, steps: readonly ServiceStep[]): void {
  if (steps.length === 0) return;
  store.transact((tx) => {
    const { service, rollout } = observed;
    if (tx.get(services, service.arn) !== service) return;
    if (rollout !== undefined && tx.get(serviceDeployments, rollout.arn) !== rollout) return;
    if (observed.taskSets.some((row) => tx.get(taskSets, row.arn) !== row)) return;
    for (const step of steps) {
      switch (step.kind) {
        case 'start':
          tx.put(tasks, step.task);
          break;
        case 'stop':
          tx.update(tasks, step.taskArn, (task): Task => ({
            ...task,
            desiredStatus: 'STOPPED',
            stop: task.stop ?? step.stop,
            version: task.version + 1,
          }));
          break;
        case 'note':
          tx.update(tasks, step.taskArn, (task) => ({ ...task, scheduling: step.scheduling }));
          break;
        case 'write':
          tx.put(services, step.service);
          break;
        case 'write-rollout':
          tx.put(serviceDeployments, step.rollout);
          break;
        case 'write-task-set':
          tx.put(taskSets, step.taskSet);
          break;
        case 'delete-task-set':
          tx.delete(taskSets, step.arn);
          break;
        case 'shift':
          tx.update(rules, step.shift.ruleArn, (rule) => withWeights(rule, step.shift));
          break;
        case 'resolve':
          tx.update(serviceRevisions, step.revisionArn, (row) => ({ ...row, imageDigests: step.imageDigests }));
          break;
        case 'forget':
          forgetDeployments(tx, step.serviceArn);
          break;
        default:
          step satisfies never;
      }
    }
  });
}
