import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../model/fleet/machine.ts';
import { reached, taskStatuses, type Task } from '../../model/ecs/task.ts';
import type { TaskTarget } from '../../store/task-targets.ts';
import type { ObservedTask } from './observe.ts';
import { lostAfterMs, planTask, stoppedTaskLifeMs, unstartedAfterMs, type TaskStep } from './plan.ts';

const now = 1_000_000;
const container = { name: 'web', essential: true, lastStatus: 'RUNNING' };
const balanced = { loadBalancers: [{ targetGroupArn: 'group', containerName: 'web', containerPort: 80 }] };
const base = {
  arn: 'task',
  launchType: 'FARGATE',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  reported: {},
  containers: [container],
  loadBalancers: [],
  connectivity: 'CONNECTED',
  networkConfiguration: { subnets: ['a', 'b'], securityGroups: [], assignPublicIp: 'DISABLED' },
};

function target(state: TaskTarget['state']): TaskTarget {
  return { targetGroupArn: 'group', id: '10.0.0.4', port: 80, state };
}

function next(
  task: object,
  seen: {
    targets?: TaskTarget['state'][];
    places?: [freeMemory: number, tasks: number][];
    subnets?: [string, string, number][];
    away?: number;
    /** Its interface is still there, and its machine came back so long ago. */
    holds?: number;
    lost?: boolean;
  } = {},
): TaskStep | undefined {
  const observed: ObservedTask = {
    task: {
      ...base,
      ...(seen.holds === undefined ? {} : { networkInterface: { status: 'ATTACHED' } }),
      ...task,
    } as unknown as Task,
    machine: {
      id: 'm',
      connected: seen.away === undefined,
      connectedAt: now - (seen.holds ?? 0),
      disconnectedAt: now - (seen.away ?? 0),
    } as Machine,
    ...(seen.lost === true ? { lost: { code: 'TerminationNotice', reason: 'removed' } } : {}),
    places: (seen.places ?? []).map(([freeMemory, tasks], index) => ({ machineId: `m${index}`, freeMemory, tasks })),
    subnets: (seen.subnets ?? []).map(([subnetId, availabilityZone, tasks]) => ({ subnetId, availabilityZone, tasks })),
    targets: (seen.targets ?? []).map(target),
  };
  return planTask(observed, now).step;
}

const write = (change: object): TaskStep => ({ kind: 'write', change });
const stopping = { desiredStatus: 'STOPPED', stop: { code: 'UserInitiated', reason: 'because' } };
const reported = (status: string): object => ({ reported: { status, ...(status === 'RUNNING' ? { ran: true } : {}) } });
const dead = { containers: [{ ...container, lastStatus: 'STOPPED', exitCode: 3 }] };
const lost = {
  code: 'TerminationNotice',
  reason: 'The machine that the task ran on was lost: its agent has not been connected for 5 minutes.',
};
const unstarted = {
  code: 'TaskFailedToStart',
  reason: 'The machine did not start the task: its agent has not been connected for 30 seconds.',
};
const exited = { code: 'EssentialContainerExited', reason: 'Essential container in task exited' };

