import { specOf, type Service } from '../model/ecs/service.ts';
import type { TaskSet } from '../model/ecs/task-set.ts';
import type { Reader, Transaction } from './store.ts';
import { services, taskSets } from './tables/ecs.ts';

/** The task sets of a service, the oldest first. */
export function taskSetsOf(reader: Reader, serviceArn: string): TaskSet[] {
  return reader
    .by(taskSets, 'service', serviceArn)
    .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

/** Makes a task set the PRIMARY one; what was it before is ACTIVE again. The service takes over what it runs. Answers it as it is then. */
export function makePrimary(tx: Transaction, taskSet: TaskSet, now: number): TaskSet {
  for (const other of tx.by(taskSets, 'service', taskSet.serviceArn)) {
    if (other.status === 'PRIMARY' && other.arn !== taskSet.arn) {
      tx.put(taskSets, { ...other, status: 'ACTIVE', updatedAt: now });
    }
  }
  const primary: TaskSet = { ...taskSet, status: 'PRIMARY', updatedAt: now };
  tx.put(taskSets, primary);
  tx.update(services, taskSet.serviceArn, (service): Service => ({ ...service, primaryTaskSet: specOf(primary) }));
  return primary;
}

/** Has a task set drain: its tasks go, and then itself. Answers it as it is then. */
export function drainTaskSet(tx: Transaction, taskSet: TaskSet, now: number): TaskSet {
  if (taskSet.status === 'PRIMARY') {
    tx.update(services, taskSet.serviceArn, ({ primaryTaskSet: _gone, ...service }): Service => service);
  }
  const draining: TaskSet = {
    ...taskSet,
    status: 'DRAINING',
    scale: { value: 0, unit: 'PERCENT' },
    stabilityStatus: 'STABILIZING',
    stabilityStatusAt: now,
    updatedAt: now,
  };
  tx.put(taskSets, draining);
  return draining;
}
