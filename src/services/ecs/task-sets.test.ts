import type { CreateTaskSetCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../model/ecs/service.ts';
import type { TaskSet } from '../../model/ecs/task-set.ts';
import { services as serviceTable, taskSets as taskSetTable } from '../../store/tables/ecs.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb, targetGroupArns } from './fixture.ts';

const external = { serviceName: 'web', desiredCount: 4, deploymentController: { type: 'EXTERNAL' } } as const;
const network = {
  awsvpcConfiguration: {
    subnets: ['subnet-a', 'subnet-b'],
    securityGroups: ['sg-default'],
    assignPublicIp: 'DISABLED',
  },
};
const wanted: CreateTaskSetCommandInput = {
  cluster: 'default',
  service: 'web',
  taskDefinition: 'web',
  launchType: 'FARGATE',
  networkConfiguration: awsvpc,
  scale: { value: 50, unit: 'PERCENT' },
};
const loadBalancers = [{ targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 }];
const names = { cluster: 'default', service: 'web' } as const;

function begin() {
  const fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
  const { service } = fixture.ecs.CreateService(external, ctx);
  const arn = service?.serviceArn ?? '';
  const create = (more: Partial<CreateTaskSetCommandInput> = {}) =>
    fixture.ecs.CreateTaskSet({ ...wanted, ...more }, ctx).taskSet ?? {};
  const change = (to: (row: Service) => Service): void =>
    fixture.store.transact((tx) => void tx.update(serviceTable, arn, to));
  const described = () => fixture.ecs.DescribeServices({ services: ['web'] }, ctx).services?.[0];
  return { ...fixture, service, create, change, described };
}

describe('a service with the EXTERNAL deployment controller', () => {
  it('is made without any task definition, and shows no task set', () => {
    const { service, described } = begin();
    expect(service).toMatchObject({
      status: 'ACTIVE',
      desiredCount: 4,
      runningCount: 0,
      deploymentController: { type: 'EXTERNAL' },
      deploymentConfiguration: { maximumPercent: 200, minimumHealthyPercent: 100 },
      deployments: [],
      taskSets: [],
      loadBalancers: [],
      roleArn: 'arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS',
    });
    for (const member of ['taskDefinition', 'launchType', 'networkConfiguration', 'platformVersion']) {
      expect(service).not.toHaveProperty(member);
    }
    expect(described()).toEqual(service);
  });

  it('is the same when it is asked for again', () => {
    const { ecs, service } = begin();
    expect(ecs.CreateService(external, ctx).service).toEqual(service);
    expect(() => ecs.CreateService({ ...external, desiredCount: 5 }, ctx)).toThrow(/not idempotent/);
  });

  it.each([
    [{ taskDefinition: 'web' }, 'TaskDefinition must be blank.'],
    [{ launchType: 'FARGATE' }, 'LaunchType must be blank.'],
    [{ loadBalancers }, 'LoadBalancers must be empty or null.'],
    [{ networkConfiguration: awsvpc }, 'NetworkConfiguration must be blank.'],
    [
      { schedulingStrategy: 'DAEMON', desiredCount: undefined },
      'The daemon scheduling strategy is not supported with the EXTERNAL deployment controller.',
    ],
    [
      { deploymentConfiguration: { strategy: 'BLUE_GREEN' } },
      'The deployment strategy BLUE_GREEN is not supported with the EXTERNAL deployment controller.',
    ],
    [
      { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } },
      'The deployment circuit breaker can only be used for services using the rolling update (ECS) deployment type.',
    ],
  ] as const)('is refused with %j', (more, message) => {
    const { ecs } = begin();
    const input = { ...external, serviceName: 'other', ...more } as Parameters<typeof ecs.CreateService>[0];
    expect(() => ecs.CreateService(input, ctx)).toThrow(
      expect.objectContaining({ code: 'InvalidParameterException', message }) as Error,
    );
  });

  it('can be changed in what is no matter of its task sets', () => {
    const { ecs } = begin();
    const { service } = ecs.UpdateService(
      { ...names, desiredCount: 7, healthCheckGracePeriodSeconds: 20, enableECSManagedTags: true },
      ctx,
    );
    expect(service).toMatchObject({ desiredCount: 7, healthCheckGracePeriodSeconds: 20, enableECSManagedTags: true });
    expect(service?.deployments).toEqual([]);
  });

  const use = 'on services with an EXTERNAL deployment controller. Use CreateTaskSet to create a new task set.';
  it.each([
    [{ taskDefinition: 'web' }, `Unable to update task definition ${use}`],
    [{ networkConfiguration: awsvpc }, `Unable to update network parameters ${use}`],
    [{ loadBalancers: [] }, `Unable to update load balancers ${use}`],
    [{ platformVersion: 'LATEST' }, `Unable to update platform version ${use}`],
    [{ capacityProviderStrategy: [] }, `Unable to update capacity provider strategy ${use}`],
    [{ deploymentConfiguration: { maximumPercent: 150 } }, `Unable to update deployment configuration ${use}`],
    [{ forceNewDeployment: true }, `Cannot force a new deployment ${use}`],
  ] as const)('refuses %j', (more, message) => {
    const { ecs } = begin();
    const input = { ...names, ...more } as unknown as Parameters<typeof ecs.UpdateService>[0];
    expect(() => ecs.UpdateService(input, ctx)).toThrow(
      expect.objectContaining({ code: 'InvalidParameterException', message }) as Error,
    );
  });

  it('is deleted with force while it is scaled above 0', () => {
    const { ecs, create, described } = begin();
    create();
    expect(() => ecs.DeleteService(names, ctx)).toThrow(/while it is scaled above 0/);
    expect(ecs.DeleteService({ ...names, force: true }, ctx).service?.status).toBe('DRAINING');
    expect(described()?.taskSets).toHaveLength(1);
    expect(() => create()).toThrow(expect.objectContaining({ code: 'ServiceNotActiveException' }) as Error);
  });
});

