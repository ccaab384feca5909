import { randomBytes } from 'node:crypto';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
  type Subnet,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  GetTaskProtectionCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
  UpdateTaskProtectionCommand,
  waitUntilTasksStopped,
  type Task,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { given } from '../../src/base/given.ts';
import { eventually, run } from '../support/clients.ts';
import { sdk } from '../support/web-service.ts';
import { buildNodeImage, buildPythonImage, findBoto3 } from './images.ts';

const tag = `stowage-in-task-${randomBytes(4).toString('hex')}`;
const python = await findBoto3();
/** What a program found, by name. */
type Found = Record<string, unknown>;

let installation: TestInstallation;
let subnet: Subnet;
let groupId: string;
let roleArn: string;
let secretArn: string;

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

function config() {
  return {
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

beforeAll(async () => {
  [installation] = await Promise.all([
    startInstallation(),
    buildNodeImage(`${tag}:node`),
    ...(python === undefined ? [] : [buildPythonImage(`${tag}:python`, python)]),
  ]);
  const { ecs, ec2 } = sdk(installation);
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  const [first] = Subnets ?? [];
  if (first === undefined) throw new Error('the default VPC has subnets');
  subnet = first;
  // A group that allows nothing at all: what the platform itself offers is not the groups' business.
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'shut', Description: 'shut', VpcId: first.VpcId }),
  );
  groupId = GroupId;
  const everything = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: everything }));
  await ecs.send(new CreateClusterCommand({ clusterName: 'inside' }));
  const parameter = { Name: '/inside/parameter', Type: 'SecureString', Value: 'hunter2' } as const;
  await new SSMClient(config()).send(new PutParameterCommand(parameter));
  const secret = { Name: 'inside', SecretString: JSON.stringify({ password: 'hunter3' }) };
  secretArn = (await new SecretsManagerClient(config()).send(new CreateSecretCommand(secret))).ARN ?? '';
  await new S3Client({ ...config(), forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'inside' }));
  const iam = new IAMClient(config());
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'inside', AssumeRolePolicyDocument: trust }));
  roleArn = Role?.Arn ?? '';
});

afterAll(async () => {
  installation?.remove();
  await run('docker', ['rmi', '--force', `${tag}:node`, `${tag}:python`]);
});

/**
 * Runs a program that looks around as a task without any way out, to its end: on Fargate, or in another network mode on the
 * cluster's instance.
 */
async function look(
  image: 'node' | 'python',
  networkMode: 'awsvpc' | 'bridge' | 'host' = 'awsvpc',
): Promise<{ task: Task; found: Found; definition: string }> {
  const { ecs } = sdk(installation);
  const fargate = networkMode === 'awsvpc';
  const family = fargate ? image : `${image}-${networkMode}`;
  const options = {
    'awslogs-group': '/inside',
    'awslogs-region': 'us-east-1',
    'awslogs-stream-prefix': family,
    'awslogs-create-group': 'true',
    mode: 'non-blocking',
  };
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      requiresCompatibilities: [fargate ? 'FARGATE' : 'EC2'],
      networkMode,
      cpu: '256',
      memory: '512',
      taskRoleArn: roleArn,
      executionRoleArn: roleArn,
      enableFaultInjection: family === 'node',
      volumes: [{ name: 'scratch' }],
      containerDefinitions: [
        {
          name: 'look',
          image: `${tag}:${image}`,
          environment: [{ name: 'GREETING', value: 'hello' }],
          secrets: [
            { name: 'PARAMETER', valueFrom: '/inside/parameter' },
            { name: 'PASSWORD', valueFrom: `${secretArn}:password::` },
          ],
          dockerLabels: { team: 'blue' },
          mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch' }],
          logConfiguration: { logDriver: 'awslogs', options },
        },
      ],
    }),
  );
  const { tasks: started } = await ecs.send(
    new RunTaskCommand({
      cluster: 'inside',
      taskDefinition: family,
      launchType: fargate ? 'FARGATE' : 'EC2',
      ...(fargate
        ? {
            networkConfiguration: {
              awsvpcConfiguration: {
                subnets: [subnet.SubnetId ?? ''],
                securityGroups: [groupId],
                assignPublicIp: 'DISABLED' as const,
              },
            },
          }
        : {}),
      tags: [{ key: 'team', value: 'blue' }],
    }),
  );
  const query = { cluster: 'inside', tasks: [started?.[0]?.taskArn ?? ''] };
  await waitUntilTasksStopped({ client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 }, query);
  const { tasks: ended } = await ecs.send(new DescribeTasksCommand(query));
  const [task] = ended ?? [];
  if (task === undefined) throw new Error('the task is gone');
  const logs = new CloudWatchLogsClient(config());
  const { events } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: '/inside', logStreamNamePrefix: `${family}/` }),
  );
  const lines = (events ?? []).map(({ message = '' }) => message);
  const found = lines.map((line) => {
    try {
      const { name, value, error } = JSON.parse(line) as { name: string; value?: unknown; error?: string };
      return [name, error ?? value] as const;
    } catch {
      return ['output', line] as const;
    }
  });
  return { task, found: Object.fromEntries(found), definition: taskDefinition?.taskDefinitionArn ?? '' };
}

