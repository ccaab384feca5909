import type { ListServiceDeploymentsCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { isOver, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import { serviceDeployments, serviceRevisions, services } from '../../store/tables/ecs.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb } from './fixture.ts';

const dayMs = 24 * 3_600_000;

/** A fixture with the service `web`, of which nothing runs. */
function withService() {
  const fixture = ecsFixture();
  const { ecs, store } = fixture;
  ecs.RegisterTaskDefinition(fargateWeb, ctx);
  const { service } = ecs.CreateService(
    {
      serviceName: 'web',
      taskDefinition: 'web',
      desiredCount: 2,
      launchType: 'FARGATE',
      networkConfiguration: awsvpc,
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    },
    ctx,
  );
  const list = (more: Partial<ListServiceDeploymentsCommandInput> = {}) =>
    ecs.ListServiceDeployments({ service: 'web', ...more }, ctx).serviceDeployments ?? [];
  const redeploy = () => ecs.UpdateService({ service: 'web', forceNewDeployment: true }, ctx);
  const end = (arn = '') =>
    store.transact((tx) =>
      tx.update(serviceDeployments, arn, (row): ServiceDeployment => ({
        ...row,
        status: 'SUCCESSFUL',
        finishedAt: row.createdAt,
      })),
    );
  return { ...fixture, service, list, redeploy, end };
}

describe('a service deployment', () => {
  it('is there from the moment the service is made, as ECS shows it', () => {
    const { ecs, service, clock, list } = withService();
    const at = new Date(clock.now());
    const [brief] = list();
    const revision = {
      arn: service?.currentServiceRevisions?.[0]?.arn,
      requestedTaskCount: 2,
      runningTaskCount: 0,
      pendingTaskCount: 0,
    };
    const known = {
      serviceDeploymentArn: service?.currentServiceDeployment,
      serviceArn: service?.serviceArn,
      clusterArn: service?.clusterArn,
      createdAt: at,
      status: 'PENDING',
    };
    expect(brief).toEqual({ ...known, targetServiceRevisionArn: revision.arn });
    const missing = 'arn:aws:ecs:us-east-1:000000000000:service-deployment/default/web/none';
    const arns = [brief?.serviceDeploymentArn ?? '', missing];
    expect(ecs.DescribeServiceDeployments({ serviceDeploymentArns: arns })).toEqual({
      serviceDeployments: [
        {
          ...known,
          updatedAt: at,
          sourceServiceRevisions: [],
          targetServiceRevision: revision,
          deploymentConfiguration: service?.deploymentConfiguration,
          deploymentCircuitBreaker: { status: 'MONITORING', failureCount: 0, threshold: 3 },
          alarms: { status: 'DISABLED' },
        },
      ],
      failures: [{ arn: missing, reason: 'MISSING' }],
    });
  });

  it('is another with each update that changes what runs, and with no other', async () => {
    const { ecs, clock, list, redeploy } = withService();
    ecs.UpdateService({ service: 'web', desiredCount: 3 }, ctx);
    expect(list()).toHaveLength(1);
    await clock.advance(1);
    redeploy();
    const [, first] = list();
    expect(first?.status).toBe('STOP_REQUESTED');
    const { serviceDeployments: shown } = ecs.DescribeServiceDeployments({
      serviceDeploymentArns: list().map(({ serviceDeploymentArn }) => serviceDeploymentArn ?? ''),
    });
    expect(shown?.[0]?.sourceServiceRevisions?.map(({ arn }) => arn)).toEqual([first?.targetServiceRevisionArn]);
  });

  it('is listed by status and time, newest first, a page at a time, by the name or the ARN of its service', async () => {
    const { ecs, clock, service, list, redeploy, end } = withService();
    const [first] = list();
    end(first?.serviceDeploymentArn);
    const before = new Date(clock.now() + 1);
    await clock.advance(1_000);
    redeploy();
    expect(list().map(({ status }) => status)).toEqual(['PENDING', 'SUCCESSFUL']);
    expect(list({ status: ['SUCCESSFUL'] })).toHaveLength(1);
    expect(list({ createdAt: { before } }).map(({ status }) => status)).toEqual(['SUCCESSFUL']);
    expect(list({ createdAt: { after: before } }).map(({ status }) => status)).toEqual(['PENDING']);
    const page = ecs.ListServiceDeployments({ service: service?.serviceArn, maxResults: 1 }, ctx);
    expect(page.serviceDeployments?.[0]?.status).toBe('PENDING');
    expect(list({ nextToken: page.nextToken })[0]?.status).toBe('SUCCESSFUL');
  });

  it('is forgotten after 90 days, and its revision with it unless the service still runs that', async () => {
    const { store, clock, list, redeploy, end } = withService();
    end(list()[0]?.serviceDeploymentArn);
    await clock.advance(91 * dayMs);
    redeploy();
    expect(list()).toHaveLength(1);
    expect(store.count(serviceRevisions)).toBe(2);
    store.transact((tx) => {
      const [row] = tx.list(services);
      if (row !== undefined) tx.put(services, { ...row, deployments: row.deployments.slice(0, 1) });
    });
    end(list()[0]?.serviceDeploymentArn);
    await clock.advance(91 * dayMs);
    redeploy();
    expect(store.list(serviceDeployments).filter((row) => !isOver(row))).toHaveLength(1);
  });
});

describe('StopServiceDeployment', () => {
  it.each([
    [undefined, 'ROLLBACK_REQUESTED'],
    ['ROLLBACK', 'ROLLBACK_REQUESTED'],
    ['ABORT', 'STOP_REQUESTED'],
  ] as const)('with stop type %s asks for %s, and asking again changes nothing', (stopType, status) => {
    const { ecs, list } = withService();
    const serviceDeploymentArn = list()[0]?.serviceDeploymentArn;
    for (let asked = 0; asked < 2; asked += 1) {
      expect(ecs.StopServiceDeployment({ serviceDeploymentArn, stopType })).toEqual({ serviceDeploymentArn });
      expect(list()[0]?.status).toBe(status);
    }
  });

  it('is refused once it is over', () => {
    const { ecs, list, end } = withService();
    const serviceDeploymentArn = list()[0]?.serviceDeploymentArn;
    end(serviceDeploymentArn);
    expect(() => ecs.StopServiceDeployment({ serviceDeploymentArn })).toThrow(
      expect.objectContaining({ code: 'ConflictException' }),
    );
  });
});

describe('ContinueServiceDeployment', () => {
  const paused = {
    id: 'hook',
    targetType: 'PAUSE',
    status: 'AWAITING_ACTION',
    expiresAt: 5,
    timeoutAction: 'ROLLBACK',
  } as const;

  it.each([
    [undefined, 'SUCCEEDED'],
    ['CONTINUE', 'SUCCEEDED'],
    ['ROLLBACK', 'FAILED'],
  ] as const)('with %s makes the pause %s, once', (action, status) => {
    const { ecs, store, list } = withService();
    const serviceDeploymentArn = list()[0]?.serviceDeploymentArn ?? '';
    store.transact((tx) =>
      tx.update(serviceDeployments, serviceDeploymentArn, (row): ServiceDeployment => ({
        ...row,
        slot: 'alternate',
        lifecycle: { stage: 'POST_SCALE_UP', since: 1, production: { primary: 90, alternate: 10 }, hooks: [paused] },
      })),
    );
    const shown = () =>
      ecs.DescribeServiceDeployments({ serviceDeploymentArns: [serviceDeploymentArn] }).serviceDeployments?.[0];
    expect(shown()).toMatchObject({
      lifecycleStage: 'POST_SCALE_UP',
      targetServiceRevision: { requestedProductionTrafficWeight: 10 },
      lifecycleHookDetails: [
        {
          hookId: 'hook',
          targetType: 'PAUSE',
          status: 'AWAITING_ACTION',
          expiresAt: new Date(5),
          timeoutAction: 'ROLLBACK',
        },
      ],
    });
    const go = () => ecs.ContinueServiceDeployment({ serviceDeploymentArn, hookId: 'hook', action });
    expect(go()).toEqual({ serviceDeploymentArn });
    expect(shown()?.lifecycleHookDetails?.[0]?.status).toBe(status);
    expect(go).toThrow('The lifecycle hook hook is not awaiting an action.');
  });
});

describe('DescribeServiceRevisions', () => {
  it('shows what the service was to run, with the digests that its tags stood for', () => {
    const { ecs, store, service, clock } = withService();
    const arn = service?.currentServiceRevisions?.[0]?.arn ?? '';
    store.transact((tx) => tx.update(serviceRevisions, arn, (row) => ({ ...row, imageDigests: { web: 'sha256:1' } })));
    expect(ecs.DescribeServiceRevisions({ serviceRevisionArns: [arn, 'none'] })).toEqual({
      serviceRevisions: [
        {
          serviceRevisionArn: arn,
          serviceArn: service?.serviceArn,
          clusterArn: service?.clusterArn,
          taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
          launchType: 'FARGATE',
          platformVersion: '1.4.0',
          platformFamily: 'Linux',
          networkConfiguration: service?.networkConfiguration,
          containerImages: [{ containerName: 'web', image: 'nginx', imageDigest: 'sha256:1' }],
          guardDutyEnabled: false,
          serviceConnectConfiguration: { enabled: false },
          createdAt: new Date(clock.now()),
        },
      ],
      failures: [{ arn: 'none', reason: 'MISSING' }],
    });
  });
});