describe('task sets', () => {
  it('are made as ECS shows them', () => {
    const { create, described, clock } = begin();
    const tags = [{ key: 'a', value: 'b' }];
    const taskSet = create({ externalId: 'mine', loadBalancers, tags });
    const id = taskSet.id ?? '';
    expect(id).toMatch(/^ecs-svc\/[1-9]\d{18}$/);
    const now = new Date(clock.now());
    expect(taskSet).toEqual({
      id,
      taskSetArn: `arn:aws:ecs:us-east-1:000000000000:task-set/default/web/${id}`,
      serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      externalId: 'mine',
      status: 'ACTIVE',
      taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      computedDesiredCount: 0,
      pendingCount: 0,
      runningCount: 0,
      createdAt: now,
      updatedAt: now,
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      platformFamily: 'Linux',
      networkConfiguration: network,
      loadBalancers,
      serviceRegistries: [],
      scale: { value: 50, unit: 'PERCENT' },
      stabilityStatus: 'STABILIZING',
      stabilityStatusAt: now,
      tags,
    });
    const { tags: _own, ...shown } = taskSet;
    expect(described()?.taskSets).toEqual([shown]);
    expect(create({ scale: undefined }).scale).toEqual({ value: 0, unit: 'PERCENT' });
  });

  it('may run on capacity providers', () => {
    const { ecs, create } = begin();
    ecs.PutClusterCapacityProviders(
      { cluster: 'default', capacityProviders: ['FARGATE', 'FARGATE_SPOT'], defaultCapacityProviderStrategy: [] },
      ctx,
    );
    const capacityProviderStrategy = [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }];
    const taskSet = create({ launchType: undefined, capacityProviderStrategy });
    expect(taskSet).toMatchObject({ capacityProviderStrategy });
    expect(taskSet).not.toHaveProperty('launchType');
    expect(() =>
      ecs.PutClusterCapacityProviders(
        { cluster: 'default', capacityProviders: ['FARGATE'], defaultCapacityProviderStrategy: [] },
        ctx,
      ),
    ).toThrow(/in use/);
  });

  it('are known by their token', () => {
    const { create } = begin();
    const first = create({ clientToken: 'one' });
    expect(create({ clientToken: 'one' })).toEqual(first);
    expect(create({ clientToken: 'two' }).id).not.toBe(first.id);
    expect(() => create({ clientToken: 'one', scale: { value: 1 } })).toThrow(/not idempotent/);
  });

  it('are at most five', () => {
    const { create } = begin();
    for (let count = 0; count < 5; count += 1) create();
    expect(() => create()).toThrow(
      expect.objectContaining({
        code: 'InvalidParameterException',
        message:
          '5 deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.',
      }) as Error,
    );
  });

  it.each([
    [{ service: 'none' }, 'ServiceNotFoundException', 'Service not found.'],
    [{ cluster: 'none' }, 'ClusterNotFoundException', 'Cluster not found.'],
    [{ taskDefinition: 'none' }, 'ClientException', 'TaskDefinition not found.'],
    [{ scale: { value: 101 } }, 'InvalidParameterException', 'Scale value must be between 0 and 100.'],
    [{ scale: { value: Number.NaN } }, 'InvalidParameterException', 'Scale value must be between 0 and 100.'],
    [
      { networkConfiguration: undefined },
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      { loadBalancers: [{ ...loadBalancers[0], containerPort: 81 }] },
      'InvalidParameterException',
      'The container web did not have a container port 81 defined.',
    ],
    [{ platformVersion: '0.9' }, 'PlatformUnknownException', 'The specified platform does not exist.'],
    [
      { serviceRegistries: [{ registryArn: 'r' }] },
      'ClientException',
      "serviceRegistries isn't supported by Stowage yet.",
    ],
  ] as const)('are refused with %j', (more, code, message) => {
    const { create } = begin();
    expect(() => create(more as Partial<CreateTaskSetCommandInput>)).toThrow(
      expect.objectContaining({ code, message }) as Error,
    );
  });

  it('are for services with an external controller', () => {
    const { ecs, create } = begin();
    ecs.CreateService(
      {
        serviceName: 'own',
        taskDefinition: 'web',
        desiredCount: 0,
        launchType: 'FARGATE',
        networkConfiguration: awsvpc,
      },
      ctx,
    );
    const message =
      'Amazon ECS only supports task set management on services configured to use external deployment controllers.';
    expect(() => create({ service: 'own' })).toThrow(message);
    expect(() => ecs.DescribeTaskSets({ ...names, service: 'own', taskSets: ['ecs-svc/1'] }, ctx)).toThrow(message);
  });

  it('are described by id and ARN, with tags where they are asked for', () => {
    const { ecs, create } = begin();
    const { id = '', taskSetArn = '' } = create({ tags: [{ key: 'a', value: 'b' }] });
    const missing = 'arn:aws:ecs:us-east-1:000000000000:task-set/default/web/ecs-svc/1';
    const described = ecs.DescribeTaskSets(
      { ...names, taskSets: [id, taskSetArn, 'ecs-svc/1'], include: ['TAGS'] },
      ctx,
    );
    expect(described.taskSets).toMatchObject([{ id, tags: [{ key: 'a', value: 'b' }] }, { id }]);
    expect(described.failures).toEqual([{ arn: missing, reason: 'MISSING' }]);
    expect(ecs.DescribeTaskSets({ ...names, taskSets: [id] }, ctx).taskSets?.[0]).not.toHaveProperty('tags');
    expect(() => ecs.DescribeTaskSets(names, ctx)).toThrow('TaskSets cannot be empty.');
    expect(() => ecs.DescribeTaskSets({ ...names, taskSets: ['what'] }, ctx)).toThrow('Task Set Identifier is invalid');
  });

  it('are tagged by their ARN', () => {
    const { ecs, create } = begin();
    const { taskSetArn: resourceArn = '' } = create();
    ecs.TagResource({ resourceArn, tags: [{ key: 'a', value: 'b' }] });
    expect(ecs.ListTagsForResource({ resourceArn }).tags).toEqual([{ key: 'a', value: 'b' }]);
  });

  it('are scaled', () => {
    const { ecs, create } = begin();
    const { id: taskSet = '' } = create();
    const scale = { value: 33.5, unit: 'PERCENT' } as const;
    expect(ecs.UpdateTaskSet({ ...names, taskSet, scale }, ctx).taskSet).toMatchObject({ scale });
    expect(() => ecs.UpdateTaskSet({ ...names, taskSet, scale: { value: -1 } }, ctx)).toThrow(/between 0 and 100/);
    expect(() => ecs.UpdateTaskSet({ ...names, taskSet: 'ecs-svc/1', scale }, ctx)).toThrow(
      expect.objectContaining({ code: 'TaskSetNotFoundException' }) as Error,
    );
  });

  it('are PRIMARY one at a time, and the service shows what that one runs', () => {
    const { ecs, create, described } = begin();
    const [{ id: a = '' }, { id: b = '' }] = [create({ loadBalancers }), create()];
    const primary = ecs.UpdateServicePrimaryTaskSet({ ...names, primaryTaskSet: a }, ctx).taskSet;
    expect(primary).toMatchObject({ id: a, status: 'PRIMARY' });
    expect(described()).toMatchObject({
      taskDefinition: primary?.taskDefinition,
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      networkConfiguration: network,
      loadBalancers,
    });
    ecs.UpdateServicePrimaryTaskSet({ ...names, primaryTaskSet: b }, ctx);
    expect(described()?.taskSets?.find(({ status }) => status === 'PRIMARY')?.id).toBe(b);
    expect(described()?.taskSets?.find(({ id }) => id === a)?.status).toBe('ACTIVE');
    expect(described()?.loadBalancers).toEqual([]);
  });

  it('are deleted once scaled to 0, or with force', () => {
    const { ecs, create, store, described } = begin();
    const [{ id: scaled = '' }, { id: idle = '' }, { id: first = '' }] = [
      create(),
      create({ scale: undefined }),
      create(),
    ];
    ecs.UpdateServicePrimaryTaskSet({ ...names, primaryTaskSet: first }, ctx);
    const remove = (taskSet: string, force?: boolean) => ecs.DeleteTaskSet({ ...names, taskSet, force }, ctx).taskSet;
    expect(() => remove(scaled)).toThrow(/scaled above 0/);
    expect(() => remove(first)).toThrow(/primary task set/);
    expect(remove(idle)).toMatchObject({ status: 'DRAINING', stabilityStatus: 'STABILIZING' });
    expect(remove(scaled, true)).toMatchObject({ status: 'DRAINING', scale: { value: 0 } });
    expect(remove(first, true)).toMatchObject({ status: 'DRAINING' });
    expect(described()).not.toHaveProperty('taskDefinition');
    const rows: TaskSet[] = store.list(taskSetTable);
    expect(rows.every(({ status }) => status === 'DRAINING')).toBe(true);
    expect(() => ecs.UpdateServicePrimaryTaskSet({ ...names, primaryTaskSet: first }, ctx)).toThrow(/DRAINING/);
  });
});