/** Whatever has the form of a time. */
const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
const text: unknown = expect.any(String);
const number: unknown = expect.any(Number);

describe('a container with the AWS SDK for JavaScript', () => {
  let task: Task;
  let found: Found;
  beforeAll(async () => {
    ({ task, found } = await look('node'));
  });

  const idOf = (): string => task.taskArn?.split('/').at(-1) ?? '';
  const detail = (name: string): string =>
    task.attachments?.[0]?.details?.find((each) => each.name === name)?.value ?? '';

  test('ended well, and finds its environment', () => {
    expect(found['output']).toBeUndefined();
    expect(task).toMatchObject({ stopCode: 'EssentialContainerExited', containers: [{ exitCode: 0 }] });
    const id = new RegExp(`^http://169\\.254\\.170\\.2/v4/(${idOf()}-\\w+)$`).exec(
      (found['environment'] as Record<string, string>)['ECS_CONTAINER_METADATA_URI_V4'] ?? '',
    )?.[1];
    expect(found['environment']).toMatchObject({
      GREETING: 'hello',
      PARAMETER: 'hunter2',
      PASSWORD: 'hunter3',
      AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://169.254.170.2:4566',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: expect.stringMatching(/^\/v2\/credentials\/[0-9a-f-]{36}$/) as string,
      ECS_AGENT_URI: `http://169.254.170.2/api/${id}`,
      ECS_CONTAINER_METADATA_URI: `http://169.254.170.2/v3/${id}`,
    });
  });

  test('is the task role, and calls the AWS APIs with no configuration', () => {
    expect(found['identity']).toEqual({
      Account: '000000000000',
      Arn: `arn:aws:sts::000000000000:assumed-role/inside/${idOf()}`,
      UserId: expect.stringMatching(new RegExp(`^AROA\\w+:${idOf()}$`)) as string,
    });
    expect(found['clusters']).toContain('arn:aws:ecs:us-east-1:000000000000:cluster/inside');
    expect(found['object']).toBe('written inside');
    expect(found['credentials']).toEqual({
      status: 200,
      body: {
        RoleArn: roleArn,
        AccessKeyId: expect.stringMatching(/^ASIA/) as string,
        SecretAccessKey: text,
        Token: text,
        Expiration: time,
      },
    });
    expect(found['own paths']).toMatchObject({ status: 403 });
  });

  const networkOf = (version: number): Record<string, unknown> => ({
    NetworkMode: 'awsvpc',
    IPv4Addresses: [detail('privateIPv4Address')],
    ...(version < 4
      ? {}
      : {
          AttachmentIndex: 0,
          MACAddress: detail('macAddress'),
          IPv4SubnetCIDRBlock: subnet.CidrBlock,
          DomainNameServers: ['169.254.169.253'],
          DomainNameSearchList: ['ec2.internal'],
          PrivateDNSName: detail('privateDnsName'),
          SubnetGatewayIpv4Address: expect.stringMatching(/^172\.31\.\d+\.1\/20$/) as string,
        }),
  });

  const containerOf = (version: number): Record<string, unknown> => ({
    DockerId: task.containers?.[0]?.runtimeId,
    Name: 'look',
    DockerName: expect.stringMatching(/^ecs-node-1-look-/) as string,
    Image: `${tag}:node`,
    ImageID: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
    Labels: {
      team: 'blue',
      'com.amazonaws.ecs.cluster': 'arn:aws:ecs:us-east-1:000000000000:cluster/inside',
      'com.amazonaws.ecs.container-name': 'look',
      'com.amazonaws.ecs.task-arn': task.taskArn,
      'com.amazonaws.ecs.task-definition-family': 'node',
      'com.amazonaws.ecs.task-definition-version': '1',
    },
    DesiredStatus: 'RUNNING',
    KnownStatus: 'RUNNING',
    Limits: { CPU: 2 },
    CreatedAt: time,
    StartedAt: time,
    Type: 'NORMAL',
    Networks: [networkOf(version)],
    Volumes: [{ DockerName: text, Source: expect.stringMatching(/_data$/) as string, Destination: '/scratch' }],
    ...(version < 4
      ? {}
      : {
          LogDriver: 'awslogs',
          LogOptions: {
            'awslogs-group': '/inside',
            'awslogs-region': 'us-east-1',
            'awslogs-stream-prefix': 'node',
            'awslogs-create-group': 'true',
            mode: 'non-blocking',
          },
          ContainerARN: task.containers?.[0]?.containerArn,
          Snapshotter: 'overlayfs',
        }),
  });

  const drift = {
    ClockErrorBound: expect.any(Number) as number,
    ReferenceTimestamp: time,
    ClockSynchronizationStatus: expect.stringMatching(/^(NOT_)?SYNCHRONIZED$/) as string,
  };
  const taskOf = (version: number): Record<string, unknown> => ({
    Cluster: 'arn:aws:ecs:us-east-1:000000000000:cluster/inside',
    TaskARN: task.taskArn,
    Family: 'node',
    Revision: '1',
    DesiredStatus: 'RUNNING',
    KnownStatus: 'RUNNING',
    Containers: [containerOf(version)],
    Limits: { CPU: 0.25, Memory: 512 },
    PullStartedAt: time,
    PullStoppedAt: time,
    AvailabilityZone: subnet.AvailabilityZone,
    ...(version < 4
      ? {}
      : {
          LaunchType: 'FARGATE',
          // Where this machine has chrony.
          ...given('ClockDrift', (found['v4/task'] as { body: { ClockDrift?: unknown } }).body.ClockDrift && drift),
          EphemeralStorageMetrics: { Utilized: expect.any(Number) as number, Reserved: 20_480 },
          FaultInjectionEnabled: true,
        }),
  });

  test('finds its metadata in every version, field by field', () => {
    expect(found['v4']).toEqual({ status: 200, body: containerOf(4) });
    expect(found['v4/task']).toEqual({ status: 200, body: taskOf(4) });
    expect(found['v4/taskWithTags']).toEqual({ status: 200, body: { ...taskOf(4), TaskTags: { team: 'blue' } } });
    expect(found['v3']).toEqual({ status: 200, body: containerOf(3) });
    expect(found['v3/task']).toEqual({ status: 200, body: taskOf(3) });
    expect(found['v2/metadata']).toEqual({ status: 200, body: taskOf(2) });
    const { EphemeralStorageMetrics: storage } = (found['v4/task'] as { body: Record<string, { Utilized: number }> })
      .body;
    // The image is most of it: Node alone.
    expect(storage?.Utilized).toBeGreaterThan(30);
    expect(storage?.Utilized).toBeLessThan(1_000);
  });

  test('finds what it uses', () => {
    const id = task.containers?.[0]?.runtimeId ?? '';
    const use = {
      id,
      read: time,
      preread: time,
      cpu_stats: { cpu_usage: { total_usage: number }, system_cpu_usage: number, online_cpus: number },
      precpu_stats: { cpu_usage: { total_usage: number }, system_cpu_usage: number },
      memory_stats: { usage: number, limit: number },
      pids_stats: { current: number },
      networks: { eth0: { rx_bytes: number, rx_packets: number, tx_bytes: number, tx_packets: number } },
    };
    const rate = { network_rate_stats: { rx_bytes_per_sec: number, tx_bytes_per_sec: number } };
    expect(found['v4/stats']).toMatchObject({ status: 200, body: { ...use, ...rate } });
    expect(found['v4/task/stats']).toMatchObject({ status: 200, body: { [id]: { ...use, ...rate } } });
    expect(found['v3/stats']).toMatchObject({ status: 200, body: use });
    expect(found['v2/stats']).toMatchObject({ status: 200, body: { [id]: use } });
    const { body } = found['v4/stats'] as {
      body: { networks: { eth0: { rx_bytes: number } }; memory_stats: { limit: number } };
    };
    expect(body.networks.eth0.rx_bytes).toBeGreaterThan(0);
    expect(body.memory_stats.limit).toBe(512 * 2 ** 20);
  });

  test('injures its own network with enableFaultInjection, and heals it', () => {
    expect(found['fault/start']).toEqual({ status: 200, body: { Status: 'running' } });
    expect(found['fault/status']).toEqual({ status: 200, body: { Status: 'running' } });
    expect(found['fault/while']).toMatch(/^TimeoutError/);
    expect(found['fault/stop']).toEqual({ status: 200, body: { Status: 'stopped' } });
    expect(found['fault/after']).toMatchObject({ status: 403 });
    // A kernel without netem says so.
    expect([
      { status: 200, body: { Status: 'running' } },
      { status: 500, body: { Error: 'internal error' } },
    ]).toContainEqual(found['fault/latency']);
  });
});

