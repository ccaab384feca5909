import { expect, it } from 'vitest';
import type { ObservedMember } from './observe.ts';
import { drainMs, planMember } from './plan.ts';

const now = 10_000_000;
const leaving = { leavingSince: now - 1_000 };
const active = { containerInstance: { arn: 'ci', status: 'ACTIVE' } };
const draining = { containerInstance: { arn: 'ci', status: 'DRAINING' } };
const running = { instance: { id: 'i', state: 'running', hostId: 'm' } };
const ending = { instance: { id: 'i', state: 'shutting-down', hostId: 'm' } };
const given = { instance: { id: 'i', state: 'shutting-down' } };
const over = { instance: { id: 'i', state: 'terminated' } };
const terminate = (abandoned: boolean) => ({ step: { kind: 'terminate', instanceId: 'i', abandoned } });
const fargate = (desiredStatus: string) => ({ fargateTasks: [{ arn: 'f', desiredStatus }] });

it.each([
  ['stays', {}, { ...active, ...running, serviceTasks: 1 }, {}],
  [
    'is drained',
    leaving,
    { ...active, ...running, serviceTasks: 1 },
    { step: { kind: 'drain', containerInstanceArn: 'ci' } },
  ],
  ['waits for its services', leaving, { ...draining, ...running, serviceTasks: 1 }, { lookAt: now - 1_000 + drainMs }],
  [
    'waits not for ever',
    { leavingSince: now - drainMs },
    { ...draining, ...running, serviceTasks: 1 },
    terminate(false),
  ],
  ['is terminated', leaving, { ...draining, ...running }, terminate(false)],
  ['waits for the machine to say so', leaving, { ...draining, ...ending }, {}],
  ['is abandoned where it is not there', leaving, { ...draining, ...ending, connected: false }, terminate(true)],
  ['is abandoned by force', { ...leaving, forced: true }, { ...active, ...running, serviceTasks: 1 }, terminate(true)],
  ['is abandoned once', { ...leaving, forced: true }, { ...active, ...given }, {}],
  ['stops the tasks of Fargate', leaving, fargate('RUNNING'), { step: { kind: 'stop', taskArns: ['f'] } }],
  ['waits until they have stopped', leaving, { ...over, ...fargate('STOPPED') }, {}],
  [
    'does not wait for them by force',
    { ...leaving, forced: true },
    { ...over, ...fargate('STOPPED') },
    { step: { kind: 'remove' } },
  ],
  ['is gone', leaving, over, { step: { kind: 'remove' } }],
  ['is gone without an instance', leaving, {}, { step: { kind: 'remove' } }],
  ['stays gone', { ...leaving, removedAt: now }, over, {}],
] as const)('a machine %s', (_, member, seen, plan) => {
  const observed = { connected: true, serviceTasks: 0, fargateTasks: [], ...seen, member };
  expect(planMember(observed as unknown as ObservedMember, now)).toEqual(plan);
});
