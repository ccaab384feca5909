import type { Store } from '../../store/store.ts';
import { loadBalancers, targetKey, targets } from '../../store/tables/elbv2.ts';
import type { BalancerStep } from './plan.ts';

/** Does a step, for what is still as it was planned for. */
export function apply(store: Store, step: BalancerStep): void {
  store.transact((tx) => {
    switch (step.kind) {
      case 'set-state':
        tx.update(loadBalancers, step.loadBalancerArn, (row) => ({ ...row, state: step.state }));
        return;
      case 'delete-targets':
        for (const { targetGroupArn, id, port, drainingSince } of step.targets) {
          const key = targetKey(targetGroupArn, id, port);
          // Registered again in between: it stays.
          if (tx.get(targets, key)?.drainingSince === drainingSince) tx.delete(targets, key);
        }
        return;
      default:
        step satisfies never;
    }
  });
}
