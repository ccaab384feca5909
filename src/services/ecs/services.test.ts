import { describe, expect, it } from 'vitest';
import type { Service } from '../../model/ecs/service.ts';
import { services as serviceTable, tasks as taskTable } from '../../store/tables/ecs.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb, targetGroupArns, web } from './fixture.ts';

const create = {
  serviceName: 'web',
  taskDefinition: 'web',
  desiredCount: 2,
  launchType: 'FARGATE',
  networkConfiguration: awsvpc,
  loadBalancers: [{ targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 }],
} as const;
const input = () => structuredClone(create) as unknown as { -readonly [K in keyof typeof create]: (typeof create)[K] };

/** A fixture with the definition `web` and the service `web` of it. */
function withService() {
  const fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
  const created = fixture.ecs.CreateService({ ...input(), loadBalancers: [...create.loadBalancers] }, ctx).service;
  const arn = created?.serviceArn ?? '';
  const change = (to: (row: Service) => Service) => fixture.store.transact((tx) => tx.update(serviceTable, arn, to));
  return { ...fixture, created, arn, change };
}

describe('CreateService', () => {
  it('makes a service with one PRIMARY deployment, shown as ECS shows it', () => {
    const { created, clock } = withService();
    const network = {
      awsvpcConfiguration: {
        subnets: ['subnet-a', 'subnet-b'],
        securityGroups: ['sg-default'],
        assignPublicIp: 'DISABLED',
      },
    };
    const now = new Date(clock.now());
    const id = created?.deployments?.[0]?.id ?? '';
    expect(id).toMatch(/^ecs-svc\/[1-9]\d{18}$/);
    expect(created).toEqual({
      serviceArn: 'arn:aws:ecs:us-east-1:000000000000:service/default/web',
      serviceName: 'web',
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      status: 'ACTIVE',
      desiredCount: 2,
      runningCount: 0,
      pendingCount: 0,
      taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      launchType: 'FARGATE',
      platformVersion: 'LATEST',
      platformFamily: 'Linux',
      deploymentConfiguration: {
        deploymentCircuitBreaker: { enable: false, rollback: false },
        maximumPercent: 200,
        minimumHealthyPercent: 100,
        strategy: 'ROLLING',
        bakeTimeInMinutes: 0,
      },
      deploymentController: { type: 'ECS' },
      deployments: [
        {
          id,
          status: 'PRIMARY',
          taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
          desiredCount: 2,
          pendingCount: 0,
          runningCount: 0,
          failedTasks: 0,
          createdAt: now,
          updatedAt: now,
          launchType: 'FARGATE',
          platformVersion: '1.4.0',
          platformFamily: 'Linux',
          networkConfiguration: network,
          rolloutState: 'IN_PROGRESS',
          rolloutStateReason: `ECS deployment ${id} in progress.`,
        },
      ],
      loadBalancers: create.loadBalancers,
      serviceRegistries: [],
      roleArn: 'arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS',
      events: [],
      createdAt: now,
      currentServiceDeployment: expect.stringMatching(
        /^arn:aws:ecs:us-east-1:000000000000:service-deployment\/default\/web\/[\w-]{21}$/,
      ),
      currentServiceRevisions: [
        {
          arn: `arn:aws:ecs:us-east-1:000000000000:service-revision/default/web/${id.replace('ecs-svc/', '')}`,
          requestedTaskCount: 2,
          runningTaskCount: 0,
          pendingTaskCount: 0,
        },
      ],
      createdBy: 'arn:aws:iam::000000000000:root',
      placementConstraints: [],
      placementStrategy: [],
      networkConfiguration: network,
      healthCheckGracePeriodSeconds: 0,
      schedulingStrategy: 'REPLICA',
      enableECSManagedTags: false,
      propagateTags: 'NONE',
      enableExecuteCommand: false,
      availabilityZoneRebalancing: 'ENABLED',
    });
  });

  it('answers the service that is there when asked for the same again', () => {
    const { ecs, created } = withService();
    expect(ecs.CreateService({ ...input(), loadBalancers: [...create.loadBalancers] }, ctx).service).toEqual(created);
  });

  it('leaves the network configuration out when there is none', () => {
    const { ecs } = ecsFixture();
    ecs.RegisterTaskDefinition({ family: 'b', containerDefinitions: [{ ...web, memory: 64 }] }, ctx);
    const { service } = ecs.CreateService({ serviceName: 'b', taskDefinition: 'b', desiredCount: 0 }, ctx);
    expect(service).toMatchObject({ launchType: 'EC2' });
    expect(service).not.toHaveProperty('networkConfiguration');
    expect(service?.deployments?.[0]).not.toHaveProperty('networkConfiguration');
    expect(service).not.toHaveProperty('healthCheckGracePeriodSeconds');
  });

  it('makes a deleted service anew', () => {
    const { ecs, change } = withService();
    change((row) => ({ ...row, status: 'INACTIVE', deployments: [], desiredCount: 0 }));
    const { service } = ecs.CreateService({ ...input(), loadBalancers: [...create.loadBalancers] }, ctx);
    expect(service?.status).toBe('ACTIVE');
  });
});

