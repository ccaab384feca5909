import type { TaskOverride } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import { tasks as taskTable } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb, web } from './fixture.ts';

const run = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: awsvpc } as const;

/** A fixture with the definition `web`. */
function withDefinition() {
  const fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition({ ...fargateWeb, tags: [{ key: 'from', value: 'definition' }] }, ctx);
  return fixture;
}

describe('RunTask', () => {
  it('makes tasks that are PROVISIONING, with every default', () => {
    const { ecs, store } = withDefinition();
    const { tasks, failures } = ecs.RunTask({ ...run, count: 2, startedBy: 'me' }, ctx);
    expect(failures).toEqual([]);
    expect(tasks).toHaveLength(2);
    const [task] = tasks;
    expect(task).toMatchObject({
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      group: 'family:web',
      startedBy: 'me',
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      platformFamily: 'Linux',
      cpu: '256',
      memory: '512',
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      healthStatus: 'UNKNOWN',
      version: 1,
      attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
      overrides: { containerOverrides: [{ name: 'web' }], inferenceAcceleratorOverrides: [] },
      containers: [{ name: 'web', image: 'nginx', lastStatus: 'PENDING', cpu: '0', networkInterfaces: [] }],
    });
    expect(task?.taskArn).toMatch(/^arn:aws:ecs:us-east-1:000000000000:task\/default\/[0-9a-f]{32}$/);
    // The group that is taken where none is named is the VPC's default one.
    expect(store.get(taskTable, task?.taskArn ?? '')?.networkConfiguration).toEqual({
      subnets: ['subnet-a', 'subnet-b'],
      securityGroups: ['sg-default'],
      assignPublicIp: 'DISABLED',
    });
  });

  it('takes overrides into the task and its containers', () => {
    const { ecs } = withDefinition();
    const { tasks } = ecs.RunTask(
      { ...run, overrides: { cpu: '1 vCPU', memory: '2GB', containerOverrides: [{ name: 'web', memory: 100 }] } },
      ctx,
    );
    expect(tasks?.[0]).toMatchObject({ cpu: '1024', memory: '2048', containers: [{ memory: '100' }] });
  });

  it('tags tasks from the definition, the request and ECS itself', () => {
    const { ecs } = withDefinition();
    const { tasks } = ecs.RunTask(
      { ...run, propagateTags: 'TASK_DEFINITION', enableECSManagedTags: true, tags: [{ key: 'own', value: '1' }] },
      ctx,
    );
    expect(tasks?.[0]?.tags).toEqual([
      { key: 'from', value: 'definition' },
      { key: 'own', value: '1' },
      { key: 'aws:ecs:clusterName', value: 'default' },
    ]);
  });

  it('answers the same tasks for the same token, for a day', async () => {
    const { ecs, clock } = withDefinition();
    const arns = () => ecs.RunTask({ ...run, clientToken: 'once' }, ctx).tasks?.map(({ taskArn }) => taskArn);
    const first = arns();
    expect(arns()).toEqual(first);
    await clock.advance(25 * 60 * 60 * 1000);
    expect(arns()).not.toEqual(first);
  });

  it('shares tasks out over capacity providers by base and weight', () => {
    const { ecs } = withDefinition();
    ecs.PutClusterCapacityProviders(
      {
        cluster: 'default',
        capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        defaultCapacityProviderStrategy: [
          { capacityProvider: 'FARGATE', weight: 1, base: 2 },
          { capacityProvider: 'FARGATE_SPOT', weight: 3 },
        ],
      },
      ctx,
    );
    const { tasks } = ecs.RunTask({ taskDefinition: 'web', networkConfiguration: awsvpc, count: 10 }, ctx);
    const on = (name: string) => tasks?.filter((task) => task.capacityProviderName === name).length;
    expect([on('FARGATE'), on('FARGATE_SPOT')]).toEqual([4, 6]);
  });
});

