import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { FakeClock, isoOf } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { createServer } from '../../base/http.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import { apiPort } from '../../drivers/network/driver.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { AwsClient } from '../aws/client.ts';
import { awslogs, container, payload, vpcSpec } from '../control-for-tests.ts';
import type { VpcListeners } from '../networks/networks.ts';
import { appSpec } from '../tasks/container-spec.ts';
import { containerName, metadataId } from '../tasks/names.ts';
import { newTaskView, type TaskView } from '../tasks/view.ts';
import { createMetadata } from './server.ts';

const installationId = '0a0a0a0a';

class ListeningNetwork extends FakeNetworkDriver {
  readonly servers = new Map<number, Server>();
  override async listenTcp(vpcId: string, address: string, port: number): Promise<Server> {
    const server = await super.listenTcp(vpcId, address, port);
    this.servers.set(port, server);
    return server;
  }
}

/** The task's own address, which is where the tests ask from. */
const here = '127.0.0.1';

function taskAt(index: number, address: string, more: Partial<PayloadTask> = {}): PayloadTask {
  const web = container('web', 'sleep 100000', {
    cpu: 128,
    restartPolicy: { enabled: true, ignoredExitCodes: [], restartAttemptPeriod: 60 },
    ...awslogs,
    dockerConfig: {
      ...awslogs.dockerConfig,
      version: '1.18',
      config: '{"Labels":{"team":"blue"}}',
    } as PayloadContainer['dockerConfig'],
    mountPoints: [{ sourceVolume: 'data', containerPath: '/data', readOnly: false }],
  });
  const task = payload(index, [web, container('side', 'sleep 100000')]);
  return {
    ...task,
    serviceName: 'shop',
    volumes: [
      {
        name: 'data',
        type: 'docker',
        dockerVolumeConfiguration: { scope: 'task', autoprovision: false, driver: 'local', driverOpts: {}, labels: {} },
      },
    ],
    elasticNetworkInterfaces: task.elasticNetworkInterfaces.map((eni) => ({
      ...eni,
      ipv4Addresses: [{ privateAddress: address, primary: true }],
    })),
    roleCredentials: {
      credentialsId: `credentials-${index}`,
      roleArn: 'arn:aws:iam::000000000000:role/task',
      accessKeyId: 'ASIA',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: '2026-01-01T06:00:00Z',
    },
    executionRoleCredentials: {
      credentialsId: `execution-${index}`,
      roleArn: 'arn:aws:iam::000000000000:role/execution',
      accessKeyId: 'ASIX',
      secretAccessKey: 'other',
      sessionToken: 'token',
      expiration: '2026-01-01T06:00:00Z',
    },
    ...more,
  };
}

let clock: FakeClock;
let docker: FakeDocker;
let network: ListeningNetwork;
let metadata: VpcListeners;
let aws: AwsClient;
let tasks: TaskView[];
let served: Socket[];
/** What the control plane's API answers to `ListTagsForResource`. */
let answer: { status: number; body: unknown };
/** What it was asked, in order. */
let asked: { target: string; body: unknown; authorization: string }[] = [];
const api = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { authorization = '', 'x-amz-target': target } = request.headers;
    asked.push({ target: String(target), body: JSON.parse(body), authorization });
  });
  response.writeHead(answer.status, { 'x-amzn-requestid': 'request-1' });
  response.end(JSON.stringify(answer.body));
});

beforeEach(async () => {
  clock = new FakeClock();
  docker = new FakeDocker({ clock });
  docker.addImage('shell:latest');
  network = new ListeningNetwork();
  const spec = vpcSpec();
  await network.applyVpc({
    ...spec,
    subnets: spec.subnets.map((subnet) => ({ ...subnet, availabilityZone: 'us-east-1b' })),
  });
  tasks = [];
  served = [];
  asked = [];
  answer = { status: 200, body: { tags: [{ key: 'team', value: 'blue' }] } };
  const listening = Promise.withResolvers<void>();
  api.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  aws = new AwsClient({ endpoint: `http://127.0.0.1:${(api.address() as AddressInfo).port}`, clock });
  metadata = createMetadata({
    network,
    docker,
    clock,
    log: silentLog,
    installationId,
    aws,
    storage: { of: () => Promise.resolve({ used: 260.5 * 2 ** 20, reserved: 20 * 2 ** 30 }) },
    timeSource: { drift: () => Promise.resolve({ errorBoundMs: 0.5, referenceAt: 1_000, synchronized: true }) },
    tasks: () => tasks,
    serveApi(connection) {
      served.push(connection);
      connection.end('api\n');
    },
  });
  const applied = network.specOf('vpc-1');
  if (applied !== undefined) await metadata.open(applied);
});

