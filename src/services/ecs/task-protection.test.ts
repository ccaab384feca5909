import { beforeEach, expect, it, test } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb } from './fixture.ts';

let fixture: ReturnType<typeof ecsFixture>;
/** Tasks of a service that wants two, and one run by hand. */
let own: string[];
let alone: string;

beforeEach(() => {
  fixture = ecsFixture();
  const { ecs, store } = fixture;
  ecs.RegisterTaskDefinition(fargateWeb, ctx);
  const run = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: awsvpc } as const;
  const { service } = ecs.CreateService({ ...run, serviceName: 'web', desiredCount: 2 }, ctx);
  const { tasks: made } = ecs.RunTask({ ...run, count: 4 }, ctx);
  const arns = made.map(({ taskArn = '' }) => taskArn);
  own = arns.slice(0, 3);
  alone = arns[3] ?? '';
  store.transact((tx) => {
    for (const arn of own) {
      tx.update(tasks, arn, (task): Task => ({ ...task, serviceArn: service?.serviceArn ?? '' }));
    }
  });
});

const minuteMs = 60_000;

it('protects for two hours or as long as is said, anew with every call, until it is over', async () => {
  const { ecs, clock } = fixture;
  const [first = ''] = own;
  const at = clock.now();
  const input = { cluster: 'default', tasks: [first] };
  expect(ecs.UpdateTaskProtection({ ...input, protectionEnabled: true }, ctx)).toEqual({
    protectedTasks: [{ taskArn: first, protectionEnabled: true, expirationDate: new Date(at + 120 * minuteMs) }],
    failures: [],
  });
  await clock.advance(minuteMs);
  const again = { taskArn: first, protectionEnabled: true, expirationDate: new Date(at + 3 * minuteMs) };
  expect(ecs.UpdateTaskProtection({ ...input, protectionEnabled: true, expiresInMinutes: 2 }, ctx)).toEqual({
    protectedTasks: [again],
    failures: [],
  });
  const id = first.split('/').at(-1) ?? '';
  expect(ecs.GetTaskProtection({ cluster: 'default', tasks: [id] }, ctx).protectedTasks).toEqual([again]);
  await clock.advance(2 * minuteMs);
  const over = [{ taskArn: first, protectionEnabled: false }];
  expect(ecs.GetTaskProtection(input, ctx).protectedTasks).toEqual(over);
  ecs.UpdateTaskProtection({ ...input, protectionEnabled: true }, ctx);
  expect(ecs.UpdateTaskProtection({ ...input, protectionEnabled: false }, ctx).protectedTasks).toEqual(over);
});

it('protects no more tasks than the service is to have', () => {
  const { ecs } = fixture;
  const all = ecs.UpdateTaskProtection({ cluster: 'default', tasks: own, protectionEnabled: true }, ctx);
  expect(all.protectedTasks.map(({ taskArn }) => taskArn)).toEqual(own.slice(0, 2));
  expect(all.failures).toEqual([{ arn: own[2], reason: 'DEPLOYMENT_BLOCKED', detail: 'Reached protection limit' }]);
  // Those that are protected may prolong it.
  expect(
    ecs.UpdateTaskProtection({ cluster: 'default', tasks: own.slice(0, 1), protectionEnabled: true }, ctx).failures,
  ).toEqual([]);
});

it('fails for tasks that are of no service, are to stop, or do not exist', () => {
  const { ecs } = fixture;
  const [first = '', second = ''] = own;
  ecs.StopTask({ task: second }, ctx);
  const missing = first.replace(/[0-9a-f]{32}$/, '0'.repeat(32));
  const asked = { cluster: 'default', tasks: [alone, second, missing] };
  const failures = [
    { arn: alone, reason: 'TASK_NOT_VALID' },
    { arn: second, reason: 'TASK_NOT_VALID' },
    { arn: missing, reason: 'MISSING' },
  ];
  expect(ecs.UpdateTaskProtection({ ...asked, protectionEnabled: true }, ctx)).toEqual({
    protectedTasks: [],
    failures,
  });
  expect(ecs.GetTaskProtection(asked, ctx)).toEqual({ protectedTasks: [], failures });
});

test.each([
  [{ tasks: [], protectionEnabled: true }, 'Tasks cannot be empty.'],
  [{ tasks: Array(11).fill('x') as string[], protectionEnabled: true }, 'tasks can have at most 10 items.'],
  [{ tasks: ['x'], protectionEnabled: undefined }, 'protectionEnabled can not be blank.'],
  [{ tasks: ['x'], protectionEnabled: true, expiresInMinutes: 0 }, 'expiresInMinutes must be between 1 and 2880.'],
  [{ tasks: ['x'], protectionEnabled: true, expiresInMinutes: 2881 }, 'expiresInMinutes must be between 1 and 2880.'],
])('refuses %j', (input, message) => {
  expect(() => fixture.ecs.UpdateTaskProtection({ cluster: 'default', ...input }, ctx)).toThrow(
    expect.objectContaining({ code: 'InvalidParameterException', message }) as Error,
  );
});
