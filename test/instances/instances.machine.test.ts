import { verify, X509Certificate } from 'node:crypto';
import { ModifyInstanceMetadataOptionsCommand } from '@aws-sdk/client-ec2';
import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  PutAttributesCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  UpdateContainerInstancesStateCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/clients.ts';
import { gone } from '../support/installation.ts';
import { curl, inside, Scene } from './scene.ts';

// What programs on EC2 instances find, asked from their own networks with curl and the unmodified aws CLI.

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open('instances-of');
});
afterAll(() => scene.installation.remove());

const session = ['-X', 'PUT', '-H', 'X-aws-ec2-metadata-token-ttl-seconds: 60'];

test('the metadata service answers as on EC2, to those whom EC2 answers', async () => {
  const { installation, clients } = scene;
  const [instance] = await scene.launch(1, {
    IamInstanceProfile: { Name: 'ecsInstanceRole' },
    MetadataOptions: { InstanceMetadataTags: 'enabled' },
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
    config: 'ECS_AWSVPC_BLOCK_IMDS=true',
  });
  const id = instance?.InstanceId ?? '';
  await Promise.all([scene.define('bridge', 'bridge'), scene.define('host', 'host'), scene.define('own', 'awsvpc')]);
  const EC2 = { launchType: 'EC2' } as const;
  const own = { networkConfiguration: scene.awsvpc };
  const [itself, host, bridge, blocked, fargate] = await Promise.all([
    scene.processOf(id),
    scene.start('host', EC2),
    scene.start('bridge', EC2),
    scene.start('own', { ...EC2, ...own }),
    scene.start('own', { launchType: 'FARGATE', ...own }),
  ]);

  // Host mode is the instance's own network.
  const ask = async (path: string, ...more: string[]) => (await curl(host, path, ...more)).body;
  expect(await ask('/latest/meta-data/instance-id')).toBe(id);
  expect(await ask('/latest/meta-data/local-ipv4')).toBe(instance?.PrivateIpAddress);
  expect(await ask('/latest/meta-data/public-ipv4')).toBe(instance?.PublicIpAddress);
  expect(await ask('/latest/meta-data/tags/instance/Name')).toBe('web');
  expect(await ask('/latest/user-data')).toMatch(/^#!\/bin\/bash\n/);
  const listing = (await ask('/latest/meta-data/')).split('\n');
  for (const entry of ['ami-id', 'iam/', 'network/', 'placement/', 'tags/']) expect(listing).toContain(entry);
  const mac = await ask('/latest/meta-data/mac');
  expect(await ask(`/latest/meta-data/network/interfaces/macs/${mac}/subnet-id`)).toBe(instance?.SubnetId);
  const identity = '/latest/dynamic/instance-identity';
  const document = await ask(`${identity}/document`);
  expect(JSON.parse(document)).toMatchObject({ instanceId: id });
  const signature = Buffer.from(await ask(`${identity}/signature`), 'base64');
  const { publicKey } = new X509Certificate(installation.stowage('ca', '--instance-identity'));
  expect(verify('sha256', Buffer.from(document), publicKey, signature)).toBe(true);
  expect(await ask(`${identity}/rsa2048`)).toMatch(/^[A-Za-z0-9+/=\n]{1000,}$/);

  // A session: the instance gets one, a container a hop further away does not, and asks without.
  const token = (await curl(host, '/latest/api/token', ...session)).body;
  expect(token).toHaveLength(56);
  const timeout = 28;
  expect((await curl(bridge, '/latest/api/token', ...session)).exit).toBe(timeout);
  expect((await curl(bridge, '/latest/meta-data/instance-id')).body).toBe(id);
  // Neither a task whose agent blocks it, nor one of Fargate; both hear so at once.
  const unreachable = 7;
  expect((await curl(blocked, '/latest/meta-data/')).exit).toBe(unreachable);
  expect((await curl(fargate, '/latest/meta-data/')).exit).toBe(unreachable);

  const change = async (options: object, until: () => Promise<boolean>) => {
    await clients.ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, ...options }));
    await eventually(JSON.stringify(options), 10_000, async () => ((await until()) ? true : undefined));
  };
  await change({ HttpTokens: 'required' }, async () => (await curl(host, '/latest/meta-data/')).status === 401);
  const header = ['-H', `X-aws-ec2-metadata-token: ${token}`];
  expect(await ask('/latest/meta-data/instance-id', ...header)).toBe(id);
  await change(
    { HttpPutResponseHopLimit: 2 },
    async () => (await curl(bridge, '/latest/api/token', ...session)).status === 200,
  );

  // The unmodified CLI finds the role by itself, and the session is real.
  const {
    AWS_ACCESS_KEY_ID: _id,
    AWS_SECRET_ACCESS_KEY: _secret,
    AWS_EC2_METADATA_DISABLED: _off,
    ...env
  } = installation.env;
  const cli = ['aws', '--endpoint-url', 'http://169.254.170.2:4566', 'sts', 'get-caller-identity', '--query', 'Arn'];
  for (const pid of [itself, bridge]) {
    const who = await inside(pid, [...cli, '--output', 'text'], { ...env, HOME: installation.home });
    expect(who.stdout.trim()).toBe(`arn:aws:sts::000000000000:assumed-role/ecsInstanceRole/${id}`);
  }
  // Its role has no policies.
  const asked = ['aws', '--endpoint-url', 'http://169.254.170.2:4566', 'ecs', 'list-clusters'];
  expect((await inside(itself, asked, { ...env, HOME: installation.home })).stderr).toContain(
    `(AccessDeniedException) when calling the ListClusters operation: User: arn:aws:sts::000000000000:assumed-role/ecsInstanceRole/${id} is not authorized to perform: ecs:ListClusters`,
  );

  // Sessions outlive the control plane that began them.
  const before = installation.pid();
  process.kill(before, 'SIGKILL');
  await gone(before);
  installation.stowage('up', '--detach');
  await eventually('it answers again', 20_000, async () =>
    (await ask('/latest/meta-data/instance-id', ...header)) === id ? true : undefined,
  );

  await change({ HttpEndpoint: 'disabled' }, async () => (await curl(host, '/', ...header)).status === 403);
});