describe('UpdateService', () => {
  it('changes the count without a new deployment', () => {
    const { ecs } = withService();
    const { service } = ecs.UpdateService({ service: 'web', desiredCount: 5 }, ctx);
    expect(service?.desiredCount).toBe(5);
    expect(service?.deployments).toHaveLength(1);
  });

  it('changes capacity providers with a forced deployment only, and goes back to the launch type', () => {
    const { ecs } = withService();
    const capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    ecs.PutClusterCapacityProviders(
      { cluster: 'default', capacityProviders, defaultCapacityProviderStrategy: [] },
      ctx,
    );
    const spot = [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 0 }];
    const update = (more: object) => ecs.UpdateService({ service: 'web', ...more }, ctx).service;
    const message =
      'When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.';
    expect(update({ capacityProviderStrategy: [] })?.deployments).toHaveLength(1);
    expect(() => update({ capacityProviderStrategy: spot })).toThrow(
      expect.objectContaining({ code: 'InvalidParameterException', message }) as Error,
    );
    const forced = update({ capacityProviderStrategy: spot, forceNewDeployment: true });
    expect(forced?.deployments).toHaveLength(2);
    expect(forced).toMatchObject({ capacityProviderStrategy: spot });
    expect(forced).not.toHaveProperty('launchType');
    expect(update({ capacityProviderStrategy: spot })?.deployments).toHaveLength(2);
    expect(() => update({ capacityProviderStrategy: [{ ...spot[0], base: 1 }] })).toThrow(message);
    expect(() => update({ capacityProviderStrategy: [] })).toThrow(message);
    const back = update({ capacityProviderStrategy: [], forceNewDeployment: true });
    expect(back).toMatchObject({ launchType: 'FARGATE' });
    expect(back).not.toHaveProperty('capacityProviderStrategy');
  });

  it.each([
    ['a new revision', { taskDefinition: 'web' }, 2],
    ['the revision there is', { taskDefinition: 'web:1' }, 1],
    ['force', { forceNewDeployment: true }, 2],
    ['the same network', { networkConfiguration: awsvpc }, 1],
    ['another network', { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } } }, 2],
    ['no load balancers', { loadBalancers: [] }, 2],
    ['the platform there is', { platformVersion: '1.4.0' }, 1],
    ['propagated tags', { propagateTags: 'SERVICE' as const }, 2],
    ['the deployment configuration', { deploymentConfiguration: { minimumHealthyPercent: 50 } }, 1],
    ['a grace period', { healthCheckGracePeriodSeconds: 30 }, 1],
  ])('with %s comes to as many deployments as on AWS', (_, change, deployments) => {
    const { ecs } = withService();
    ecs.RegisterTaskDefinition(fargateWeb, ctx);
    const { service } = ecs.UpdateService({ service: 'web', ...change }, ctx);
    expect(service?.deployments?.map(({ status }) => status)).toEqual(['PRIMARY', 'ACTIVE'].slice(0, deployments));
  });

  it('keeps the deployment configuration that it is not told to change', () => {
    const { ecs } = withService();
    const breaker = { enable: true, rollback: true };
    const update = (deploymentConfiguration: object) =>
      ecs.UpdateService({ service: 'web', deploymentConfiguration }, ctx).service?.deploymentConfiguration;
    update({ deploymentCircuitBreaker: breaker });
    expect(update({ maximumPercent: 150 })).toMatchObject({
      deploymentCircuitBreaker: breaker,
      maximumPercent: 150,
      minimumHealthyPercent: 100,
    });
  });

  it('does not mind what the scheduler notes in a deployment', () => {
    const { ecs, change } = withService();
    change((row) => ({
      ...row,
      deployments: row.deployments.map((deployment) => ({ ...deployment, succeeded: true, runningCount: 2 })),
    }));
    expect(ecs.UpdateService({ service: 'web', taskDefinition: 'web' }, ctx).service?.deployments).toHaveLength(1);
  });

  it('runs on when its definition is deregistered', () => {
    const { ecs } = withService();
    ecs.DeregisterTaskDefinition({ taskDefinition: 'web:1' }, ctx);
    expect(ecs.UpdateService({ service: 'web', desiredCount: 3 }, ctx).service?.desiredCount).toBe(3);
  });
});

