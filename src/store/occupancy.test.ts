import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import { remainingOf } from '../model/ecs/needs.ts';
import type { Task } from '../model/ecs/task.ts';
import { occupancyOf } from './occupancy.ts';
import { Store, type Reader } from './store.ts';
import { tasks } from './tables/ecs.ts';

const instances = ['a', 'b'].map((arn) => {
  return { arn, resources: { cpu: 1000, memory: 1000, ports: [] } } as unknown as ContainerInstance;
});

function task(arn: string, containerInstanceArn: string, cpu: number, lastStatus: Task['lastStatus']): Task {
  const reservation = { cpu, memory: 1, ports: [] };
  return { arn, containerInstanceArn, lastStatus, reservation, group: `g${cpu}`, containers: [] } as unknown as Task;
}

/** What is counted afresh. */
function afresh(reader: Reader, instance: ContainerInstance): object {
  const here = reader
    .list(tasks)
    .filter(
      ({ containerInstanceArn, lastStatus }) => containerInstanceArn === instance.arn && lastStatus !== 'STOPPED',
    );
  return {
    remaining: remainingOf(instance, here),
    groups: here.map(({ group }) => group),
    runningTasks: here.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
  };
}

const change = fc.record({
  arn: fc.constantFrom('1', '2', '3'),
  on: fc.constantFrom('a', 'b'),
  cpu: fc.integer({ min: 1, max: 3 }),
  lastStatus: fc.constantFrom<Task['lastStatus']>('PENDING', 'RUNNING', 'STOPPED'),
  gone: fc.boolean(),
});

it('is what a count afresh would be, after every commit, inside of it, and when it is taken back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(change, { maxLength: 3 }), fc.boolean()), { maxLength: 8 }), (commits) => {
      const store = new Store([tasks]);
      const same = (reader: Reader): void => {
        for (const each of instances) expect(occupancyOf(reader, each)).toMatchObject(afresh(reader, each));
      };
      for (const [changes, fails] of commits) {
        try {
          store.transact((tx) => {
            for (const { arn, on, cpu, lastStatus, gone } of changes) {
              if (gone) tx.delete(tasks, arn);
              else tx.put(tasks, task(arn, on, cpu, lastStatus));
              same(tx);
            }
            if (fails) throw new Error('taken back');
          });
        } catch (error) {
          if (!fails) throw error;
        }
        same(store);
      }
    }),
  );
});

it('is counted again only when a task of the instance changed', () => {
  const store = new Store([tasks]);
  const [a, b] = instances as [ContainerInstance, ContainerInstance];
  store.transact((tx) => tx.put(tasks, task('1', 'a', 1, 'PENDING')));
  const before = [occupancyOf(store, a), occupancyOf(store, b)];
  store.transact((tx) => tx.put(tasks, task('2', 'b', 1, 'PENDING')));
  expect(occupancyOf(store, a)).toBe(before[0]);
  expect(occupancyOf(store, b)).not.toBe(before[1]);
});