afterEach(async () => {
  await metadata.close('vpc-1');
  await network.close();
  aws.close();
  api.closeAllConnections();
  const closed = Promise.withResolvers<void>();
  api.close(() => closed.resolve());
  await closed.promise;
});

/** A task whose containers run (the second only where it says so). */
async function running(task: PayloadTask, sideRuns = false): Promise<TaskView> {
  const eni = task.elasticNetworkInterfaces[0]?.ec2Id ?? '';
  if (task.networkMode === 'awsvpc') await network.attach('vpc-1', eni, 1);
  const view = newTaskView(task);
  const [web, side] = view.containers;
  if (web === undefined || side === undefined) throw new Error('the task has two containers');
  const start = async (each: typeof web): Promise<typeof web> => {
    const id = await docker.create(appSpec(installationId, task, each.spec, { pauseId: 'pause' }));
    await docker.start(id);
    return { ...each, phase: 'running', id, pulled: true, startedAt: clock.now() };
  };
  const made: TaskView = {
    ...view,
    vpcId: 'vpc-1',
    attached: true,
    pause: { phase: 'running', id: 'pause', pid: 1, startedAt: clock.now() },
    pullStartedAt: clock.now(),
    pullStoppedAt: clock.now() + 1_000,
    containers: [
      { ...(await start(web)), imageDigest: 'sha256:1234', health: 'healthy', healthSince: clock.now() },
      sideRuns ? await start(side) : side,
    ],
  };
  tasks.push(made);
  return made;
}

interface Got {
  readonly status: number;
  readonly body: unknown;
}

async function get(path: string, options: RequestInit = {}): Promise<Got> {
  const address = network.servers.get(80)?.address() as AddressInfo | undefined;
  const asking = fetch(`http://127.0.0.1:${address?.port ?? 0}${path}`, options);
  // Whatever waits for time to pass need not wait.
  const done = { yet: false };
  void asking.finally(() => (done.yet = true)).catch(() => {});
  while (!done.yet) await clock.advance(100);
  const response = await asking;
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text };
}

const uriOf = (version: string, task: TaskView, name = 'web'): string =>
  `/${version}/${metadataId(installationId, task.payload, name)}`;

const taskArn = `arn:aws:ecs:us-east-1:000000000000:task/test/${'0'.repeat(32)}`;
const network0 = { NetworkMode: 'awsvpc', IPv4Addresses: [here] };
const properties = {
  AttachmentIndex: 0,
  MACAddress: '02:00:00:00:00:00',
  IPv4SubnetCIDRBlock: '10.0.0.0/24',
  DomainNameServers: ['169.254.169.253'],
  DomainNameSearchList: ['ec2.internal'],
  PrivateDNSName: 'ip-10-0-0-10.ec2.internal',
  SubnetGatewayIpv4Address: '10.0.0.1/24',
};