describe('DescribeServices and ListServices', () => {
  it('show counts, events, tags where asked for, and what is missing', () => {
    const { ecs, change, clock } = withService();
    change((row) => ({
      ...row,
      tags: [{ key: 'a', value: 'b' }],
      events: [{ id: 'event', createdAt: clock.now(), message: '(service web) has reached a steady state.' }],
      deployments: row.deployments.map((deployment) => ({ ...deployment, runningCount: 1, pendingCount: 1 })),
    }));
    const bare = ecs.DescribeServices({ services: ['web', 'none'] }, ctx);
    expect(bare.failures).toEqual([
      { arn: 'arn:aws:ecs:us-east-1:000000000000:service/default/none', reason: 'MISSING' },
    ]);
    expect(bare.services?.[0]).toMatchObject({ runningCount: 1, pendingCount: 1, events: [{ id: 'event' }] });
    expect(bare.services?.[0]).not.toHaveProperty('tags');
    const tagged = ecs.DescribeServices({ services: ['web'], include: ['TAGS'] }, ctx);
    expect(tagged.services?.[0]?.tags).toEqual([{ key: 'a', value: 'b' }]);
  });

  it('list by launch type and strategy, ten at a time', () => {
    const { ecs } = withService();
    for (let n = 0; n < 10; n++) {
      ecs.CreateService({ ...input(), loadBalancers: [], serviceName: `s${n}`, desiredCount: 0 }, ctx);
    }
    const first = ecs.ListServices({}, ctx);
    expect(first.serviceArns).toHaveLength(10);
    expect(ecs.ListServices({ nextToken: first.nextToken }, ctx).serviceArns).toHaveLength(1);
    expect(ecs.ListServices({ launchType: 'EC2' }, ctx).serviceArns).toEqual([]);
    expect(ecs.ListServices({ schedulingStrategy: 'DAEMON' }, ctx).serviceArns).toEqual([]);
  });
});

describe('DeleteService', () => {
  it('drains a service, which is gone once it is INACTIVE', () => {
    const { ecs, change } = withService();
    ecs.UpdateService({ service: 'web', desiredCount: 0 }, ctx);
    expect(ecs.DeleteService({ service: 'web' }, ctx).service).toMatchObject({ status: 'DRAINING', desiredCount: 0 });
    change((row) => ({ ...row, status: 'INACTIVE', deployments: [] }));
    expect(ecs.ListServices({}, ctx).serviceArns).toEqual([]);
    expect(ecs.DescribeServices({ services: ['web'] }, ctx).services?.[0]?.status).toBe('INACTIVE');
    expect(() => ecs.DeleteService({ service: 'web' }, ctx)).toThrow('Service not found.');
  });
});

it('refuses without leaving anything behind', () => {
  const { ecs, store } = withService();
  const before = JSON.stringify([store.list(serviceTable), store.list(taskTable)]);
  const acts = [
    () => ecs.UpdateService({ service: 'web', desiredCount: 9, enableExecuteCommand: true }, ctx),
    () => ecs.UpdateService({ service: 'web', desiredCount: 9, taskDefinition: 'none' }, ctx),
    () => ecs.CreateService({ ...input(), loadBalancers: [], serviceName: 'x', desiredCount: -1 }, ctx),
    () => ecs.RunTask({ taskDefinition: 'web', count: 5, launchType: 'FARGATE' }, ctx),
  ];
  for (const act of acts) expect(act).toThrow();
  expect(JSON.stringify([store.list(serviceTable), store.list(taskTable)])).toBe(before);
});
