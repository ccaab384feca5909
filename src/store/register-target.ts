import { given } from '../base/given.ts';
import type { Target, TargetHealth } from '../model/elbv2/load-balancing.ts';
import type { Transaction } from './store.ts';
import { targets } from './tables/elbv2.ts';

/** A target on whose way to the machine that checks it nothing has come back yet. */
const registering: TargetHealth = {
  state: 'initial',
  reason: 'Elb.RegistrationInProgress',
  description: 'Target registration is in progress',
};

/** Registers a target afresh; one that drains under the same key drains no more. */
export function registerTarget(
  tx: Transaction,
  target: Pick<Target, 'account' | 'region' | 'targetGroupArn' | 'id' | 'port'> & {
    readonly availabilityZone?: string | undefined;
  },
  now: number,
): void {
  const { availabilityZone, ...rest } = target;
  tx.put(targets, { ...rest, ...given('availabilityZone', availabilityZone), registeredAt: now, health: registering });
}
