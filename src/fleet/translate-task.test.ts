import type { RegisterTaskDefinitionCommandInput, TaskOverride } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { Subnet } from '../model/ec2/network.ts';
import type { Task } from '../model/ecs/task.ts';
import type { TaskDefinition } from '../model/ecs/task-definition.ts';
import { translateTask } from './translate-task.ts';

const subnet = { cidr: '172.31.16.0/20' } as Subnet;
const eni = {
  attachmentId: 'a-b-c',
  networkInterfaceId: 'eni-1',
  subnetId: 'subnet-1',
  vpcId: 'vpc-1',
  macAddress: '02:00:00:00:00:01',
  privateIp: '172.31.16.4',
  privateDnsName: 'ip-172-31-16-4.ec2.internal',
  status: 'ATTACHED',
} as const;

const credentials = {
  credentialsId: 'id',
  roleArn: 'arn:aws:iam::000000000000:role/execution',
  accessKeyId: 'ASIA1',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiration: '2026-01-01T06:00:00.000Z',
};

function payload(
  container: NonNullable<RegisterTaskDefinitionCommandInput['containerDefinitions']>[number],
  options: {
    overrides?: TaskOverride;
    launchType?: Task['launchType'];
    machineCpu?: number;
    cpu?: string;
    document?: Partial<TaskDefinition['document']>;
    /** For an agent that is not ours. */
    genuine?: boolean;
  } = {},
) {
  const task = {
    account: '000000000000',
    region: 'us-east-1',
    arn: 'arn:aws:ecs:us-east-1:000000000000:task/default/0123',
    id: '0123',
    clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
    taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:7',
    family: 'web',
    group: 'service:web',
    serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
    launchType: options.launchType ?? 'FARGATE',
    cpu: options.cpu ?? '512',
    memory: '1024',
    overrides: options.overrides ?? {},
    networkInterface: eni,
    containers: [{ name: 'web', arn: 'container-arn' }],
  } as unknown as Task;
  const document = {
    networkMode: 'awsvpc',
    containerDefinitions: [{ name: 'web', image: 'app', ...container }],
    ...(options.launchType === 'EC2' ? {} : { cpu: options.cpu ?? '512', memory: '1024' }),
    ...options.document,
  };
  const translated = translateTask({
    task,
    definition: { document } as unknown as TaskDefinition,
    subnet,
    desiredStatus: 'RUNNING',
    machine: { cpu: options.machineCpu ?? 4096 },
    logMode: 'non-blocking',
    resolveImage: (image) => ({
      image: `registry/${image}`,
      registryAuthentication: {
        type: 'ecr',
        ecrAuthData: { registryId: '000000000000', region: 'us-east-1', useExecutionRole: true },
      },
    }),
    ...(options.genuine === true
      ? { logsEndpoint: 'http://10.0.0.1:4566', executionRoleCredentials: credentials }
      : {}),
  });
  const first = translated.containers[0];
  if (first === undefined) throw new Error('no container');
  const read = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
  return {
    task: translated,
    container: first,
    config: read(first.dockerConfig.config),
    host: read(first.dockerConfig.hostConfig),
  };
}

