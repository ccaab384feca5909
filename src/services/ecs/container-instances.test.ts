import type { RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { instances } from '../../store/tables/ec2.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { ctx, ecsFixture } from './fixture.ts';

const host: Instance = {
  account: '000000000000',
  region: 'us-east-1',
  id: 'i-00000000000000001',
  reservationId: 'r-1',
  launchIndex: 0,
  imageId: 'ami-1',
  instanceType: 't2.micro',
  vpcId: 'vpc-1',
  subnetId: 'subnet-a',
  availabilityZone: 'us-east-1a',
  privateIp: '10.0.0.9',
  networkInterfaceId: 'eni-1',
  autoPublicIp: false,
  metadataOptions: {
    httpTokens: 'optional',
    httpEndpoint: 'enabled',
    httpPutResponseHopLimit: 1,
    instanceMetadataTags: 'disabled',
  },
  metadataKey: 'key',
  monitoring: false,
  ebsOptimized: false,
  shutdownBehaviour: 'stop',
  disableApiTermination: false,
  disableApiStop: false,
  state: 'running',
  boot: 1,
  launchedAt: 0,
  tags: [],
};

const httpd: RegisterTaskDefinitionCommandInput = {
  family: 'httpd',
  containerDefinitions: [
    { name: 'httpd', image: 'httpd', memory: 32, portMappings: [{ containerPort: 80, hostPort: 80 }] },
  ],
};

let fixture: ReturnType<typeof ecsFixture>;
beforeEach(() => {
  fixture = ecsFixture();
});

/** Registers an instance as its agent does, and connects it. Answers its ARN. */
function register(id = host.id, zone = 'us-east-1a'): string {
  const { ecs, store } = fixture;
  store.transact((tx) => tx.put(instances, { ...host, id, availabilityZone: zone }));
  const { containerInstance } = ecs.RegisterContainerInstance(
    {
      instanceIdentityDocument: JSON.stringify({ instanceId: id }),
      totalResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: 1024 },
        { name: 'MEMORY', type: 'INTEGER', integerValue: 985 },
        { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22', '51678'] },
        { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
      ],
      attributes: [{ name: 'ecs.os-type', value: 'linux' }, { name: 'ecs.capability.task-eni' }],
      versionInfo: { agentVersion: '1.0.0' },
    },
    ctx,
  );
  const arn = containerInstance.containerInstanceArn ?? '';
  store.transact((tx) =>
    tx.put(machines, {
      id,
      containerInstanceArn: arn,
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      isInstance: true,
      attributes: [],
      resources: { cpu: 1024, memory: 985 },
      connected: true,
      connectedAt: 0,
      lastSequence: 0,
    }),
  );
  return arn;
}

const describeOne = (arn: string) =>
  fixture.ecs.DescribeContainerInstances({ containerInstances: [arn], include: ['TAGS'] }, ctx).containerInstances[0];
const left = (arn: string, name: string) => {
  const found = describeOne(arn)?.remainingResources?.find((one) => one.name === name);
  return found?.stringSetValue ?? found?.integerValue;
};
const code = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'not refused';
};