/** Every field of a container, by version and launch type. */
function expected(task: TaskView, version: string, startedAt: number): Record<string, unknown> {
  const { payload: of } = task;
  const volume = `ecs-family-1-data-`;
  const fargate = of.launchType === 'FARGATE';
  return {
    DockerId: task.containers[0]?.id,
    Name: 'web',
    DockerName: containerName(installationId, of, 'web'),
    Image: 'shell:latest',
    ImageID: 'sha256:1234',
    Labels: {
      team: 'blue',
      'com.amazonaws.ecs.cluster': fargate ? of.taskClusterArn : 'test',
      'com.amazonaws.ecs.container-name': 'web',
      'com.amazonaws.ecs.task-arn': taskArn,
      'com.amazonaws.ecs.task-definition-family': 'family',
      'com.amazonaws.ecs.task-definition-version': '1',
    },
    DesiredStatus: 'RUNNING',
    KnownStatus: 'RUNNING',
    Limits: { CPU: 128, ...(fargate ? {} : { Memory: 0 }) },
    CreatedAt: isoOf(startedAt),
    StartedAt: isoOf(startedAt),
    Type: 'NORMAL',
    Networks: [version === 'v4' ? { ...network0, ...properties } : network0],
    Health: { status: 'HEALTHY', statusSince: isoOf(startedAt) },
    Volumes: [
      {
        DockerName: expect.stringContaining(volume) as string,
        Source: expect.stringMatching(/^\/fake\/volumes\/.*\/_data$/) as string,
        Destination: '/data',
      },
    ],
    ...(version === 'v4'
      ? {
          LogDriver: 'awslogs',
          LogOptions: { 'awslogs-group': '/app', 'awslogs-stream-prefix': 'web' },
          ContainerARN: 'arn:aws:ecs:us-east-1:000000000000:container/c/t/web',
          ...(fargate ? { Snapshotter: 'overlayfs' } : {}),
          RestartCount: 0,
        }
      : {}),
  };
}

describe.each(['FARGATE', 'EC2'] as const)('metadata of a task on %s', (launchType) => {
  const fargate = launchType === 'FARGATE';

  test.each(['v4', 'v3', 'v2'])('%s, field by field', async (version) => {
    const startedAt = clock.now();
    const task = await running(taskAt(0, here, { launchType }));
    const web = expected(task, version, startedAt);
    const one = version === 'v2' ? `/v2/metadata/${task.containers[0]?.id}` : uriOf(version, task);
    expect(await get(one)).toEqual({ status: 200, body: web });

    const pause = {
      DockerId: 'pause',
      Name: '~internal~ecs~pause',
      DockerName: expect.stringMatching(/^ecs-family-1-internalecspause-/) as string,
      Image: 'amazon/amazon-ecs-pause:0.1.0',
      ImageID: '',
      Labels: {
        ...(web['Labels'] as object),
        team: undefined,
        'com.amazonaws.ecs.container-name': '~internal~ecs~pause',
      },
      DesiredStatus: 'RESOURCES_PROVISIONED',
      KnownStatus: 'RESOURCES_PROVISIONED',
      Limits: { CPU: 2, Memory: 0 },
      StartedAt: isoOf(startedAt),
      Type: 'CNI_PAUSE',
      Networks: web['Networks'],
    };
    const whole = {
      Cluster: fargate ? 'arn:aws:ecs:us-east-1:000000000000:cluster/test' : 'test',
      TaskARN: taskArn,
      Family: 'family',
      Revision: '1',
      DesiredStatus: 'RUNNING',
      KnownStatus: 'NONE',
      Containers: fargate ? [web] : [pause, web],
      Limits: { CPU: 0.25, Memory: 512 },
      PullStartedAt: isoOf(startedAt),
      PullStoppedAt: isoOf(startedAt + 1_000),
      AvailabilityZone: 'us-east-1b',
      ...(version === 'v4'
        ? {
            LaunchType: launchType,
            ...(fargate ? {} : { VPCID: 'vpc-1' }),
            ServiceName: 'shop',
            ...(fargate
              ? {
                  ClockDrift: {
                    ClockErrorBound: 0.5,
                    ReferenceTimestamp: isoOf(1_000),
                    ClockSynchronizationStatus: 'SYNCHRONIZED',
                  },
                  EphemeralStorageMetrics: { Utilized: 261, Reserved: 20_480 },
                }
              : {}),
            FaultInjectionEnabled: false,
          }
        : {}),
    };
    const base = version === 'v2' ? '/v2/metadata' : `${uriOf(version, task)}/task`;
    expect(await get(base)).toEqual({ status: 200, body: whole });

    const tagged = version === 'v2' ? '/v2/metadataWithTags' : `${uriOf(version, task)}/taskWithTags`;
    expect(await get(tagged)).toEqual({ status: 200, body: { ...whole, TaskTags: { team: 'blue' } } });
    answer = { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } };
    const refused = {
      ErrorField: 'TaskTags',
      ErrorCode: 'AccessDeniedException',
      ErrorMessage: 'no',
      StatusCode: 400,
      RequestId: 'request-1',
      ResourceARN: taskArn,
    };
    expect(await get(tagged)).toEqual({
      status: 200,
      body: version === 'v4' ? { ...whole, Errors: [refused] } : whole,
    });
  });
});

