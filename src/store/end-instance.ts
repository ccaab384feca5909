import { isoOf } from '../base/clock.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { Transaction } from './store.ts';
import { instances } from './tables/ec2.ts';

/** What an instance is that somebody ended or stops, as EC2 tells it. */
export function userInitiated(now: number): Pick<Instance, 'stateReason' | 'transitionReason'> {
  return {
    stateReason: {
      code: 'Client.UserInitiatedShutdown',
      message: 'Client.UserInitiatedShutdown: User initiated shutdown',
    },
    transitionReason: `User initiated (${isoOf(now).slice(0, 19).replace('T', ' ')} GMT)`,
  };
}

/** Asks for the end of an instance, unless it is over or on its way there: the instance loop and its machine do the rest. */
export function endInstance(tx: Transaction, id: string, now: number): void {
  const instance = tx.get(instances, id);
  if (instance === undefined || instance.state === 'terminated' || instance.state === 'shutting-down') return;
  tx.put(instances, { ...instance, state: 'shutting-down', ...userInitiated(now) });
}
