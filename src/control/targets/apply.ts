import type { Task } from '../../model/ecs/task.ts';
import { registerTarget } from '../../store/register-target.ts';
import type { Store } from '../../store/store.ts';
import { targetKey, targets } from '../../store/tables/elbv2.ts';
import type { TargetStep } from './plan.ts';

/** Does the steps of one task's targets, as one commit. */
export function applyTargets(store: Store, task: Task, steps: readonly TargetStep[], now: number): void {
  store.transact((tx) => {
    for (const { kind, target } of steps) {
      const { targetGroupArn, id, port } = target;
      if (kind === 'drain') {
        tx.update(targets, targetKey(targetGroupArn, id, port), (row) => ({ ...row, drainingSince: now }));
        continue;
      }
      const { account, region, availabilityZone } = task;
      registerTarget(tx, { account, region, targetGroupArn, id, port, availabilityZone }, now);
    }
  });
}