it('knows how far containers and task have come', async () => {
  const task = await running(taskAt(0, here));
  const [web, side] = task.containers;
  if (web === undefined || side === undefined) throw new Error('the task has two containers');
  const shown = async (containers: TaskView['containers'], more: Partial<TaskView> = {}): Promise<unknown> => {
    tasks = [{ ...task, containers, ...more }];
    const { body } = await get(`${uriOf('v4', task)}/task`);
    const { KnownStatus, Containers } = body as { KnownStatus: string; Containers: { KnownStatus: string }[] };
    return [KnownStatus, ...Containers.map((each) => each.KnownStatus)];
  };
  expect(await shown([web, { ...side, pulled: true }])).toEqual(['NONE', 'RUNNING', 'PULLED']);
  expect(await shown([web, { ...side, id: 'x', phase: 'created' }])).toEqual(['CREATED', 'RUNNING', 'CREATED']);
  expect(await shown([web, { ...side, id: 'x', phase: 'running' }])).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
  const ended = { ...web, restartFailed: true, phase: 'exited', exitCode: 3, finishedAt: clock.now() } as const;
  expect(await shown([ended, { ...side, failed: true }], { stoppedAt: clock.now(), executionStoppedAt: 0 })).toEqual([
    'STOPPED',
    'STOPPED',
  ]);
  expect((await get(uriOf('v4', task))).body).toMatchObject({
    ExitCode: 3,
    FinishedAt: isoOf(ended.finishedAt),
    KnownStatus: 'STOPPED',
  });
});

it('shows the image by the digest it was pulled by, also of a container found after a restart', async () => {
  const task = await running(taskAt(0, here), true);
  const { body } = await get(uriOf('v4', task, 'side'));
  const { repoDigests } = await docker.image('shell:latest');
  expect((body as { ImageID: string }).ImageID).toBe(repoDigests[0]?.split('@')[1]);
});

it('goes on without what only the engine knows while that is away', async () => {
  const task = await running(taskAt(0, here));
  docker.setAlive(false);
  const { status, body } = await get(uriOf('v4', task));
  expect(status).toBe(200);
  expect(body).toMatchObject({ Name: 'web', KnownStatus: 'RUNNING' });
  expect(await get(`${uriOf('v4', task)}/stats`)).toEqual({
    status: 500,
    body: `Unable to get container stats for: ${task.containers[0]?.id}`,
  });
});

