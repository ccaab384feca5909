import { describe, expect, it } from 'vitest';
import type { Machine } from '../../model/fleet/machine.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { TaskTarget } from '../../store/task-targets.ts';
import { waitsOf } from './task-waits.ts';

const definition = {
  document: {
    containerDefinitions: [
      {
        name: 'web',
        dependsOn: [
          { containerName: 'db', condition: 'HEALTHY' },
          { containerName: 'init', condition: 'SUCCESS' },
        ],
        stopTimeout: 7,
      },
      { name: 'db', healthCheck: { command: ['CMD', 'ok'] } },
      { name: 'init' },
    ],
  },
} as unknown as TaskDefinition;
const container = (name: string, more = {}) => ({ name, image: `${name}:1`, lastStatus: 'PENDING', ...more });
const all = [container('web'), container('db'), container('init')];
const machine = { connected: true } as Machine;
const target = (more: Partial<TaskTarget>): TaskTarget => ({
  targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1',
  id: '10.0.0.4',
  port: 80,
  state: 'registered',
  ...more,
});

const waits = (task: object, more: object = {}): readonly string[] =>
  waitsOf({
    task: {
      lastStatus: 'PENDING',
      desiredStatus: 'RUNNING',
      reported: {},
      containers: all,
      ...task,
    } as unknown as Task,
    definition,
    machine,
    targets: [],
    fargate: true,
    ...more,
  });

const running = { lastStatus: 'RUNNING' };
const up = [container('web', running), container('db', { ...running, healthStatus: 'HEALTHY' })];

describe('what a task waits for', () => {
  it.each([
    [
      'a machine',
      { lastStatus: 'PROVISIONING' },
      { machine: undefined, fargate: false },
      ['a machine: none that runs tasks of Fargate is connected'],
    ],
    [
      'its interface',
      { lastStatus: 'PROVISIONING', networkConfiguration: {} },
      { machine: undefined },
      ['its network interface'],
    ],
    [
      'its network, where that failed',
      {},
      { networkError: 'no room' },
      ['its network, which its machine could not make: no room'],
    ],
    [
      'images, and what comes before a container',
      {},
      {},
      [
        'its agent to pull and start db (db:1), init (init:1)',
        'db to be healthy before web starts (it is PENDING)',
        'init to be ended with status 0 before web starts (it is PENDING)',
      ],
    ],
    [
      'a check that has not passed',
      {
        reported: { pullStartedAt: 1 },
        containers: [
          all[0],
          container('db', { ...running, healthStatus: 'UNKNOWN' }),
          container('init', { lastStatus: 'STOPPED', exitCode: 0 }),
        ],
      },
      {},
      ['db to be healthy before web starts (it is UNKNOWN)'],
    ],
    [
      'a pull that has begun',
      { reported: { pullStartedAt: 1 }, containers: [container('init')] },
      {},
      ['its images to be pulled: init (init:1)'],
    ],
    [
      'registration',
      { lastStatus: 'ACTIVATING' },
      { targets: [target({ state: 'absent' })] },
      ['its registration in (target-group web) as 10.0.0.4 port 80'],
    ],
    ['nothing', { ...running, containers: up }, { targets: [target({ health: { state: 'healthy' } })] }, []],
    [
      'a health check',
      { ...running, containers: [up[0], container('db', { ...running, healthStatus: 'UNKNOWN' })] },
      {},
      ['the health check of db to pass (it is UNKNOWN)'],
    ],
    [
      'a target',
      { ...running, containers: up },
      {
        targets: [
          target({ health: { state: 'unhealthy', description: 'Health checks failed with these codes: [500]' } }),
        ],
      },
      [
        '10.0.0.4 port 80 to be healthy in (target-group web): it is unhealthy, Health checks failed with these codes: [500]',
      ],
    ],
    [
      'draining',
      { lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' },
      { targets: [target({ state: 'draining' })] },
      ['open connections to 10.0.0.4 port 80 in (target-group web) to drain'],
    ],
    [
      'its program to end',
      { lastStatus: 'STOPPING', containers: [up[0]] },
      {},
      ['web to end: it got SIGTERM, and gets SIGKILL after 7 s'],
    ],
    [
      'a target that would get its requests',
      { lastStatus: 'DEPROVISIONING' },
      { targets: [target({})] },
      ['its targets to be taken out, so that nobody else gets their requests with its address'],
    ],
    [
      'its agent',
      { ...running, containers: up },
      { machine: { connected: false } },
      ['the agent of its machine to connect again: nothing is known of it until then'],
    ],
    ['nothing any more', { lastStatus: 'STOPPED' }, { machine: { connected: false } }, []],
  ])('%s', (_, task, more, expected) => {
    expect(waits(task, more)).toEqual(expected);
  });
});
