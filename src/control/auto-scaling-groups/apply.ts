import type { AutoScalingGroup } from '../../model/autoscaling/group.ts';
import { endInstance } from '../../store/end-instance.ts';
import { registerTarget } from '../../store/register-target.ts';
import type { Transaction } from '../../store/store.ts';
import {
  autoScalingGroups,
  groupInstances,
  lifecycleHooks,
  hookKey,
  scalingActivities,
} from '../../store/tables/autoscaling.ts';
import { targetKey, targets } from '../../store/tables/elbv2.ts';
import type { GroupStep } from './plan.ts';

/** Does the steps of one group; planned in the same synchronous turn, so that nothing has changed meanwhile. */
export function applyGroup(tx: Transaction, group: AutoScalingGroup, steps: readonly GroupStep[], now: number): void {
  for (const step of steps) applyStep(tx, group, step, now);
}

function applyStep(tx: Transaction, group: AutoScalingGroup, step: GroupStep, now: number): void {
  switch (step.kind) {
    case 'begin-activity':
      return tx.put(scalingActivities, step.activity);
    case 'change-activity':
      return void tx.update(scalingActivities, step.id, (row) => ({ ...row, ...step.change }));
    case 'member':
      return tx.put(groupInstances, step.row);
    case 'forget':
      return tx.delete(groupInstances, step.instanceId);
    case 'terminate':
      return endInstance(tx, step.instanceId, now);
    case 'register':
      return registerTarget(
        tx,
        {
          account: group.account,
          region: group.region,
          targetGroupArn: step.target.targetGroupArn,
          id: step.instanceId,
          port: step.target.port,
        },
        now,
      );
    case 'drain':
      return void tx.update(
        targets,
        targetKey(step.target.targetGroupArn, step.instanceId, step.target.port),
        (row) => ({ ...row, drainingSince: row.drainingSince ?? now }),
      );
    case 'group':
      return tx.put(autoScalingGroups, step.group);
    case 'delete':
      for (const { name } of tx.by(lifecycleHooks, 'group', group.arn)) {
        tx.delete(lifecycleHooks, hookKey(group.arn, name));
      }
      return tx.delete(autoScalingGroups, group.arn);
    default:
      return step satisfies never;
  }
}