describe('registration', () => {
  it('answers what the agent said, and what ECS knows of the EC2 instance', () => {
    const arn = register();
    expect(arn).toMatch(/^arn:aws:ecs:us-east-1:000000000000:container-instance\/default\/[0-9a-f]{32}$/);
    const row = describeOne(arn);
    expect(row).toMatchObject({ ec2InstanceId: host.id, status: 'ACTIVE', agentConnected: true, runningTasksCount: 0 });
    expect(row?.attributes).toEqual(
      expect.arrayContaining([
        { name: 'ecs.os-type', value: 'linux' },
        { name: 'ecs.capability.task-eni' },
        { name: 'ecs.instance-type', value: 't2.micro' },
        { name: 'ecs.ami-id', value: 'ami-1' },
        { name: 'ecs.availability-zone', value: 'us-east-1a' },
      ]),
    );
    expect(row?.registeredResources).toEqual(row?.remainingResources);
    expect(
      fixture.ecs.DescribeClusters({ clusters: ['default'] }, ctx).clusters[0]?.registeredContainerInstancesCount,
    ).toBe(1);
  });

  it('is renewed under the same ARN, and keeps custom attributes', () => {
    const arn = register();
    const { ecs } = fixture;
    ecs.PutAttributes({ attributes: [{ name: 'stack', value: 'prod', targetId: arn }] }, ctx);
    const again = ecs.RegisterContainerInstance(
      {
        containerInstanceArn: arn,
        instanceIdentityDocument: JSON.stringify({ instanceId: host.id }),
        totalResources: [
          { name: 'CPU', integerValue: 1024 },
          { name: 'MEMORY', integerValue: 900 },
        ],
      },
      ctx,
    );
    expect(again.containerInstance).toMatchObject({ containerInstanceArn: arn, version: 3 });
    expect(again.containerInstance.attributes).toContainEqual({ name: 'stack', value: 'prod' });
    expect(left(arn, 'MEMORY')).toBe(900);
  });

  it.each([
    ['an unknown cluster', { cluster: 'none' }, 'ClusterNotFoundException: Cluster not found.'],
    ['no resources', {}, 'InvalidParameterException: totalResources must have an integer CPU.'],
    [
      'an instance that is not there',
      { instanceIdentityDocument: '{"instanceId":"i-9"}' },
      'ClientException: The instance identity document names no instance of this account: i-9.',
    ],
  ])('refuses %s', (_, input, refusal) => {
    expect(code(() => fixture.ecs.RegisterContainerInstance(input, ctx))).toBe(refusal);
  });
});

describe('tasks on instances', () => {
  beforeEach(() => void fixture.ecs.RegisterTaskDefinition(httpd, ctx));
  const run = (count = 1) => fixture.ecs.RunTask({ taskDefinition: 'httpd', count }, ctx);
  const stopAll = () =>
    fixture.store.transact((tx) => {
      for (const task of tx.list(tasks)) tx.put(tasks, { ...task, lastStatus: 'STOPPED' });
    });

  it('need an instance', () => {
    expect(code(run)).toBe('InvalidParameterException: No Container Instances were found in your cluster.');
  });

  it('are placed at once, take what they need, and give it back', () => {
    const arn = register();
    const { tasks: made, failures } = run(2);
    expect(made).toHaveLength(1);
    expect(made[0]).toMatchObject({
      launchType: 'EC2',
      lastStatus: 'PENDING',
      containerInstanceArn: arn,
      availabilityZone: 'us-east-1a',
    });
    expect(failures).toEqual([{ arn, reason: 'RESOURCE:PORTS' }]);
    expect([left(arn, 'MEMORY'), left(arn, 'PORTS')]).toEqual([953, ['22', '51678', '80']]);
    expect(describeOne(arn)?.pendingTasksCount).toBe(1);
    stopAll();
    expect([left(arn, 'MEMORY'), left(arn, 'PORTS')]).toEqual([985, ['22', '51678']]);
  });

  it('count the ports that the agent chose', () => {
    const arn = register();
    const [made] = run().tasks;
    fixture.store.transact((tx) =>
      tx.update(tasks, made?.taskArn ?? '', (task) => ({
        ...task,
        containers: task.containers.map((one) => ({
          ...one,
          networkBindings: [
            { hostPort: 80, containerPort: 80, protocol: 'tcp' as const },
            { hostPort: 32768, containerPort: 81, protocol: 'tcp' as const },
            { hostPortRange: '40000-40001', containerPortRange: '90-91', protocol: 'udp' as const },
          ],
        })),
      })),
    );
    expect([left(arn, 'PORTS'), left(arn, 'PORTS_UDP')]).toEqual([
      ['22', '51678', '80', '32768'],
      ['40000', '40001'],
    ]);
  });

  it('are started where StartTask says, also while it is drained; failures say why not', () => {
    const arn = register();
    const { ecs } = fixture;
    ecs.UpdateContainerInstancesState({ containerInstances: [arn], status: 'DRAINING' }, ctx);
    expect(code(run)).toBe('InvalidParameterException: No Container Instances were found in your cluster.');
    const started = ecs.StartTask({ taskDefinition: 'httpd', containerInstances: [arn, 'f'.repeat(32)] }, ctx);
    expect(started.tasks).toHaveLength(1);
    expect(started.failures).toMatchObject([{ reason: 'MISSING' }]);
    const again = ecs.StartTask({ taskDefinition: 'httpd', containerInstances: [arn] }, ctx);
    expect(again).toMatchObject({ tasks: [], failures: [{ arn, reason: 'RESOURCE:PORTS' }] });
  });

  it('keep an instance and its cluster from going', () => {
    const arn = register();
    const { ecs } = fixture;
    run();
    const leave = () => ecs.DeregisterContainerInstance({ containerInstance: arn }, ctx);
    expect(code(leave)).toBe('InvalidParameterException: Found running tasks on the instance.');
    expect(code(() => ecs.DeleteCluster({ cluster: 'default' }, ctx))).toMatch(
      /^ClusterContainsContainerInstancesException/,
    );
    const gone = ecs.DeregisterContainerInstance({ containerInstance: arn, force: true }, ctx);
    expect(gone.containerInstance).toMatchObject({ status: 'INACTIVE', agentConnected: false });
    expect(ecs.ListContainerInstances({}, ctx).containerInstanceArns).toEqual([]);
    expect(code(leave)).toBe('ClientException: The referenced container instance is inactive.');
    stopAll();
    expect(ecs.DeleteCluster({ cluster: 'default' }, ctx).cluster?.status).toBe('INACTIVE');
  });
});