describe('RunTask and platforms', () => {
  const machine = (store: ReturnType<typeof ecsFixture>['store'], architecture: string): void =>
    store.transact((tx) =>
      tx.put(machines, {
        id: 'm',
        isInstance: false,
        containerInstanceArn: 'arn',
        clusterArn: 'arn',
        attributes: [{ name: 'ecs.cpu-architecture', value: architecture }],
        resources: { cpu: 1024, memory: 1024 },
        connected: true,
        connectedAt: 0,
        lastSequence: 0,
      }),
    );
  const incompatible = expect.objectContaining({ code: 'PlatformTaskDefinitionIncompatibilityException' });

  it.each([
    ['X86_64', 'x86_64', true],
    ['ARM64', 'x86_64', false],
    ['ARM64', 'arm64', true],
    [undefined, 'arm64', true],
  ] as const)('the architecture %s on a machine of %s runs: %s', (cpuArchitecture, of, runs) => {
    const { ecs, store } = ecsFixture();
    machine(store, of);
    ecs.RegisterTaskDefinition(
      { ...fargateWeb, ...(cpuArchitecture && { runtimePlatform: { cpuArchitecture } }) },
      ctx,
    );
    if (runs) {
      const value = cpuArchitecture?.toLowerCase() ?? 'x86_64';
      expect(ecs.RunTask(run, ctx).tasks[0]?.attributes).toEqual([{ name: 'ecs.cpu-architecture', value }]);
    } else expect(() => ecs.RunTask(run, ctx)).toThrow(incompatible);
  });

  it('an operatingSystemFamily that no machine has is registered and does not run', () => {
    const { ecs } = ecsFixture();
    const operatingSystemFamily = 'WINDOWS_SERVER_2022_CORE';
    const { taskDefinition } = ecs.RegisterTaskDefinition(
      { ...fargateWeb, runtimePlatform: { operatingSystemFamily } },
      ctx,
    );
    expect(taskDefinition?.runtimePlatform).toEqual({ operatingSystemFamily });
    expect(taskDefinition?.requiresAttributes).toContainEqual({ name: 'ecs.os-family', value: operatingSystemFamily });
    expect(() => ecs.RunTask(run, ctx)).toThrow(incompatible);
    expect(() => ecs.CreateService({ ...run, serviceName: 'web', desiredCount: 1 }, ctx)).toThrow(incompatible);
  });

  it('placementConstraints are registered, and expressions that cannot be read are not', () => {
    const { ecs } = ecsFixture();
    const placementConstraints = [{ type: 'memberOf', expression: 'attribute:a exists' } as const];
    ecs.RegisterTaskDefinition(
      { family: 'web', containerDefinitions: [{ ...web, memory: 64 }], placementConstraints },
      ctx,
    );
    expect(ecs.DescribeTaskDefinition({ taskDefinition: 'web' }, ctx).taskDefinition).toMatchObject({
      placementConstraints,
    });
    const wrong = [{ type: 'memberOf', expression: 'colour == blue' } as const];
    expect(() =>
      ecs.RegisterTaskDefinition(
        { family: 'web', containerDefinitions: [{ ...web, memory: 64 }], placementConstraints: wrong },
        ctx,
      ),
    ).toThrow("Invalid placement constraint expression 'colour == blue': 'colour' is no subject.");
  });
});

