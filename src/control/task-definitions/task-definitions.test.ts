import { expect, it } from 'vitest';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { silentLog } from '../../base/log.ts';
import { seededIds } from '../../base/ids.ts';
import { newTask } from '../../model/ecs/new-task.ts';
import { Store } from '../../store/store.ts';
import { services, taskDefinitions, taskSets, tasks } from '../../store/tables/ecs.ts';
import { taskDefinitionLoop } from './loop.ts';
import { deletingLifeMs, planTaskDefinition } from './plan.ts';

const definition: TaskDefinition = {
  account: '000000000000',
  region: 'us-east-1',
  arn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
  family: 'web',
  revision: 1,
  status: 'DELETE_IN_PROGRESS',
  document: { containerDefinitions: [] },
  requiresAttributes: [],
  compatibilities: [],
  registeredAt: 0,
  registeredBy: '',
  deleteRequestedAt: 1000,
  tags: [],
};

it.each([
  ['in use', true, 1000 + deletingLifeMs, { lookAt: undefined }],
  ['just now', false, 1000, { lookAt: 1000 + deletingLifeMs }],
  ['a minute ago', false, 1000 + deletingLifeMs, { step: 'delete' }],
])('a revision to be deleted, %s', (_what, inUse, now, plan) => {
  expect(planTaskDefinition({ definition, inUse }, now)).toEqual(plan);
});

it('the loop waits for the last task of a revision, and then deletes it', () => {
  const store = new Store([taskDefinitions, tasks, taskSets, services]);
  const loop = taskDefinitionLoop({ store, log: silentLog });
  const unwatch = store.watch(loop.tables, (commit) => loop.notice?.(commit));
  const order = {
    scope: definition,
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    definition,
    launchType: 'FARGATE',
    group: 'family:web',
    overrides: {},
    enableExecuteCommand: false,
    tags: [],
    loadBalancers: [],
  } as const;
  const task = newTask(order, seededIds(1), 0);
  const there = (): boolean => store.get(taskDefinitions, definition.arn) !== undefined;
  store.transact((tx) => {
    tx.put(taskDefinitions, definition);
    tx.put(tasks, task);
  });
  loop.tick(1000 + deletingLifeMs);
  expect(there()).toBe(true);
  store.transact((tx) => tx.put(tasks, { ...task, lastStatus: 'STOPPED' }));
  loop.tick(1001 + deletingLifeMs);
  expect(there()).toBe(false);
  unwatch();
});
