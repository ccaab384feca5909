import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../main/views/explain.ts';
import { instance, now, prod, task } from './cluster.fixture.ts';
import { explainPicture } from './explain-picture.ts';
import { lineWidth, written } from './text.ts';

const at = (agoMs: number): number => now - agoMs;
const common = { cluster: 'prod', region: 'us-east-1' };
const excluded = [
  { reason: 'RESOURCE:MEMORY', count: 12, instanceIds: ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'] },
  { reason: 'DRAINING', count: 1, instanceIds: ['dddddddddddd'] },
] as const;
const target = {
  targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/73e2d6bc24d8a067',
  id: '10.0.0.4',
  port: 80,
  state: 'registered',
  health: { state: 'unhealthy', description: 'Health checks failed with these codes: [502]' },
} as const;

const explanations: Readonly<Record<string, Explanation>> = {
  'task-waiting': {
    kind: 'task',
    ...common,
    launchType: 'EC2',
    task: task('0123456789abcdef0123456789abcdef', 'web', { lastStatus: 'PENDING' }),
    serviceName: 'web',
    place: {
      on: 'instance',
      containerInstanceId: '3f2a9c1d77e04b5aa1c2d3e4f5061728',
      ec2InstanceId: 'i-03f2a9c1d77e04b5a',
      zone: 'us-east-1a',
      decision: { considered: 16, able: 3, kinInZone: 2, memoryFree: 1685, excluded },
    },
    history: [
      { what: 'PROVISIONING', at: at(5400) },
      { what: 'PENDING', at: at(5000) },
    ],
    waitsFor: ['db to be healthy before web starts (it is UNKNOWN)'],
    containers: [
      { name: 'web', image: 'shop/web:7', essential: true, lastStatus: 'PENDING' },
      { name: 'db', image: 'postgres:17', essential: false, lastStatus: 'RUNNING', healthStatus: 'UNKNOWN' },
    ],
    targets: [],
  },
  'task-stopped': {
    kind: 'task',
    ...common,
    launchType: 'FARGATE',
    task: task('fedcba9876543210fedcba9876543210', 'report', { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' }),
    startedBy: 'nightly',
    place: { on: 'fargate', machineId: 'machine-1', zone: 'us-east-1b', subnetId: 'subnet-0a1b2c3d' },
    history: [
      { what: 'PROVISIONING', at: at(90_000) },
      { what: 'RUNNING', at: at(80_000) },
      { what: 'STOPPED', at: at(60_000) },
    ],
    waitsFor: [],
    containers: [
      {
        name: 'report',
        image: 'report:3',
        essential: true,
        lastStatus: 'STOPPED',
        exitCode: 137,
        exitMeaning: 'it was killed (SIGKILL): out of memory, or it did not end in time when it was told to',
        reason: 'OutOfMemoryError: Container killed due to memory usage',
      },
    ],
    targets: [],
    stop: {
      code: 'EssentialContainerExited',
      reason: 'Essential container in task exited',
      next: [
        'give the container more memory, or find out what it fills',
        "'stowage logs /report' shows what report said",
      ],
    },
  },
  service: {
    kind: 'service',
    ...common,
    arn: 'arn:aws:ecs:us-east-1:000000000000:service/prod/web',
    name: 'web',
    status: 'ACTIVE',
    desiredCount: 3,
    runningCount: 1,
    pendingCount: 1,
    deployments: [
      {
        id: 'ecs-svc/2826872472262393789',
        status: 'PRIMARY',
        rolloutState: 'IN_PROGRESS',
        rolloutStateReason: '',
        taskDefinition: 'web:8',
        desiredCount: 3,
        runningCount: 1,
        pendingCount: 1,
        failedTasks: 4,
        createdAt: at(300_000),
      },
    ],
    taskSets: [],
    blockers: [
      'its last 4 attempts to start tasks failed: the next is in 4 s',
      '1 task found no place: it was unable to place a task',
    ],
    backOff: { failures: 4, retryAt: now + 4000 },
    unplaced: { name: 'web', arn: '', count: 1, reason: 'was unable to place a task', excluded },
    tasks: [task('0123456789abcdef', 'web', { lastStatus: 'PENDING' }), task('123456789abcdef0', 'web')],
    targets: [{ ...target, taskId: '123456789abcdef0' }],
    lastStopped: [
      {
        id: '23456789abcdef01',
        at: at(8000),
        code: 'EssentialContainerExited',
        reason: 'Essential container in task exited',
      },
    ],
    events: [{ createdAt: at(8000), message: '(service web) is unable to consistently start tasks successfully.' }],
  },
  instance: {
    kind: 'instance',
    ...common,
    instance: prod.instances[0] ?? instance('none'),
    registeredAt: at(7_200_000),
    attributes: [
      { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.44' },
      { name: 'ecs.os-type', value: 'linux' },
      { name: 'stack', value: 'prod' },
    ],
    closed: [],
    turnedAway: [
      { who: 'service web', reason: 'RESOURCE:PORTS' },
      { who: 'RunTask of report', reason: 'RESOURCE:MEMORY', at: at(300_000) },
    ],
  },
  refusal: {
    kind: 'refusal',
    ...common,
    operation: 'RunTask',
    taskDefinition: 'report:3',
    at: at(300_000),
    count: 2,
    excluded,
  },
};

describe('the picture of an explanation', () => {
  it.each(Object.entries(explanations))('%s', async (name, explanation) => {
    const lines = explainPicture(explanation, { columns: 90, now });
    await expect(`${written(lines, false).join('\n')}\n`).toMatchFileSnapshot(`golden/explain-${name}.txt`);
    for (const columns of [30, 60, 200]) {
      for (const line of explainPicture(explanation, { columns, now }))
        expect(lineWidth(line)).toBeLessThanOrEqual(columns);
    }
  });
});