describe('stats', () => {
  it('are of the engine, with the network of the task and its rate', async () => {
    const task = await running(taskAt(0, here), true);
    const startedAt = clock.now();
    const { status, body } = await get(`${uriOf('v4', task)}/stats`);
    expect(status).toBe(200);
    const measured = body as Record<string, string>;
    expect(body).toMatchObject({
      read: expect.any(String) as string,
      preread: expect.any(String) as string,
      cpu_stats: { cpu_usage: { total_usage: 1_000_000 }, online_cpus: 2 },
      precpu_stats: { cpu_usage: { total_usage: 1_000_000 } },
      memory_stats: { usage: 2 ** 20 },
      networks: { eth0: { rx_bytes: 0, rx_packets: 0, rx_errors: 0, rx_dropped: 0, tx_bytes: 0 } },
      network_rate_stats: { rx_bytes_per_sec: 0, tx_bytes_per_sec: 0 },
    });
    expect(Date.parse(measured['read'] ?? '') - Date.parse(measured['preread'] ?? '')).toBeGreaterThanOrEqual(1_000);
    expect(Date.parse(measured['preread'] ?? '')).toBeGreaterThanOrEqual(startedAt);
    for (const [path, rate] of [
      ['v4', true],
      ['v3', false],
    ] as const) {
      const all = (await get(`${uriOf(path, task)}/task/stats`)).body as Record<string, Record<string, unknown>>;
      expect(new Set(Object.keys(all))).toEqual(new Set(task.containers.map(({ id }) => id)));
      for (const use of Object.values(all)) {
        expect(use).toHaveProperty('cpu_stats');
        expect('network_rate_stats' in use).toBe(rate);
      }
    }
  });

  it('measure rates between two questions', async () => {
    const task = await running(taskAt(0, here));
    await network.applyVpc({
      ...vpcSpec(),
      securityGroups: [
        {
          groupId: 'sg-1',
          ingress: [{ protocol: '-1', fromPort: -1, toPort: -1, peer: { groupId: 'sg-1' } }],
          egress: [{ protocol: '-1', fromPort: -1, toPort: -1, peer: { cidr: '0.0.0.0/0' } }],
        },
      ],
    });
    await get(`${uriOf('v4', task)}/stats`);
    for (let sent = 0; sent < 10; sent++) {
      network.judge({ from: { vpcId: 'vpc-1', address: '10.0.0.10' }, to: '10.0.0.11', protocol: 'tcp', port: 80 });
    }
    await clock.advance(10_000);
    const { body } = await get(`${uriOf('v4', task)}/stats`);
    const { networks, network_rate_stats: rate } = body as {
      networks: { eth0: { tx_bytes: number; tx_packets: number } };
      network_rate_stats: { tx_bytes_per_sec: number };
    };
    expect(networks.eth0).toMatchObject({ tx_packets: 10, tx_bytes: 640 });
    expect(rate.tx_bytes_per_sec).toBeGreaterThan(50);
    expect(rate.tx_bytes_per_sec).toBeLessThanOrEqual(64);
  });

  it('are nothing of a container that does not run', async () => {
    const task = await running(taskAt(0, here));
    tasks = [
      { ...task, containers: task.containers.map((each) => ({ ...each, id: each.id ?? 'x', phase: 'exited' })) },
    ];
    const id = task.containers[0]?.id ?? '';
    const text = `Unable to get container stats for: ${id}`;
    expect(await get(`${uriOf('v4', task)}/stats`)).toEqual({ status: 500, body: text });
    expect(await get(`${uriOf('v3', task)}/stats`)).toEqual({ status: 400, body: text });
    expect(await get(`/v2/stats/${id}`)).toEqual({ status: 400, body: text });
    expect(await get(`${uriOf('v4', task)}/task/stats`)).toEqual({ status: 200, body: { [id]: {}, x: {} } });
    expect(await get('/v2/stats')).toEqual({ status: 200, body: { [id]: null, x: null } });
  });
});

describe('credentials', () => {
  const refused = (code: string, message: string, status = 400): Got => ({
    status,
    body: { code, message, HTTPErrorCode: status },
  });

  it('are those of the task role, for who knows the id', async () => {
    await running(taskAt(0, here));
    const body = {
      RoleArn: 'arn:aws:iam::000000000000:role/task',
      AccessKeyId: 'ASIA',
      SecretAccessKey: 'secret',
      Token: 'token',
      Expiration: '2026-01-01T06:00:00Z',
    };
    expect(await get('/v2/credentials/credentials-0')).toEqual({ status: 200, body });
    expect(await get('/v1/credentials?id=credentials-0')).toEqual({ status: 200, body });
  });

  it("are nobody else's, nor the execution role's", async () => {
    await running(taskAt(0, here));
    await running(taskAt(1, '10.0.0.11'));
    const unknown = refused('InvalidIdInRequest', 'CredentialsV2Request: Credentials not found');
    expect(await get('/v2/credentials/credentials-1')).toEqual(unknown);
    expect(await get('/v2/credentials/execution-0')).toEqual(unknown);
    expect(await get('/v2/credentials/')).toEqual(
      refused('NoIdInRequest', 'CredentialsV2Request: No Credential ID in the request'),
    );
    expect(await get('/v1/credentials')).toEqual(
      refused('NoIdInRequest', 'CredentialsV1Request: No Credential ID in the request'),
    );
  });

  it('are on their way until the control plane has spoken', async () => {
    const { roleCredentials: _, ...adopted } = taskAt(0, here);
    const task = await running(adopted);
    tasks = [{ ...task, fromLabel: true }];
    expect(await get('/v2/credentials/credentials-0')).toEqual(
      refused('CredentialsUninitialized', 'CredentialsV2Request: Credentials uninitialized for ID', 503),
    );
  });
});

