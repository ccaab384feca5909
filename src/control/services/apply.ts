import type { Task } from '../../model/ecs/task.ts';
import type { Store } from '../../store/store.ts';
import { services, tasks } from '../../store/tables/ecs.ts';
import type { ObservedService } from './observe.ts';
import type { ServiceStep } from './plan.ts';

/**
 * Does a plan as one commit, so that its events tell of nothing that did not happen. A plan whose service was written
 * since it was observed is dropped: that commit brings the next one.
 */
export function applyService(store: Store, observed: ObservedService, steps: readonly ServiceStep[]): void {
  if (steps.length === 0) return;
  store.transact((tx) => {
    if (tx.get(services, observed.service.arn) !== observed.service) return;
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
        default:
          step satisfies never;
      }
    }
  });
}