describe('overrides of RunTask', () => {
  const web256 = { name: 'web', memory: 256 };
  const rows: readonly (readonly [string, TaskOverride, string, string])[] = [
    [
      'a size that Fargate does not have',
      { cpu: '256', memory: '4096' },
      'ClientException',
      'No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.',
    ],
    [
      'a container bigger than its task',
      { containerOverrides: [{ name: 'web', memory: 513 }] },
      'ClientException',
      "The 'memory' setting for container 'web' is greater than for the task.",
    ],
    [
      'a container with more cpu than its task',
      { containerOverrides: [{ name: 'web', cpu: 257 }] },
      'ClientException',
      "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    ],
    [
      'one container twice',
      { containerOverrides: [web256, web256] },
      'InvalidParameterException',
      'There is more than one override for the container named web.',
    ],
    [
      'too little storage',
      { ephemeralStorage: { sizeInGiB: 20 } },
      'ClientException',
      'EphemeralStorage size should be at least 21',
    ],
    ['a role that is none', { taskRoleArn: 'not a role' }, 'ClientException', 'Role is not valid'],
    [
      'a GPU on Fargate',
      { containerOverrides: [{ name: 'web', resourceRequirements: [{ type: 'GPU', value: '1' }] }] },
      'ClientException',
      'Tasks using the Fargate launch type do not support GPU resource requirements.',
    ],
    [
      'accelerators',
      { inferenceAcceleratorOverrides: [{ deviceName: 'a', deviceType: 'b' }] },
      'ClientException',
      "Unsupported field 'inferenceAccelerators'.",
    ],
    [
      'more than there is room for',
      { containerOverrides: [{ name: 'web', command: ['x'.repeat(8192)] }] },
      'InvalidParameterException',
      'Container Overrides length must be at most 8192.',
    ],
  ];

  it.each(rows)('%s is refused', (_, overrides, code, message) => {
    const { ecs } = withDefinition();
    expect(() => ecs.RunTask({ ...run, overrides }, ctx)).toThrow(expect.objectContaining({ code, message }));
  });

  it('set the storage, the size and the roles of the task', () => {
    const { ecs } = withDefinition();
    const taskRoleArn = 'arn:aws:iam::000000000000:role/other';
    const { tasks } = ecs.RunTask(
      { ...run, overrides: { cpu: '512', memory: '1024', ephemeralStorage: { sizeInGiB: 50 }, taskRoleArn } },
      ctx,
    );
    expect(tasks[0]).toMatchObject({
      cpu: '512',
      memory: '1024',
      ephemeralStorage: { sizeInGiB: 50 },
      fargateEphemeralStorage: { sizeInGiB: 50 },
      overrides: { taskRoleArn },
    });
  });
});

describe('StopTask', () => {
  it('asks for the end, once, with the first reason', () => {
    const { ecs } = withDefinition();
    const task = ecs.RunTask(run, ctx).tasks?.[0]?.taskArn ?? '';
    expect(ecs.StopTask({ task: task.split('/')[2], reason: 'enough' }, ctx).task).toMatchObject({
      desiredStatus: 'STOPPED',
      lastStatus: 'PROVISIONING',
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
    });
    expect(ecs.StopTask({ task, reason: 'again' }, ctx).task?.stoppedReason).toBe('enough');
    const other = ecs.RunTask(run, ctx).tasks?.[0]?.taskArn;
    expect(ecs.StopTask({ task: other }, ctx).task?.stoppedReason).toBe('Task stopped by user');
  });
});

describe('DescribeTasks', () => {
  it('shows the attachment of a task before it has an interface', () => {
    const { ecs } = withDefinition();
    const task = ecs.RunTask(run, ctx).tasks?.[0];
    expect(task?.attachments).toMatchObject([{ type: 'ElasticNetworkInterface', status: 'PRECREATED' }]);
    const described = ecs.DescribeTasks({ tasks: [task?.taskArn ?? ''] }, ctx).tasks?.[0];
    expect(described?.attachments).toEqual(task?.attachments);
  });

  it('shows what the loops and the machine wrote', () => {
    const { ecs, store, clock } = withDefinition();
    const arn = ecs.RunTask(run, ctx).tasks?.[0]?.taskArn ?? '';
    const now = clock.now();
    store.transact((tx) =>
      tx.update(taskTable, arn, (row): Task => ({
        ...row,
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        stop: { code: 'EssentialContainerExited', reason: 'Essential container in task exited' },
        availabilityZone: 'us-east-1a',
        connectivity: 'CONNECTED',
        connectivityAt: now,
        startedAt: now + 1,
        stoppingAt: now + 2,
        stoppedAt: now + 3,
        reported: { pullStartedAt: now, pullStoppedAt: now + 1, executionStoppedAt: now + 2 },
        containers: row.containers.map((container) => ({ ...container, lastStatus: 'STOPPED', exitCode: 3 })),
        networkInterface: {
          attachmentId: 'attachment',
          networkInterfaceId: 'eni-1',
          subnetId: 'subnet-a',
          vpcId: 'vpc-1',
          macAddress: '02:00:00:00:00:01',
          privateIp: '10.0.0.4',
          privateDnsName: 'ip-10-0-0-4.ec2.internal',
          status: 'DELETED',
        },
      })),
    );
    const { tasks, failures } = ecs.DescribeTasks({ tasks: [arn, 'none'] }, ctx);
    expect(failures).toEqual([{ arn: 'arn:aws:ecs:us-east-1:000000000000:task/default/none', reason: 'MISSING' }]);
    expect(tasks).toMatchObject([
      {
        stopCode: 'EssentialContainerExited',
        stoppedReason: 'Essential container in task exited',
        availabilityZone: 'us-east-1a',
        connectivity: 'CONNECTED',
        pullStartedAt: new Date(now),
        startedAt: new Date(now + 1),
        executionStoppedAt: new Date(now + 2),
        stoppedAt: new Date(now + 3),
        containers: [
          { exitCode: 3, networkInterfaces: [{ attachmentId: 'attachment', privateIpv4Address: '10.0.0.4' }] },
        ],
        attachments: [
          {
            id: 'attachment',
            type: 'ElasticNetworkInterface',
            status: 'DELETED',
            details: [
              { name: 'subnetId', value: 'subnet-a' },
              { name: 'networkInterfaceId', value: 'eni-1' },
              { name: 'macAddress', value: '02:00:00:00:00:01' },
              { name: 'privateDnsName', value: 'ip-10-0-0-4.ec2.internal' },
              { name: 'privateIPv4Address', value: '10.0.0.4' },
            ],
          },
        ],
      },
    ]);
  });
});

describe('ListTasks', () => {
  it('filters by family, who started them, launch type and desired status', () => {
    const { ecs } = withDefinition();
    ecs.RegisterTaskDefinition({ ...fargateWeb, family: 'api' }, ctx);
    const mine = ecs.RunTask({ ...run, startedBy: 'me' }, ctx).tasks?.[0]?.taskArn;
    const api = ecs.RunTask({ ...run, taskDefinition: 'api' }, ctx).tasks?.[0]?.taskArn;
    const stopped = ecs.RunTask(run, ctx).tasks?.[0]?.taskArn;
    ecs.StopTask({ task: stopped }, ctx);
    const list = (filter: object) => new Set(ecs.ListTasks(filter, ctx).taskArns);
    expect(list({})).toEqual(new Set([mine, api]));
    expect(list({ family: 'api' })).toEqual(new Set([api]));
    expect(list({ startedBy: 'me' })).toEqual(new Set([mine]));
    expect(list({ startedBy: 'me', desiredStatus: 'STOPPED' })).toEqual(new Set());
    expect(() => list({ startedBy: 'me', family: 'api' })).toThrow('cannot specify startedBy with other arguments');
    expect(() => list({ desiredStatus: 'GONE' })).toThrow('desiredStatus must be one of RUNNING, PENDING, STOPPED');
    expect(list({ desiredStatus: 'STOPPED' })).toEqual(new Set([stopped]));
    expect(list({ launchType: 'EC2' })).toEqual(new Set());
    expect(list({ containerInstance: 'x' })).toEqual(new Set());
    expect(ecs.ListTasks({ maxResults: 1 }, ctx)).toHaveProperty('nextToken');
  });
});
