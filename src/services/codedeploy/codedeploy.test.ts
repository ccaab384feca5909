import type * as sdk from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import * as codeDeployTables from '../../store/tables/codedeploy.ts';
import { listeners, rules, targetGroups } from '../../store/tables/elbv2.ts';
import { awsvpc, ctx as caller, ecsFixture, fargateWeb, targetGroupArns } from '../ecs/fixture.ts';
import { taskSetReader } from '../ecs/task-set-spec.ts';
import { codeDeployHandlers } from './handlers.ts';

const { codeDeployments } = codeDeployTables;
const scope = { account: caller.account, region: caller.region };
const listenerArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/web/1/production';

/** What a deployment group is made of, for the service `web`. */
const group = {
  applicationName: 'web',
  deploymentGroupName: 'web',
  serviceRoleArn: 'arn:aws:iam::000000000000:role/deploy',
  deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
  blueGreenDeploymentConfiguration: {
    deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
    terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 5 },
  },
  loadBalancerInfo: {
    targetGroupPairInfoList: [
      {
        targetGroups: [{ name: 'ip' }, { name: 'green' }],
        prodTrafficRoute: { listenerArns: [listenerArn] },
      },
    ],
  },
  ecsServices: [{ clusterName: 'default', serviceName: 'web' }],
} satisfies sdk.CreateDeploymentGroupInput;

/** CodeDeploy's handlers beside ECS's, with the services `web`, which is CodeDeploy's, and `rolling`. */
function codeDeployFixture() {
  const fixture = ecsFixture(codeDeployTables);
  const { store, clock, ids, ecs, ctx } = fixture;
  store.transact((tx) => {
    tx.put(listeners, {
      ...scope,
      arn: listenerArn,
      loadBalancerArn: 'balancer',
      protocol: 'HTTP',
      port: 80,
      certificates: [],
      attributes: {},
      tags: [],
    });
    tx.update(rules, 'rule-ip', (rule) => ({ ...rule, listenerArn }));
    const blue = tx.get(targetGroups, targetGroupArns.ip);
    if (blue !== undefined) tx.put(targetGroups, { ...blue, name: 'green', arn: `${blue.arn}-green` });
  });
  ecs.RegisterTaskDefinition(fargateWeb, ctx);
  for (const [serviceName, type] of [
    ['web', 'CODE_DEPLOY'],
    ['rolling', 'ECS'],
  ] as const) {
    ecs.CreateService(
      {
        serviceName,
        taskDefinition: 'web',
        desiredCount: 2,
        launchType: 'FARGATE',
        networkConfiguration: awsvpc,
        loadBalancers: [{ targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 }],
        deploymentController: { type },
      },
      ctx,
    );
  }
  const objects = new Map<string, string>();
  const deps = { store, clock, ids, log: silentLog, publicPool: '100.127.0.0/24' };
  const handlers = codeDeployHandlers({
    ...deps,
    readTaskSet: taskSetReader(deps),
    readObject({ bucket, key }) {
      const text = objects.get(`${bucket}/${key}`);
      return text === undefined
        ? Promise.reject(new AwsError('NoSuchKey', 'The specified key does not exist.'))
        : Promise.resolve(text);
    },
  });
  return { ...fixture, objects, api: handlers as Required<typeof handlers> };
}

function appSpec(taskDefinition = 'web', ContainerName = 'web'): string {
  const Properties = { TaskDefinition: taskDefinition, LoadBalancerInfo: { ContainerName, ContainerPort: 80 } };
  return JSON.stringify({ version: 0, Resources: [{ TargetService: { Type: 'AWS::ECS::Service', Properties } }] });
}

const application = { applicationName: 'web', computePlatform: 'ECS' } as const;

/** A fixture with the application `web` and its deployment group `web`. */
function withGroup(changes: Partial<sdk.CreateDeploymentGroupInput> = {}) {
  const fixture = codeDeployFixture();
  void fixture.api.CreateApplication(application, fixture.ctx);
  void fixture.api.CreateDeploymentGroup({ ...group, ...changes }, fixture.ctx);
  return fixture;
}