describe('a container on an instance', () => {
  beforeAll(async () => {
    const { ecs, ec2 } = sdk(installation);
    const Filters = [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*-x86_64-ebs'] }];
    const { Images } = await ec2.send(new DescribeImagesCommand({ Filters }));
    await ec2.send(
      new RunInstancesCommand({
        ImageId: Images?.[0]?.ImageId,
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnet.SubnetId,
        SecurityGroupIds: [groupId],
        UserData: Buffer.from('#!/bin/bash\necho ECS_CLUSTER=inside >> /etc/ecs/ecs.config\n').toString('base64'),
      }),
    );
    await eventually('its agent is connected', 30_000, async () => {
      const filter = 'agentConnected == true';
      const found = await ecs.send(new ListContainerInstancesCommand({ cluster: 'inside', filter }));
      return found.containerInstanceArns?.length === 1 ? true : undefined;
    });
  });

  test.each(['bridge', 'host'] as const)('is the task role in network mode %s too', async (mode) => {
    const { task, found } = await look('node', mode);
    expect(found['output']).toBeUndefined();
    const id = task.taskArn?.split('/').at(-1) ?? '';
    expect(found['environment']).toMatchObject({ AWS_ENDPOINT_URL: 'http://169.254.170.2:4566' });
    expect(found['identity']).toMatchObject({ Arn: `arn:aws:sts::000000000000:assumed-role/inside/${id}` });
    expect(found['clusters']).toContain('arn:aws:ecs:us-east-1:000000000000:cluster/inside');
    expect(found['object']).toBe('written inside');
    expect(found['v4/task']).toMatchObject({ status: 200, body: { TaskARN: task.taskArn, LaunchType: 'EC2' } });
    // The control plane's own paths are not served to tasks.
    expect(found['own paths']).not.toMatchObject({ status: 200 });
  });
});

describe('a container with boto3', () => {
  test.skipIf(python === undefined)(
    python === undefined
      ? 'is the task role (no Python with boto3 here: apt-get install python3-boto3)'
      : 'is the task role',
    async () => {
      const { task, found } = await look('python');
      expect(found['output']).toBeUndefined();
      const id = task.taskArn?.split('/').at(-1) ?? '';
      expect(found['identity']).toMatchObject({ Arn: `arn:aws:sts::000000000000:assumed-role/inside/${id}` });
      expect(found['clusters']).toContain('arn:aws:ecs:us-east-1:000000000000:cluster/inside');
      expect(found['object']).toBe('written inside');
      expect(found['secrets']).toEqual(['hunter2', 'hunter3']);
      expect(found['v4/task']).toMatchObject({ status: 200, body: { TaskARN: task.taskArn } });
    },
  );
});

test('a task of a service protects itself, and keeps its identity when the control plane is killed', async () => {
  const { ecs } = sdk(installation);
  const logs = new CloudWatchLogsClient(config());
  /** What it said, in order. */
  const said = async (name: string): Promise<unknown[]> => {
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/inside', logStreamNamePrefix: 'stay/' }),
    );
    return (events ?? [])
      .map(({ message = '' }) => JSON.parse(message) as { name: string; value: unknown })
      .flatMap((each) => (each.name === name ? [each.value] : []));
  };
  const options = { 'awslogs-group': '/inside', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'stay' };
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'stay',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      taskRoleArn: roleArn,
      executionRoleArn: roleArn,
      containerDefinitions: [
        {
          name: 'stay',
          image: `${tag}:node`,
          entryPoint: ['/bin/node', '/app/stay.mjs'],
          logConfiguration: { logDriver: 'awslogs', options: { ...options, 'awslogs-create-group': 'true' } },
        },
      ],
    }),
  );
  const service = { cluster: 'inside', service: 'stay' };
  const subnets = [subnet.SubnetId ?? ''];
  await ecs.send(
    new CreateServiceCommand({
      cluster: 'inside',
      serviceName: 'stay',
      taskDefinition: 'stay',
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups: [groupId] } },
    }),
  );
  const identity = await eventually('it knows itself', 30_000, async () => (await said('identity')).at(-1));
  const { taskArns } = await ecs.send(new ListTasksCommand({ cluster: 'inside', serviceName: 'stay' }));
  const [taskArn = ''] = taskArns ?? [];
  expect(identity).toBe(`arn:aws:sts::000000000000:assumed-role/inside/${taskArn.split('/').at(-1)}`);
  const protection = {
    TaskArn: taskArn,
    ProtectionEnabled: true,
    ExpirationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
  };
  for (const name of ['protection', 'state']) {
    expect(await said(name)).toEqual([{ status: 200, body: { protection } }]);
  }

  await ecs.send(new UpdateServiceCommand({ ...service, desiredCount: 0 }));
  await eventually('the scheduler has taken note', 10_000, async () => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'inside', services: ['stay'] }));
    return services?.[0]?.deployments?.[0]?.desiredCount === 0 ? true : undefined;
  });
  const query = { cluster: 'inside', tasks: [taskArn] };
  const before = await ecs.send(new DescribeTasksCommand(query));
  expect(before.tasks).toMatchObject([{ desiredStatus: 'RUNNING', lastStatus: 'RUNNING' }]);

  const pid = installation.pid();
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  installation.stowage('up', '--detach');
  // It noticed that nobody answered, and then is who it was, by the credentials under the same path.
  const seen = await eventually('it is back', 30_000, async () => {
    const all = await said('identity');
    return all.length > 1 && all.at(-1) === identity ? all : undefined;
  });
  const answered = seen.filter((each) => !/^(away|status 503)/.test(String(each)));
  expect(new Set(answered)).toEqual(new Set([identity]));
  const { protectedTasks } = await ecs.send(new GetTaskProtectionCommand(query));
  expect(protectedTasks).toMatchObject([{ taskArn, protectionEnabled: true }]);
  await ecs.send(new UpdateTaskProtectionCommand({ ...query, protectionEnabled: false }));
  await waitUntilTasksStopped({ client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 }, query);
  const after = await ecs.send(new DescribeTasksCommand(query));
  expect(after.tasks).toMatchObject([{ stopCode: 'ServiceSchedulerInitiated', containers: [{ exitCode: 0 }] }]);
});