describe('planTask', () => {
  it.each([
    ['waits for a machine', { lastStatus: 'PROVISIONING' }, { subnets: [['a', 'z1', 0]] }, undefined],
    [
      'places where most memory is free, on the emptiest machine, in the emptiest subnet of the emptiest zone',
      { lastStatus: 'PROVISIONING' },
      {
        places: [
          [10, 0],
          [20, 2],
          [20, 1],
        ],
        subnets: [
          ['a', 'z1', 0],
          ['b', 'z1', 3],
          ['c', 'z2', 2],
          ['d', 'z2', 0],
        ],
      },
      { kind: 'place', machineId: 'm2', subnetIds: ['d', 'c', 'a', 'b'] },
    ],
    ['waits for the report', { lastStatus: 'PENDING' }, {}, undefined],
    ['runs', { lastStatus: 'PENDING', ...reported('RUNNING') }, {}, write({ lastStatus: 'RUNNING', startedAt: now })],
    [
      'is activated',
      { lastStatus: 'PENDING', ...reported('RUNNING'), ...balanced },
      {},
      write({ lastStatus: 'ACTIVATING' }),
    ],
    [
      'has been RUNNING though it is over',
      { lastStatus: 'PENDING', ...dead, reported: { status: 'STOPPED', ran: true } },
      {},
      write({ lastStatus: 'RUNNING', startedAt: now }),
    ],
    [
      'never ran',
      { lastStatus: 'PENDING', ...dead, ...reported('STOPPED') },
      {},
      write({ desiredStatus: 'STOPPED', stop: exited }),
    ],
    [
      'is stopped though it was about to run',
      { lastStatus: 'PENDING', ...stopping, ...reported('RUNNING') },
      {},
      write({ lastStatus: 'STOPPING', stoppingAt: now }),
    ],
    ['waits for its target', { lastStatus: 'ACTIVATING', ...balanced }, { targets: ['absent'] }, undefined],
    ['waits for a target group', { lastStatus: 'ACTIVATING', ...balanced }, { targets: ['no-group'] }, undefined],
    [
      'runs once registered',
      { lastStatus: 'ACTIVATING', ...balanced },
      { targets: ['registered'] },
      write({ lastStatus: 'RUNNING', startedAt: now }),
    ],
    ['is left alone', {}, {}, undefined],
    ['is stopped', stopping, {}, write({ lastStatus: 'STOPPING', stoppingAt: now })],
    ['drains first', { ...stopping, ...balanced }, { targets: ['registered'] }, write({ lastStatus: 'DEACTIVATING' })],
    [
      'goes on draining',
      { ...stopping, ...balanced, lastStatus: 'DEACTIVATING' },
      { targets: ['draining'] },
      undefined,
    ],
    [
      'is stopped once drained',
      { ...stopping, ...balanced, lastStatus: 'DEACTIVATING' },
      { targets: ['absent'] },
      write({ lastStatus: 'STOPPING', stoppingAt: now }),
    ],
    [
      'does not drain what is dead',
      { ...stopping, ...balanced, ...dead },
      { targets: ['draining'] },
      write({ lastStatus: 'STOPPING', stoppingAt: now }),
    ],
    ['is to stop when an essential container has', dead, {}, write({ desiredStatus: 'STOPPED', stop: exited })],
    [
      'keeps the first reason',
      { ...dead, ...stopping, ...reported('STOPPED') },
      {},
      write({ lastStatus: 'DEPROVISIONING', stoppingAt: now }),
    ],
    ['waits for the machine to stop it', { ...stopping, lastStatus: 'STOPPING' }, {}, undefined],
    [
      'keeps its address while balanced',
      { ...stopping, ...balanced, lastStatus: 'DEPROVISIONING' },
      { targets: ['registered'] },
      undefined,
    ],
    [
      'is finished, and its machine may still have its address',
      { ...stopping, lastStatus: 'DEPROVISIONING' },
      { away: lostAfterMs },
      { kind: 'finish', keepsInterface: true },
    ],
    [
      'is finished, as its machine said before it went away',
      { ...stopping, lastStatus: 'DEPROVISIONING', ...reported('STOPPED') },
      { away: lostAfterMs },
      { kind: 'finish' },
    ],
    [
      'is finished with its machine',
      { ...stopping, lastStatus: 'DEPROVISIONING' },
      { away: lostAfterMs, lost: true },
      { kind: 'finish' },
    ],
    ['keeps its address from others', { lastStatus: 'STOPPED', stoppedAt: 0 }, { holds: 0, away: 3e9 }, undefined],
    [
      'keeps it until its machine said something',
      { lastStatus: 'STOPPED', stoppedAt: 0 },
      { holds: 299_999 },
      undefined,
    ],
    ['keeps it no longer', { lastStatus: 'STOPPED', stoppedAt: 0 }, { holds: 300_000 }, { kind: 'release' }],
    [
      'gives its address back once its machine says that it is over',
      { lastStatus: 'STOPPED', stoppedAt: 0, ...reported('STOPPED') },
      { holds: 0 },
      { kind: 'release' },
    ],
    [
      'gives its address back when its machine is removed',
      { lastStatus: 'STOPPED', stoppedAt: 0 },
      { holds: 0, away: 1, lost: true },
      { kind: 'release' },
    ],
    ['is finished', { ...stopping, lastStatus: 'DEPROVISIONING' }, { targets: ['draining'] }, { kind: 'finish' }],
    ['is remembered for an hour', { lastStatus: 'STOPPED', stoppedAt: now - stoppedTaskLifeMs + 1 }, {}, undefined],
    ['is forgotten', { lastStatus: 'STOPPED', stoppedAt: now - stoppedTaskLifeMs }, {}, { kind: 'forget' }],
    ['bears a short absence', {}, { away: 5_000 }, undefined],
    ['is called disconnected', {}, { away: 10_000 }, write({ connectivity: 'DISCONNECTED', connectivityAt: now })],
    ['is waited for', { connectivity: 'DISCONNECTED' }, { away: lostAfterMs - 1 }, undefined],
    [
      'is over when its machine was away for too long',
      { connectivity: 'DISCONNECTED' },
      { away: lostAfterMs },
      write({ desiredStatus: 'STOPPED', stop: lost }),
    ],
    [
      'keeps its own reason then',
      { connectivity: 'DISCONNECTED', ...stopping, lastStatus: 'STOPPING' },
      { away: lostAfterMs },
      write({ lastStatus: 'DEPROVISIONING', stoppingAt: now }),
    ],
    [
      'that was to be started there is waited for',
      { connectivity: 'DISCONNECTED', lastStatus: 'PENDING' },
      { away: unstartedAfterMs - 1 },
      undefined,
    ],
    [
      'that was to be started there is over sooner, when it has not been heard of',
      { connectivity: 'DISCONNECTED', lastStatus: 'PENDING' },
      { away: unstartedAfterMs },
      write({ desiredStatus: 'STOPPED', stop: unstarted }),
    ],
    ['is found again', { connectivity: 'DISCONNECTED' }, {}, write({ connectivity: 'CONNECTED', connectivityAt: now })],
  ] as [string, object, Parameters<typeof next>[1], TaskStep | undefined][])('%s', (_, task, seen, step) => {
    expect(next(task, seen)).toEqual(step);
  });

  it.each([
    ['CannotPullContainerError: no', 'FARGATE', { code: 'TaskFailedToStart', reason: 'CannotPullContainerError: no' }],
    ['CannotPullContainerError: no', 'EC2', { code: 'TaskFailedToStart', reason: 'Task failed to start' }],
    [
      'ResourceInitializationError: eni',
      'FARGATE',
      { code: 'TaskFailedToStart', reason: 'ResourceInitializationError: eni' },
    ],
  ])('a container that never ran (%s, %s) is a failure to start', (reason, launchType, stop) => {
    const containers = [{ ...container, lastStatus: 'STOPPED', reason }];
    expect(next({ lastStatus: 'PENDING', launchType, containers })).toEqual(write({ desiredStatus: 'STOPPED', stop }));
  });

  it('only ever moves forward', () => {
    const states = fc.constantFrom<TaskTarget['state']>('no-group', 'absent', 'registered', 'draining');
    const any = fc.record({
      lastStatus: fc.constantFrom(...taskStatuses),
      desiredStatus: fc.constantFrom('RUNNING', 'STOPPED'),
      status: fc.constantFrom(undefined, 'PENDING', 'RUNNING', 'STOPPED'),
      ended: fc.boolean(),
      isBalanced: fc.boolean(),
      targets: fc.array(states, { maxLength: 2 }),
      places: fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(any, ({ lastStatus, desiredStatus, status, ended, isBalanced, targets, places }) => {
        const task = {
          lastStatus,
          desiredStatus,
          reported: { status },
          ...(ended ? dead : {}),
          ...(isBalanced ? balanced : {}),
        };
        const step = next(task, { targets, places, subnets: [['a', 'z', 0]] });
        if (step?.kind !== 'write' || step.change.lastStatus === undefined) return;
        expect(step.change.lastStatus).not.toBe(lastStatus);
        expect(reached(step.change.lastStatus, lastStatus)).toBe(true);
      }),
    );
  });
});