it('knows zone and VPC of a task without an interface of its own by its instance', async () => {
  const own = await running(taskAt(0, here, { launchType: 'EC2' }));
  const { vpcId: _, ...view } = own;
  const seenFrom = { vpcId: 'vpc-1', address: here, interfaceId: 'eni-1' };
  tasks = [{ ...view, payload: { ...own.payload, networkMode: 'host', elasticNetworkInterfaces: [] }, seenFrom }];
  expect(await get(`${uriOf('v4', own)}/task`)).toMatchObject({
    status: 200,
    body: {
      VPCID: 'vpc-1',
      AvailabilityZone: 'us-east-1b',
      Containers: [{ Networks: [{ NetworkMode: 'host', IPv4Addresses: [''] }] }],
    },
  });
});

describe('tasks that share an address', () => {
  it('are told apart by the id in the path, and by it alone', async () => {
    const one = await running(taskAt(0, here));
    const other = await running(taskAt(1, here));
    for (const task of [one, other]) {
      expect(await get(`${uriOf('v4', task)}/task`)).toMatchObject({
        status: 200,
        body: { TaskARN: task.payload.arn },
      });
    }
    expect((await get('/v2/credentials/credentials-1')).status).toBe(200);
    expect(await get('/v2/metadata')).toEqual({
      status: 400,
      body: "Unable to get task arn from request: unable to associate '127.0.0.1' with task",
    });
  });
});

it("shows nobody another task's, in the agent's words", async () => {
  const other = await running(taskAt(1, '10.0.0.11'));
  const id = metadataId(installationId, other.payload, 'web');
  const noContainer = `unable to get container ID from request: unable to get docker ID from v3 endpoint ID: ${id}`;
  const noTask = `unable to get task arn from request: unable to get task Arn from v3 endpoint ID: ${id}`;
  const rows = [
    [`/v4/${id}`, 404, `V4 container metadata handler: ${noContainer}`],
    [`/v4/${id}/task`, 404, `V4 task metadata handler: ${noTask}`],
    [`/v4/${id}/taskWithTags`, 404, `V4 task metadata handler: ${noTask}`],
    [`/v4/${id}/stats`, 404, `V4 container stats handler: ${noTask}`],
    [`/v4/${id}/task/stats`, 404, `V4 task stats handler: ${noTask}`],
    [`/v3/${id}`, 500, `V3 container metadata handler: ${noContainer}`],
    [`/v3/${id}/task`, 500, `V3 task metadata handler: ${noTask}`],
    [`/v3/${id}/stats`, 400, `V3 container stats handler: ${noTask}`],
    [`/v3/${id}/task/stats`, 400, `V3 task stats handler: ${noTask}`],
    ['/v2/metadata', 400, "Unable to get task arn from request: unable to associate '127.0.0.1' with task"],
    ['/v2/stats', 400, "Unable to get task arn from request: unable to associate '127.0.0.1' with task"],
  ] as const;
  for (const [path, status, body] of rows) expect(await get(path), path).toEqual({ status, body });
  await running(taskAt(0, here));
  const theirs = other.containers[0]?.id ?? '';
  expect(await get(`/v2/metadata/${theirs}`)).toEqual({
    status: 400,
    body: `Unable to generate metadata for container '${theirs}'`,
  });
});

it('has no other pages', async () => {
  const task = await running(taskAt(0, here));
  for (const path of ['/', '/v5/x', '/latest/meta-data', `${uriOf('v4', task)}/tasks`, '/v2/metadataX', '/v1/']) {
    expect(await get(path), path).toEqual({ status: 404, body: '404 page not found\n' });
  }
});

it('refuses whoever asks too often, until time has passed', async () => {
  await running(taskAt(0, here));
  const address = network.servers.get(80)?.address() as AddressInfo;
  const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${address.port}/v2/credentials/x`)).status;
  const all: number[] = [];
  for (let asked = 0; asked < 61; asked++) all.push(await ask());
  expect(all.filter((status) => status === 400)).toHaveLength(60);
  expect(all.at(-1)).toBe(429);
  await clock.advance(100);
  expect(await ask()).toBe(400);
});

it('hands connections to the AWS APIs over, and ends them with the VPC', async () => {
  const address = network.servers.get(apiPort)?.address() as AddressInfo;
  await fetch(`http://127.0.0.1:${address.port}/`).catch(() => {});
  expect(served).toHaveLength(1);
});