test('a daemon has a task on each instance, also on one that comes later, and leaves what is drained last', async () => {
  const { clients, cluster } = scene;
  const { ecs } = clients;
  const arn = async () => {
    const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
    return containerInstanceArns;
  };
  /** The instances on which its tasks run, of one revision. */
  const places = async (revision: number): Promise<string> => {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, serviceName: 'everywhere' }));
    if (taskArns.length === 0) return '';
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    return tasks
      .filter(({ lastStatus, taskDefinitionArn }) => {
        return lastStatus === 'RUNNING' && taskDefinitionArn?.endsWith(`daemon:${revision}`) === true;
      })
      .map(({ containerInstanceArn = '' }) => containerInstanceArn)
      .toSorted()
      .join(' ');
  };
  const settled = (revision: number, wanted: readonly string[]) =>
    eventually(`daemon:${revision} on ${wanted.length} instances`, 30_000, async () =>
      (await places(revision)) === wanted.toSorted().join(' ') ? true : undefined,
    );
  await scene.define('daemon', 'bridge');
  const serviceName = 'everywhere';
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName,
      taskDefinition: 'daemon',
      launchType: 'EC2',
      schedulingStrategy: 'DAEMON',
    }),
  );
  const [first = ''] = await arn();
  await settled(1, [first]);
  await scene.launch(2, { config: 'ECS_RESERVED_MEMORY=256' });
  const both = await arn();
  await settled(1, both);
  // Every one is replaced in its place.
  await scene.define('daemon', 'bridge');
  await ecs.send(new UpdateServiceCommand({ cluster, service: serviceName, taskDefinition: 'daemon' }));
  await settled(2, both);
  const second = both.find((each) => each !== first) ?? '';
  const containerInstances = [second];
  await ecs.send(new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status: 'DRAINING' }));
  await settled(2, [first]);
  await eventually('its count follows', 10_000, async () => {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [serviceName] }));
    const [{ desiredCount, schedulingStrategy } = {}] = services;
    return desiredCount === 1 && schedulingStrategy === 'DAEMON' ? true : undefined;
  });
  await ecs.send(new DeleteServiceCommand({ cluster, service: serviceName }));
  await settled(2, []);
});

test('tasks are placed by constraints and strategies, and what has no place is told', async () => {
  const { clients, cluster } = scene;
  const { ecs } = clients;
  const { containerInstanceArns: [first = '', second = ''] = [] } = await ecs.send(
    new ListContainerInstancesCommand({ cluster }),
  );
  const containerInstances = [first, second];
  await ecs.send(new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status: 'ACTIVE' }));
  await ecs.send(
    new PutAttributesCommand({ cluster, attributes: [{ name: 'stack', value: 'prod', targetId: second }] }),
  );
  const run = async (more: Partial<RunTaskCommandInput>) => {
    const { tasks = [], failures = [] } = await ecs.send(
      new RunTaskCommand({ cluster, taskDefinition: 'daemon', launchType: 'EC2', ...more }),
    );
    return { arns: tasks.map(({ taskArn = '' }) => taskArn), tasks, failures };
  };
  const alone = await run({ count: 3, placementConstraints: [{ type: 'distinctInstance' }] });
  expect(alone.tasks.map(({ containerInstanceArn = '' }) => containerInstanceArn).toSorted()).toEqual(
    containerInstances.toSorted(),
  );
  expect(alone.failures.map(({ reason }) => reason)).toEqual(
    Array(2).fill('DistinctInstance placement constraint unsatisfied.'),
  );
  const member = await run({
    count: 2,
    placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == prod' }],
    placementStrategy: [{ type: 'spread', field: 'host' }],
  });
  expect(member.tasks.map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([second, second]);
  const all = [...alone.arns, ...member.arns];
  await eventually('they run', 120_000, async () => {
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: all }));
    return tasks.every(({ lastStatus }) => lastStatus === 'RUNNING') ? true : undefined;
  });
  const serviceName = 'nowhere';
  const placementConstraints = [{ type: 'memberOf', expression: 'attribute:stack == test' }] as const;
  const wanted = { cluster, serviceName, taskDefinition: 'daemon', launchType: 'EC2', desiredCount: 1 } as const;
  await ecs.send(new CreateServiceCommand({ ...wanted, placementConstraints: [...placementConstraints] }));
  await eventually('its event says why', 120_000, async () => {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [serviceName] }));
    return services[0]?.events?.some(({ message }) =>
      message?.endsWith(
        'encountered error "MemberOf placement constraint unsatisfied.". For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
      ),
    )
      ? true
      : undefined;
  });
  await ecs.send(
    new UpdateServiceCommand({
      cluster,
      service: serviceName,
      placementConstraints: [],
      placementStrategy: [{ type: 'random' }],
      // Which new services are spread over zones, and kept so.
      availabilityZoneRebalancing: 'DISABLED',
    }),
  );
  await eventually('it runs without them', 120_000, async () => {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [serviceName] }));
    return services[0]?.runningCount === 1 ? true : undefined;
  });
  await ecs.send(new DeleteServiceCommand({ cluster, service: serviceName, force: true }));
});