describe('translateTask', () => {
  it('names the task as the agent protocol does', () => {
    const { task, container } = payload({ portMappings: [{ containerPort: 80 }] });
    expect(task).toMatchObject({
      family: 'web',
      version: '7',
      serviceName: 'web',
      group: 'service:web',
      networkMode: 'awsvpc',
      cpu: 0.5,
      memory: 1024,
      overrides: '{}',
      elasticNetworkInterfaces: [
        {
          ec2Id: 'eni-1',
          attachmentArn: 'arn:aws:ecs:us-east-1:000000000000:attachment/a-b-c',
          ipv4Addresses: [{ privateAddress: '172.31.16.4', primary: true }],
          subnetGatewayIpv4Address: '172.31.16.1/20',
          domainName: ['ec2.internal'],
          domainNameServers: ['169.254.169.253'],
        },
      ],
    });
    expect(container).toMatchObject({
      containerArn: 'container-arn',
      image: 'registry/app',
      essential: true,
      overrides: '{}',
      portMappings: [],
      stopTimeout: 30,
    });
  });

  it('merges overrides', () => {
    const { container, host } = payload(
      {
        command: ['a'],
        environment: [
          { name: 'A', value: '1' },
          { name: 'B', value: '1' },
        ],
        cpu: 10,
        memory: 100,
      },
      {
        overrides: {
          containerOverrides: [
            { name: 'web', command: ['b'], environment: [{ name: 'B', value: '2' }], cpu: 20, memory: 200 },
          ],
        },
      },
    );
    expect(container).toMatchObject({ command: ['b'], environment: { A: '1', B: '2' }, cpu: 20, memory: 200 });
    expect(host).toMatchObject({ CpuShares: 20, Memory: 200 * 2 ** 20, MemorySwap: 200 * 2 ** 20 });
  });

  it('holds containers to what their task has on Fargate', () => {
    expect(payload({}).host).toMatchObject({
      NanoCpus: 500_000_000,
      CpuShares: 2,
      Memory: 2 ** 30,
      Ulimits: [{ Name: 'nofile', Soft: 65_535, Hard: 65_535 }],
    });
    expect(payload({}, { launchType: 'EC2' }).host).toEqual({ CpuShares: 2 });
    // The agent of an instance holds all of them together to what their task has, and no one of them.
    expect(payload({}, { launchType: 'EC2', document: { cpu: '256', memory: '512' } }).host).toEqual({ CpuShares: 2 });
    // Its engine lets containers swap as it does.
    expect(payload({ memory: 100 }, { launchType: 'EC2' }).host).toEqual({ CpuShares: 2, Memory: 100 * 2 ** 20 });
  });

  it('leaves the delivery of logs to engines of agents that are not ours', () => {
    const logConfiguration = {
      logDriver: 'awslogs' as const,
      options: { 'awslogs-group': '/web', 'awslogs-stream-prefix': 'p' },
    };
    expect(payload({ logConfiguration }).host['LogConfig']).toEqual({
      Type: 'awslogs',
      Config: { mode: 'non-blocking', 'awslogs-group': '/web', 'awslogs-stream-prefix': 'p' },
    });
    const genuine = payload({ logConfiguration }, { genuine: true });
    expect(genuine.host['LogConfig']).toEqual({
      Type: 'awslogs',
      Config: {
        mode: 'non-blocking',
        'awslogs-group': '/web',
        'awslogs-region': 'us-east-1',
        'awslogs-endpoint': 'http://10.0.0.1:4566',
        'awslogs-stream': 'p/web/0123',
      },
    });
    expect(genuine.container).toMatchObject({
      logsAuthStrategy: 'ExecutionRole',
      registryAuthentication: { ecrAuthData: { useExecutionRole: true } },
    });
    expect(payload({}).container).toMatchObject({
      registryAuthentication: { ecrAuthData: { useExecutionRole: false } },
    });
  });

  it('asks no more CPUs of a machine than it has', () => {
    expect(payload({}, { cpu: '4096', machineCpu: 2048 }).host).not.toHaveProperty('NanoCpus');
  });

  it.each([
    [{ user: '1000' }, 'config', { User: '1000' }],
    [{ workingDirectory: '/app' }, 'config', { WorkingDir: '/app' }],
    [{ dockerLabels: { a: 'b' } }, 'config', { Labels: { a: 'b' } }],
    [{ pseudoTerminal: true, interactive: true }, 'config', { Tty: true, OpenStdin: true }],
    [
      { healthCheck: { command: ['CMD', 'x'], interval: 5 } },
      'config',
      { Healthcheck: { Test: ['CMD', 'x'], Interval: 5e9, Timeout: 5e9, Retries: 3, StartPeriod: 0 } },
    ],
    [{ readonlyRootFilesystem: true }, 'host', { ReadonlyRootfs: true }],
    [
      { ulimits: [{ name: 'nofile', softLimit: 1, hardLimit: 2 }] },
      'host',
      { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
    ],
    [{ systemControls: [{ namespace: 'net.x', value: '1' }] }, 'host', { Sysctls: { 'net.x': '1' } }],
    [{ linuxParameters: { initProcessEnabled: true } }, 'host', { Init: true }],
    [
      { linuxParameters: { capabilities: { add: ['SYS_PTRACE'], drop: ['MKNOD'] } } },
      'host',
      { CapAdd: ['SYS_PTRACE'], CapDrop: ['MKNOD'] },
    ],
    [{ linuxParameters: { sharedMemorySize: 64 } }, 'host', { ShmSize: 64 * 2 ** 20 }],
    [
      { linuxParameters: { tmpfs: [{ containerPath: '/t', size: 8, mountOptions: ['ro'] }] } },
      'host',
      { Tmpfs: { '/t': 'size=8m,ro' } },
    ],
    [
      { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g' } } },
      'host',
      { LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': 'g', mode: 'non-blocking' } } },
    ],
    [
      { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g', mode: 'blocking' } } },
      'host',
      { LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': 'g', mode: 'blocking' } } },
    ],
    [
      { logConfiguration: { logDriver: 'awsfirelens', options: { Name: 'stdout' } } },
      'host',
      { LogConfig: { Type: 'awsfirelens', Config: { Name: 'stdout' } } },
    ],
    [
      { linuxParameters: { maxSwap: 64, swappiness: 10 }, memory: 128 },
      'host',
      { Memory: 128 * 2 ** 20, MemorySwap: 192 * 2 ** 20, MemorySwappiness: 10 },
    ],
    [
      { linuxParameters: { devices: [{ hostPath: '/dev/null', permissions: ['read', 'mknod'] }] } },
      'host',
      { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'rm' }] },
    ],
    [
      { linuxParameters: { devices: [{ hostPath: '/dev/null', containerPath: '/dev/nil' }] } },
      'host',
      { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nil', CgroupPermissions: 'rwm' }] },
    ],
    [{ privileged: true }, 'host', { Privileged: true }],
    [{ dockerSecurityOptions: ['no-new-privileges'] }, 'host', { SecurityOpt: ['no-new-privileges'] }],
    [{ dnsServers: ['10.0.0.2'], dnsSearchDomains: ['a.b'] }, 'host', { Dns: ['10.0.0.2'], DnsSearch: ['a.b'] }],
    [{ extraHosts: [{ hostname: 'db', ipAddress: '10.0.0.3' }] }, 'host', { ExtraHosts: ['db:10.0.0.3'] }],
    [{ hostname: 'me' }, 'config', { Hostname: 'me' }],
    [{ disableNetworking: true }, 'config', { NetworkDisabled: true }],
    [{ links: ['db:database'] }, 'container', { links: ['db:database'] }],
    [{ stopTimeout: 7, startTimeout: 9 }, 'container', { stopTimeout: 7, startTimeout: 9 }],
    [
      { systemControls: [{ namespace: 'net.core.somaxconn', value: '9' }] },
      'host',
      { Sysctls: { 'net.core.somaxconn': '9' } },
    ],
  ] as const)("puts %j in Docker's %s", (definition, where, expected) => {
    expect(payload(definition as object)[where]).toMatchObject(expected);
  });

  it('says which namespaces and volumes the task has', () => {
    const { task } = payload(
      {},
      {
        document: {
          pidMode: 'task',
          ipcMode: 'host',
          volumes: [
            { name: 'mine' },
            { name: 'there', host: { sourcePath: '/srv' } },
            {
              name: 'shared',
              dockerVolumeConfiguration: {
                scope: 'shared',
                autoprovision: true,
                driver: 'local',
                driverOpts: { type: 'tmpfs' },
                labels: { a: 'b' },
              },
            },
          ],
        },
      },
    );
    expect(task).toMatchObject({ pidMode: 'task', ipcMode: 'host' });
    expect(task.volumes).toEqual([
      {
        name: 'mine',
        type: 'docker',
        dockerVolumeConfiguration: { scope: 'task', autoprovision: false, driver: 'local', driverOpts: {}, labels: {} },
      },
      { name: 'there', type: 'host', host: { sourcePath: '/srv' } },
      {
        name: 'shared',
        type: 'docker',
        dockerVolumeConfiguration: {
          scope: 'shared',
          autoprovision: true,
          driver: 'local',
          driverOpts: { type: 'tmpfs' },
          labels: { a: 'b' },
        },
      },
    ]);
  });
});