describe('task protection', () => {
  const uri = (task: TaskView): string =>
    `/api/${metadataId(installationId, task.payload, 'web')}/task-protection/v1/state`;
  const put = (task: TaskView, body: unknown): Promise<Got> =>
    get(uri(task), { method: 'PUT', body: typeof body === 'string' ? body : JSON.stringify(body) });
  const failed = (status: number, Code: string, Message: string, Arn?: string): Got => ({
    status,
    body: { error: { ...(Arn === undefined ? {} : { Arn }), Code, Message } },
  });

  it('is asked for and told in the name of the task role', async () => {
    const task = await running(taskAt(0, here));
    const shown = { taskArn, protectionEnabled: true, expirationDate: 1_767_225_600 };
    answer = { status: 200, body: { protectedTasks: [shown], failures: [] } };
    const protection = { TaskArn: taskArn, ProtectionEnabled: true, ExpirationDate: '2026-01-01T00:00:00Z' };
    expect(await put(task, { ProtectionEnabled: true, ExpiresInMinutes: 60 })).toEqual({
      status: 200,
      body: { protection },
    });
    const cluster = 'arn:aws:ecs:us-east-1:000000000000:cluster/test';
    expect(asked).toEqual([
      {
        target: 'AmazonEC2ContainerServiceV20141113.UpdateTaskProtection',
        body: { cluster, tasks: [taskArn], protectionEnabled: true, expiresInMinutes: 60 },
        authorization: expect.stringContaining('Credential=ASIA/') as string,
      },
    ]);
    answer = { status: 200, body: { protectedTasks: [{ taskArn, protectionEnabled: false }] } };
    expect(await get(uri(task))).toEqual({
      status: 200,
      body: { protection: { TaskArn: taskArn, ProtectionEnabled: false, ExpirationDate: null } },
    });
    expect(asked[1]).toMatchObject({
      target: 'AmazonEC2ContainerServiceV20141113.GetTaskProtection',
      body: { cluster, tasks: [taskArn] },
    });
  });

  it("answers failures and errors in the agent's words", async () => {
    const task = await running(taskAt(0, here));
    answer = { status: 200, body: { failures: [{ arn: taskArn, reason: 'TASK_NOT_VALID' }] } };
    expect(await get(uri(task))).toEqual({
      status: 200,
      body: { failure: { Arn: taskArn, Detail: null, Reason: 'TASK_NOT_VALID' } },
    });
    answer = { status: 400, body: { __type: 'InvalidParameterException', message: 'no' } };
    expect(await put(task, { ProtectionEnabled: true, ExpiresInMinutes: 0 })).toEqual({
      status: 400,
      body: { requestID: 'request-1', error: { Arn: taskArn, Code: 'InvalidParameterException', Message: 'no' } },
    });
    const unreadable = failed(400, 'InvalidParameterException', 'UpdateTaskProtection: failed to decode request');
    for (const body of ['', '[]', '{"Other":1}', '{"ProtectionEnabled":"yes"}', '{"ExpiresInMinutes":1.5}']) {
      expect(await put(task, body), body).toEqual(unreadable);
    }
    const missing = "Invalid request: does not contain 'ProtectionEnabled' field";
    expect(await put(task, '{}')).toEqual(failed(400, 'InvalidParameterException', missing, taskArn));
    const { roleCredentials: _, ...bare } = task.payload;
    tasks = [{ ...task, payload: bare }];
    const denied = 'Invalid Request: no task IAM role credentials available for task';
    expect(await get(uri(task))).toEqual(failed(403, 'AccessDeniedException', denied, taskArn));
    tasks = [];
    expect(await get(uri(task))).toEqual(
      failed(404, 'ResourceNotFoundException', 'Failed to find a task for the request'),
    );
    expect(await get(uri(task), { method: 'POST' })).toEqual({ status: 405, body: '' });
  });
});