describe('listing and attributes', () => {
  it('lists by state and by expression', () => {
    const [a, b] = [register('i-0000000000000000a'), register('i-0000000000000000b', 'us-east-1b')];
    const { ecs } = fixture;
    const list = (input: Parameters<typeof ecs.ListContainerInstances>[0]) =>
      ecs.ListContainerInstances(input, ctx).containerInstanceArns;
    expect(new Set(list({}))).toEqual(new Set([a, b]));
    expect(list({ filter: 'attribute:ecs.availability-zone == us-east-1b' })).toEqual([b]);
    expect(list({ filter: 'ec2InstanceId == i-0000000000000000a and agentConnected == true' })).toEqual([a]);
    expect(list({ filter: 'runningTasksCount > 0' })).toEqual([]);
    ecs.UpdateContainerInstancesState({ containerInstances: [a], status: 'DRAINING' }, ctx);
    expect(list({ status: 'DRAINING' })).toEqual([a]);
    expect(list({ status: 'ACTIVE' })).toEqual([b]);
    expect(code(() => list({ filter: 'colour == red' }))).toBe(
      "InvalidParameterException: Invalid filter expression 'colour == red': 'colour' is no subject.",
    );
  });

  it('puts, lists and deletes custom attributes only', () => {
    const arn = register();
    const { ecs } = fixture;
    ecs.PutAttributes({ attributes: [{ name: 'stack', value: 'prod', targetId: arn }] }, ctx);
    const found = ecs.ListAttributes({ targetType: 'container-instance', attributeName: 'stack' }, ctx);
    expect(found.attributes).toEqual([{ name: 'stack', value: 'prod', targetId: arn }]);
    ecs.DeleteAttributes({ attributes: [{ name: 'stack', targetId: arn }] }, ctx);
    expect(ecs.ListAttributes({ targetType: 'container-instance', attributeName: 'stack' }, ctx).attributes).toEqual(
      [],
    );
    const put =
      (name: string, targetId = arn) =>
      () =>
        ecs.PutAttributes({ attributes: [{ name, targetId }] }, ctx);
    expect(code(put('ecs.os-type'))).toMatch(/^InvalidParameterException/);
    expect(code(put('a', `${arn}0`))).toMatch(/^TargetNotFoundException/);
    for (let count = 0; count < 10; count += 1) put(`a${count}`)();
    expect(code(put('one-more'))).toMatch(/^AttributeLimitExceededException/);
  });

  it('has tags, and no newer agent', () => {
    const arn = register();
    const { ecs } = fixture;
    ecs.TagResource({ resourceArn: arn, tags: [{ key: 'a', value: 'b' }] });
    expect(describeOne(arn)?.tags).toEqual([{ key: 'a', value: 'b' }]);
    expect(code(() => ecs.UpdateContainerAgent({ containerInstance: arn }, ctx))).toMatch(
      /^NoUpdateAvailableException/,
    );
  });
});
