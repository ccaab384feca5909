import { describe, expect, it } from 'vitest';
import { awsvpc, ctx, ecsFixture, fargateWeb } from './fixture.ts';

describe('clusters', () => {
  it('are created once, with what is asked for', () => {
    const { ecs } = ecsFixture();
    const asked = {
      clusterName: 'FargateCluster',
      settings: [{ name: 'containerInsights', value: 'enabled' }],
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
      tags: [{ key: 'a', value: 'b' }],
    } as const;
    const input = structuredClone(asked) as unknown as Parameters<typeof ecs.CreateCluster>[0];
    const { cluster } = ecs.CreateCluster(input, ctx);
    expect(cluster).toEqual({
      clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/FargateCluster',
      clusterName: 'FargateCluster',
      status: 'ACTIVE',
      registeredContainerInstancesCount: 0,
      runningTasksCount: 0,
      pendingTasksCount: 0,
      activeServicesCount: 0,
      statistics: [],
      tags: [{ key: 'a', value: 'b' }],
      settings: [{ name: 'containerInsights', value: 'enabled' }],
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1, base: 0 }],
    });
    expect(ecs.CreateCluster({ clusterName: 'FargateCluster' }, ctx).cluster).toEqual(cluster);
  });

  it('show what is included, and what is missing', () => {
    const { ecs } = ecsFixture();
    const bare = ecs.DescribeClusters({ clusters: ['default', 'none'] }, ctx);
    expect(bare.clusters).toMatchObject([{ settings: [], statistics: [], tags: [] }]);
    expect(bare.failures).toEqual([{ arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/none', reason: 'MISSING' }]);
    const full = ecs.DescribeClusters(
      { include: ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS'] },
      ctx,
    );
    expect(full.clusters?.[0]).toMatchObject({
      attachments: [],
      settings: [{ name: 'containerInsights', value: 'disabled' }],
    });
  });

  it('count their tasks and services', () => {
    const { ecs } = ecsFixture();
    ecs.RegisterTaskDefinition(fargateWeb, ctx);
    const run = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: awsvpc } as const;
    ecs.RunTask({ ...run, count: 3 }, ctx);
    ecs.CreateService({ ...run, serviceName: 'web', desiredCount: 2 }, ctx);
    const [cluster] = ecs.DescribeClusters({ include: ['STATISTICS'] }, ctx).clusters ?? [];
    expect(cluster).toMatchObject({ runningTasksCount: 0, pendingTasksCount: 3, activeServicesCount: 1 });
    expect(cluster?.statistics).toContainEqual({ name: 'pendingFargateTasksCount', value: '3' });
    expect(cluster?.statistics).toContainEqual({ name: 'runningEC2TasksCount', value: '0' });
    expect(cluster?.statistics).toContainEqual({ name: 'activeFargateServiceCount', value: '1' });
  });

  it('are INACTIVE once deleted, and can be made anew', () => {
    const { ecs } = ecsFixture();
    expect(ecs.DeleteCluster({ cluster: 'default' }, ctx).cluster?.status).toBe('INACTIVE');
    expect(ecs.ListClusters({}, ctx).clusterArns).toEqual([]);
    expect(ecs.DescribeClusters({}, ctx).clusters?.[0]?.status).toBe('INACTIVE');
    expect(ecs.CreateCluster({}, ctx).cluster?.status).toBe('ACTIVE');
  });

  it('change their settings and capacity providers', () => {
    const { ecs } = ecsFixture();
    const settings = [{ name: 'containerInsights' as const, value: 'enhanced' }];
    expect(ecs.UpdateClusterSettings({ cluster: 'default', settings }, ctx).cluster?.settings).toEqual(settings);
    const put = ecs.PutClusterCapacityProviders(
      { cluster: 'default', capacityProviders: ['FARGATE'], defaultCapacityProviderStrategy: [] },
      ctx,
    );
    expect(put.cluster?.capacityProviders).toEqual(['FARGATE']);
    expect(ecs.DescribeCapacityProviders({ capacityProviders: ['FARGATE', 'x'] }, ctx)).toMatchObject({
      capacityProviders: [{ name: 'FARGATE', status: 'ACTIVE' }],
      failures: [{ reason: 'MISSING' }],
    });
  });

  it('are listed a page at a time', () => {
    const { ecs } = ecsFixture();
    for (const clusterName of ['a', 'b', 'c']) ecs.CreateCluster({ clusterName }, ctx);
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: { clusterArns?: string[] | undefined; nextToken?: string | undefined } = ecs.ListClusters(
        { maxResults: 1, nextToken },
        ctx,
      );
      seen.push(...(page.clusterArns ?? []).map((arn) => arn.split('/')[1] ?? ''));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(seen).toEqual(['a', 'b', 'c', 'default']);
  });
});

describe('account settings', () => {
  it('have real defaults, of which containerInsights decides over new clusters', () => {
    const { ecs } = ecsFixture();
    const value = (name: 'containerInsights' | 'taskLongArnFormat') =>
      ecs.ListAccountSettings({ name, effectiveSettings: true }, ctx).settings?.[0]?.value;
    expect(value('taskLongArnFormat')).toBe('enabled');
    expect(value('containerInsights')).toBe('disabled');
    expect(ecs.ListAccountSettings({}, ctx).settings).toEqual([]);
    ecs.PutAccountSettingDefault({ name: 'containerInsights', value: 'enabled' }, ctx);
    expect(value('containerInsights')).toBe('enabled');
    const { cluster } = ecs.CreateCluster({ clusterName: 'new' }, ctx);
    expect(cluster?.settings).toEqual([{ name: 'containerInsights', value: 'enabled' }]);
    ecs.PutAccountSetting({ name: 'containerInsights', value: 'disabled' }, ctx);
    expect(value('containerInsights')).toBe('disabled');
    ecs.DeleteAccountSetting({ name: 'containerInsights' }, ctx);
    expect(value('containerInsights')).toBe('enabled');
    expect(() => ecs.PutAccountSetting({ name: 'taskLongArnFormat', value: 'disabled' }, ctx)).toThrow('not valid');
  });
});

describe('container instances', () => {
  it('are none', () => {
    const { ecs } = ecsFixture();
    expect(ecs.ListContainerInstances({}, ctx).containerInstanceArns).toEqual([]);
    expect(ecs.DescribeContainerInstances({ containerInstances: ['x'] }, ctx)).toEqual({
      containerInstances: [],
      failures: [{ arn: 'arn:aws:ecs:us-east-1:000000000000:container-instance/default/x', reason: 'MISSING' }],
    });
    expect(ecs.ListAttributes({ targetType: 'container-instance' }, ctx).attributes).toEqual([]);
  });
});

describe('tags', () => {
  it('are put, merged and taken away on every kind of resource', () => {
    const { ecs } = ecsFixture();
    ecs.RegisterTaskDefinition(fargateWeb, ctx);
    const run = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: awsvpc } as const;
    const { tasks } = ecs.RunTask(run, ctx);
    const { service } = ecs.CreateService({ ...run, serviceName: 'web', desiredCount: 0 }, ctx);
    const arns = [
      tasks?.[0]?.taskArn,
      service?.serviceArn,
      'arn:aws:ecs:us-east-1:000000000000:cluster/default',
      'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
    ];
    for (const resourceArn of arns) {
      const tag = (key: string, value: string) => ({ key, value });
      ecs.TagResource({ resourceArn, tags: [tag('a', '1'), tag('b', '1')] });
      ecs.TagResource({ resourceArn, tags: [tag('b', '2')] });
      expect(ecs.ListTagsForResource({ resourceArn }).tags).toEqual([tag('a', '1'), tag('b', '2')]);
      ecs.UntagResource({ resourceArn, tagKeys: ['a'] });
      expect(ecs.ListTagsForResource({ resourceArn }).tags).toEqual([tag('b', '2')]);
    }
  });
});
