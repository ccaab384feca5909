import { expect, it } from 'vitest';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
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