describe('applications', () => {
  it('are made, found, renamed, tagged and deleted', async () => {
    const { api, ctx } = withGroup();
    const arn = 'arn:aws:codedeploy:us-east-1:000000000000:application:web';
    const { application: found } = await api.GetApplication({ applicationName: 'web' }, ctx);
    expect(found).toMatchObject({ applicationName: 'web', computePlatform: 'ECS', linkedToGitHub: false });
    await api.TagResource(
      {
        ResourceArn: arn,
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '2' },
        ],
      },
      ctx,
    );
    await api.UntagResource({ ResourceArn: arn, TagKeys: ['a'] }, ctx);
    expect(await api.ListTagsForResource({ ResourceArn: arn }, ctx)).toEqual({ Tags: [{ Key: 'b', Value: '2' }] });
    await api.UpdateApplication({ applicationName: 'web', newApplicationName: 'shop' }, ctx);
    expect(await api.ListApplications({}, ctx)).toEqual({ applications: ['shop'] });
    const { deploymentGroups } = await api.ListDeploymentGroups({ applicationName: 'shop' }, ctx);
    expect(deploymentGroups).toEqual(['web']);
    await api.DeleteApplication({ applicationName: 'shop' }, ctx);
    await api.DeleteApplication({ applicationName: 'shop' }, ctx);
    expect(await api.ListApplications({}, ctx)).toEqual({ applications: [] });
  });

  it.each([
    [{ applicationName: 'web', computePlatform: 'ECS' }, 'ApplicationAlreadyExistsException'],
    [{ applicationName: 'a b', computePlatform: 'ECS' }, 'InvalidApplicationNameException'],
    [{ applicationName: '', computePlatform: 'ECS' }, 'ApplicationNameRequiredException'],
    [{ applicationName: 'b' }, 'InvalidComputePlatformException'],
    [{ applicationName: 'b', computePlatform: 'Lambda' }, 'InvalidComputePlatformException'],
    [{ applicationName: 'b', computePlatform: 'ECS', tags: [{ Key: 'aws:a' }] }, 'InvalidTagsToAddException'],
  ] as const)('are refused: %j', (input, code) => {
    const { api, ctx } = withGroup();
    expect(() => api.CreateApplication(structuredClone(input) as unknown as sdk.CreateApplicationInput, ctx)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('deployment configurations', () => {
  it('are the predefined ones and those that were made', async () => {
    const { api, ctx } = withGroup();
    const routing = { type: 'TimeBasedLinear', timeBasedLinear: { linearPercentage: 20, linearInterval: 2 } } as const;
    await api.CreateDeploymentConfig(
      { deploymentConfigName: 'mine', computePlatform: 'ECS', trafficRoutingConfig: routing },
      ctx,
    );
    const { deploymentConfigsList } = await api.ListDeploymentConfigs({}, ctx);
    expect(deploymentConfigsList).toEqual([
      'CodeDeployDefault.ECSAllAtOnce',
      'CodeDeployDefault.ECSCanary10Percent15Minutes',
      'CodeDeployDefault.ECSCanary10Percent5Minutes',
      'CodeDeployDefault.ECSLinear10PercentEvery1Minutes',
      'CodeDeployDefault.ECSLinear10PercentEvery3Minutes',
      'mine',
    ]);
    const { deploymentConfigInfo } = await api.GetDeploymentConfig({ deploymentConfigName: 'mine' }, ctx);
    expect(deploymentConfigInfo).toMatchObject({ trafficRoutingConfig: routing, computePlatform: 'ECS' });
    const name = 'CodeDeployDefault.ECSCanary10Percent5Minutes';
    const canary = await api.GetDeploymentConfig({ deploymentConfigName: name }, ctx);
    expect(canary.deploymentConfigInfo?.trafficRoutingConfig).toEqual({
      type: 'TimeBasedCanary',
      timeBasedCanary: { canaryPercentage: 10, canaryInterval: 5 },
    });
    await api.UpdateDeploymentGroup(
      { applicationName: 'web', currentDeploymentGroupName: 'web', deploymentConfigName: 'mine' },
      ctx,
    );
    expect(() => api.DeleteDeploymentConfig({ deploymentConfigName: 'mine' }, ctx)).toThrow(
      expect.objectContaining({ code: 'DeploymentConfigInUseException' }),
    );
    await api.DeleteDeploymentGroup({ applicationName: 'web', deploymentGroupName: 'web' }, ctx);
    await api.DeleteDeploymentConfig({ deploymentConfigName: 'mine' }, ctx);
    expect(() => api.GetDeploymentConfig({ deploymentConfigName: 'mine' }, ctx)).toThrow(
      'No Deployment Configuration found for name: mine',
    );
  });

  it.each([
    [{ type: 'TimeBasedCanary' }],
    [{ type: 'TimeBasedCanary', timeBasedCanary: { canaryPercentage: 0, canaryInterval: 1 } }],
    [{ type: 'TimeBasedCanary', timeBasedCanary: { canaryPercentage: 100, canaryInterval: 1 } }],
    [{ type: 'TimeBasedCanary', timeBasedCanary: { canaryPercentage: 10, canaryInterval: 2881 } }],
    [{ type: 'TimeBasedLinear', timeBasedLinear: { linearPercentage: 1, linearInterval: 30 } }],
    [{ type: 'AllAtOnce', timeBasedLinear: { linearPercentage: 10, linearInterval: 1 } }],
    [undefined],
  ] as const)('are refused: %j', (trafficRoutingConfig) => {
    const { api, ctx } = withGroup();
    const input = { deploymentConfigName: 'mine', computePlatform: 'ECS', trafficRoutingConfig } as const;
    expect(() => api.CreateDeploymentConfig(input as unknown as sdk.CreateDeploymentConfigInput, ctx)).toThrow(
      expect.objectContaining({ code: 'InvalidTrafficRoutingConfigurationException' }),
    );
  });
});

describe('deployment groups', () => {
  it('are shown as they were made', async () => {
    const { api, ctx } = withGroup();
    const asked = { applicationName: 'web', deploymentGroupName: 'web' };
    const { deploymentGroupInfo } = await api.GetDeploymentGroup(asked, ctx);
    expect(deploymentGroupInfo).toMatchObject({
      ...group,
      deploymentConfigName: 'CodeDeployDefault.ECSAllAtOnce',
      computePlatform: 'ECS',
      autoRollbackConfiguration: { enabled: false, events: [] },
      blueGreenDeploymentConfiguration: {
        deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT', waitTimeInMinutes: 0 },
        terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 5 },
      },
    });
    const batch = await api.BatchGetDeploymentGroups(
      { applicationName: 'web', deploymentGroupNames: ['web', 'none'] },
      ctx,
    );
    expect(batch.deploymentGroupsInfo).toHaveLength(1);
    expect(batch.errorMessage).toBe('No Deployment Group found for name: none');
  });

  const [pair] = group.loadBalancerInfo.targetGroupPairInfoList;
  const pairOf = (changes: object) => ({ loadBalancerInfo: { targetGroupPairInfoList: [{ ...pair, ...changes }] } });
  it.each([
    [{ deploymentGroupName: 'web' }, 'DeploymentGroupAlreadyExists'],
    [{}, 'ECSServiceMappingLimitExceeded'],
    [{ applicationName: 'none' }, 'ApplicationDoesNotExist'],
    [{ serviceRoleArn: 'role' }, 'InvalidRole'],
    [{ serviceRoleArn: '' }, 'RoleRequired'],
    [{ deploymentConfigName: 'none' }, 'DeploymentConfigDoesNotExist'],
    [{ deploymentStyle: undefined }, 'InvalidDeploymentStyle'],
    [{ deploymentStyle: { deploymentType: 'IN_PLACE' } }, 'InvalidDeploymentStyle'],
    [{ blueGreenDeploymentConfiguration: undefined }, 'InvalidBlueGreenDeploymentConfiguration'],
    [
      {
        blueGreenDeploymentConfiguration: {
          ...group.blueGreenDeploymentConfiguration,
          terminateBlueInstancesOnDeploymentSuccess: { action: 'KEEP_ALIVE' },
        },
      },
      'InvalidBlueGreenDeploymentConfiguration',
    ],
    [
      {
        blueGreenDeploymentConfiguration: {
          ...group.blueGreenDeploymentConfiguration,
          deploymentReadyOption: { actionOnTimeout: 'STOP_DEPLOYMENT' },
        },
      },
      'InvalidBlueGreenDeploymentConfiguration',
    ],
    [{ loadBalancerInfo: undefined }, 'InvalidLoadBalancerInfo'],
    [{ loadBalancerInfo: { elbInfoList: [{ name: 'a' }] } }, 'InvalidLoadBalancerInfo'],
    [{ loadBalancerInfo: { targetGroupInfoList: [{ name: 'a' }] } }, 'InvalidLoadBalancerInfo'],
    [pairOf({ targetGroups: [{ name: 'ip' }] }), 'InvalidTargetGroupPair'],
    [pairOf({ targetGroups: [{ name: 'ip' }, { name: 'none' }] }), 'InvalidTargetGroupPair'],
    [pairOf({ prodTrafficRoute: { listenerArns: ['none'] } }), 'InvalidTargetGroupPair'],
    [pairOf({ testTrafficRoute: { listenerArns: [listenerArn] } }), 'InvalidTargetGroupPair'],
    [{ ecsServices: [] }, 'InvalidECSService'],
    [{ ecsServices: [{ clusterName: 'default', serviceName: 'none' }] }, 'InvalidECSService'],
    [{ ecsServices: [{ clusterName: 'default', serviceName: 'rolling' }] }, 'InvalidECSService'],
    [{ autoRollbackConfiguration: { enabled: true, events: [] } }, 'InvalidAutoRollbackConfig'],
    [{ autoRollbackConfiguration: { enabled: true, events: ['NONE'] } }, 'InvalidAutoRollbackConfig'],
    [{ alarmConfiguration: { enabled: true, alarms: [] } }, 'InvalidAlarmConfig'],
    [
      { alarmConfiguration: { enabled: true, alarms: Array.from({ length: 11 }, (_, at) => ({ name: `${at}` })) } },
      'AlarmsLimitExceeded',
    ],
    [{ triggerConfigurations: [{ triggerName: 'a' }] }, 'InvalidTriggerConfig'],
    [{ autoScalingGroups: ['a'] }, 'InvalidAutoScalingGroup'],
    [{ tags: [{ Key: '', Value: '' }] }, 'InvalidTagsToAdd'],
  ])('are refused: %j', (changes, code) => {
    const { api, ctx } = withGroup();
    const input = { ...group, deploymentGroupName: 'other', ...changes } as unknown as sdk.CreateDeploymentGroupInput;
    expect(() => api.CreateDeploymentGroup(input, ctx)).toThrow(expect.objectContaining({ code: `${code}Exception` }));
  });
});

describe('deployments', () => {
  const revision = { revisionType: 'AppSpecContent', appSpecContent: { content: appSpec() } } as const;
  const asked = { applicationName: 'web', deploymentGroupName: 'web', revision };

  it('are made as they are asked for, with what the service runs otherwise', async () => {
    const { api, ctx, store, clock } = withGroup();
    const { deploymentId = '' } = await api.CreateDeployment({ ...asked, description: 'one' }, ctx);
    expect(deploymentId).toMatch(/^d-[A-Z0-9]{9}$/);
    expect(await api.GetDeployment({ deploymentId }, ctx)).toMatchObject({
      deploymentInfo: {
        deploymentId,
        status: 'Created',
        description: 'one',
        creator: 'user',
        computePlatform: 'ECS',
        createTime: new Date(clock.now()),
        revision,
        deploymentOverview: { Pending: 1 },
        loadBalancerInfo: group.loadBalancerInfo,
      },
    });
    expect(store.get(codeDeployments, deploymentId)?.work).toMatchObject({
      spec: { taskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1', launchType: 'FARGATE' },
      routing: { type: 'AllAtOnce' },
    });
    expect(() => api.GetDeploymentTarget({ deploymentId, targetId: 'default:web' }, ctx)).toThrow(
      expect.objectContaining({ code: 'DeploymentNotStartedException' }),
    );
    const { applicationName, deploymentGroupName } = asked;
    expect(await api.ListDeployments({ applicationName, deploymentGroupName }, ctx)).toEqual({
      deployments: [deploymentId],
    });
    expect(await api.ListDeployments({ includeOnlyStatuses: ['Failed'] }, ctx)).toEqual({ deployments: [] });
    await api.StopDeployment({ deploymentId }, ctx);
    expect(() => api.StopDeployment({ deploymentId }, ctx)).toThrow(
      expect.objectContaining({ code: 'DeploymentAlreadyCompletedException' }),
    );
    const batch = await api.BatchGetDeployments({ deploymentIds: [deploymentId] }, ctx);
    expect(batch.deploymentsInfo?.[0]).toMatchObject({ status: 'Stopped', errorInformation: { code: 'MANUAL_STOP' } });
  });

  it('read their revision from S3', async () => {
    const { api, ctx, objects } = withGroup();
    objects.set('revisions/appspec.yaml', appSpec());
    const s3Location = { bucket: 'revisions', key: 'appspec.yaml', bundleType: 'YAML' } as const;
    const from = { ...asked, revision: { revisionType: 'S3', s3Location } as const };
    const { deploymentId = '' } = await api.CreateDeployment(from, ctx);
    const { deploymentInfo } = await api.GetDeployment({ deploymentId }, ctx);
    expect(deploymentInfo).toMatchObject({ status: 'Created', revision: { s3Location } });
  });

  it.each([
    ['that is none', '{', 'INVALID_REVISION', 'not well-formed'],
    ['of a task definition that is not there', appSpec('none'), 'ECS_UPDATE_ERROR', 'TaskDefinition not found.'],
    [
      'of a container that is not there',
      appSpec('web', 'none'),
      'ECS_UPDATE_ERROR',
      'The container none does not exist',
    ],
  ])('fail with an AppSpec file %s', async (_, content, code, message) => {
    const { api, ctx } = withGroup();
    const bad = { ...asked, revision: { revisionType: 'String', string: { content } } as const };
    const { deploymentId = '' } = await api.CreateDeployment(bad, ctx);
    const { deploymentInfo } = await api.GetDeployment({ deploymentId }, ctx);
    expect(deploymentInfo).toMatchObject({
      status: 'Failed',
      errorInformation: { code, message: expect.stringContaining(message) as string },
    });
  });

  it.each([
    [{ revision: undefined }, 'RevisionRequired'],
    [{ revision: { revisionType: 'AppSpecContent' } }, 'InvalidRevision'],
    [
      { revision: { revisionType: 'AppSpecContent', appSpecContent: { content: 'a', sha256: 'b' } } },
      'InvalidRevision',
    ],
    [{ revision: { revisionType: 'S3', s3Location: { bucket: 'a', key: 'b', bundleType: 'zip' } } }, 'InvalidRevision'],
    [{ revision: { revisionType: 'GitHub', gitHubLocation: {} } }, 'InvalidRevision'],
    [{ deploymentGroupName: 'none' }, 'DeploymentGroupDoesNotExist'],
    [{ deploymentConfigName: 'none' }, 'DeploymentConfigDoesNotExist'],
    [{ overrideAlarmConfiguration: { enabled: true } }, 'InvalidAlarmConfig'],
    [{ fileExistsBehavior: 'OVERWRITE' }, 'InvalidFileExistsBehavior'],
    [{ description: 'a'.repeat(1501) }, 'DescriptionTooLong'],
  ])('are refused: %j', async (changes, code) => {
    const { api, ctx } = withGroup();
    const input = { ...asked, ...changes } as unknown as sdk.CreateDeploymentInput;
    await expect(Promise.resolve(api.CreateDeployment(input, ctx))).rejects.toMatchObject({
      code: `${code}Exception`,
    });
  });

  it.each([
    ['ContinueDeployment', { deploymentWaitType: 'READY_WAIT' }, 'DeploymentIsNotInReadyState'],
    ['ContinueDeployment', { deploymentWaitType: 'NONE' }, 'InvalidDeploymentWaitType'],
    [
      'PutLifecycleEventHookExecutionStatus',
      { lifecycleEventHookExecutionId: 'a', status: 'Pending' },
      'InvalidLifecycleEventHookExecutionStatus',
    ],
    [
      'PutLifecycleEventHookExecutionStatus',
      { lifecycleEventHookExecutionId: 'a', status: 'Failed' },
      'InvalidLifecycleEventHookExecutionId',
    ],
    ['GetDeployment', { deploymentId: 'd-NONE' }, 'InvalidDeploymentId'],
    ['GetDeployment', { deploymentId: 'd-NONE00000' }, 'DeploymentDoesNotExist'],
  ] as const)('%s is refused: %j', async (operation, input, code) => {
    const { api, ctx } = withGroup();
    const { deploymentId } = await api.CreateDeployment(asked, ctx);
    const handler = api[operation] as (given: object, caller: typeof ctx) => unknown;
    expect(() => handler({ deploymentId, ...input }, ctx)).toThrow(
      expect.objectContaining({ code: `${code}Exception` }),
    );
  });
});
