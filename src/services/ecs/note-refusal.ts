import { refusalLifeMs, type Exclusion, type Refusal } from '../../model/ecs/placement.ts';
import type { TaskOrder } from '../../model/ecs/new-task.ts';
import type { Transaction } from '../../store/store.ts';
import { refusalKey, refusals } from '../../store/tables/ecs.ts';

/** Keeps for a while that tasks found no place, or forgets it of a family whose tasks all found one. */
export function noteRefusal(
  tx: Transaction,
  operation: Refusal['operation'],
  { clusterArn, scope, definition }: TaskOrder,
  refused: { readonly count: number; readonly excluded: readonly Exclusion[] },
  now: number,
): void {
  for (const old of tx.by(refusals, 'cluster', clusterArn)) {
    if (old.at + refusalLifeMs <= now) tx.delete(refusals, refusalKey(clusterArn, old.family));
  }
  const { family, arn: taskDefinitionArn } = definition;
  if (refused.count === 0) return tx.delete(refusals, refusalKey(clusterArn, family));
  const { account, region } = scope;
  return tx.put(refusals, { account, region, clusterArn, operation, family, taskDefinitionArn, at: now, ...refused });
}
