import type { ClusterView, InstanceView, TaskView } from '../../main/views/fleet.ts';

/** The moment at which the fixture is looked at. */
export const now = 1_767_268_800_000;

/** A task as a picture gets it. */
export function task(id: string, name: string, more: Partial<TaskView> = {}): TaskView {
  return {
    arn: `arn:aws:ecs:us-east-1:000000000000:task/prod/${id}`,
    id,
    name,
    service: true,
    taskDefinition: `${name}:1`,
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    healthStatus: 'UNKNOWN',
    connected: true,
    createdAt: now - 240_000,
    startedAt: now - 200_000,
    hostPorts: [],
    ...more,
  };
}

/** An instance as a picture gets it. */
export function instance(id: string, more: Partial<InstanceView> = {}): InstanceView {
  return {
    arn: `arn:aws:ecs:us-east-1:000000000000:container-instance/prod/${id}`,
    id,
    ec2InstanceId: `i-0${id.slice(0, 16)}`,
    instanceType: 't3.medium',
    zone: 'us-east-1a',
    status: 'ACTIVE',
    connected: true,
    cpu: { registered: 2048, used: 0 },
    memory: { registered: 3884, used: 0 },
    interfaces: { registered: 2, used: 0 },
    ports: { reserved: [{ port: 22, protocol: 'tcp' }], used: [] },
    tasks: [],
    ...more,
  };
}

const tcp = (...ports: readonly number[]) => ports.map((port) => ({ port, protocol: 'tcp' as const }));

/** A cluster with something of everything. */
export const prod: ClusterView = {
  arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/prod',
  name: 'prod',
  account: '000000000000',
  region: 'us-east-1',
  instances: [
    instance('3f2a9c1d77e04b5aa1c2d3e4f5061728', {
      cpu: { registered: 2048, used: 1280 },
      memory: { registered: 3884, used: 3584 },
      interfaces: { registered: 2, used: 1 },
      ports: { reserved: tcp(22), used: tcp(80, 32_768, 32_769, 32_770, 32_771) },
      tasks: [
        ...['a1', 'b2', 'c3', 'd4'].map((id) => task(`${id}5e6f7089`, 'api', { healthStatus: 'HEALTHY' })),
        task('9be01c2d34', 'web', { hostPorts: [80], healthStatus: 'UNHEALTHY' }),
        task('0c9d8e7f6a', 'web', { desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING', hostPorts: [32_768] }),
      ],
    }),
    instance('77aa12bb00c14d2e8f9a0b1c2d3e4f50', {
      status: 'DRAINING',
      cpu: { registered: 2048, used: 2048 },
      tasks: [task('5d5d5d5d5d', 'web', { desiredStatus: 'STOPPED', lastStatus: 'RUNNING' })],
    }),
    instance('c0ffee00c0ffee00c0ffee00c0ffee00', {
      zone: 'us-east-1b',
      connected: false,
      disconnectedAt: now - 720_000,
      memory: { registered: 3884, used: 4 },
      tasks: [task('e5f60718aa', 'worker', { connected: false, taskDefinition: 'worker:12' })],
    }),
  ],
  fargate: [
    task('1234567890', 'nightly-report', {
      service: false,
      lastStatus: 'PENDING',
      taskDefinition: 'reports:3',
      createdAt: now - 4000,
      address: '172.31.7.12',
      zone: 'us-east-1a',
    }),
    task('abcdef0123', 'web', { address: '100.64.0.3', zone: 'us-east-1b', healthStatus: 'HEALTHY' }),
  ].map(({ startedAt, ...rest }) => (rest.lastStatus === 'PENDING' ? rest : { ...rest, startedAt })) as TaskView[],
  unplaced: [
    {
      name: 'httpd',
      arn: 'arn:aws:ecs:us-east-1:000000000000:service/prod/httpd',
      count: 2,
      reason:
        'was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 3f2a9c1d77e04b5aa1c2d3e4f5061728) is already using a port required by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
      excluded: [
        { reason: 'RESOURCE:PORTS', count: 1, instanceIds: ['3f2a9c1d77e04b5aa1c2d3e4f5061728'] },
        { reason: 'AGENT', count: 5, instanceIds: ['c0ffee00c0ffee00c0ffee00c0ffee00', 'unknown0', 'unknown1'] },
      ],
    },
    {
      name: 'report',
      arn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/report:1',
      count: 1,
      reason: 'RunTask made no task: RESOURCE:MEMORY',
      excluded: [{ reason: 'RESOURCE:MEMORY', count: 1, instanceIds: ['3f2a9c1d77e04b5aa1c2d3e4f5061728'] }],
      refusedAt: now - 300_000,
    },
  ],
};
