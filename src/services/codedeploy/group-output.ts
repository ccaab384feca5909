import type * as sdk from '@aws-sdk/client-codedeploy';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Application } from '../../model/codedeploy/application.ts';
import type {
  AlarmWatch,
  AutoRollback,
  DeploymentGroup,
  TargetGroupPair,
  Waits,
} from '../../model/codedeploy/deployment-group.ts';
import type { CodeDeployment } from '../../model/codedeploy/deployment.ts';
import type { Reader } from '../../store/store.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';

/** A deployment group as GetDeploymentGroup shows it. */
export function groupOutput(reader: Reader, application: Application, row: DeploymentGroup): sdk.DeploymentGroupInfo {
  const { clusterName, serviceName } = row;
  const newestFirst = reader.by(codeDeployments, 'group', row.id).toSorted((a, b) => b.createdAt - a.createdAt);
  const attempted = newestFirst[0];
  const successful = newestFirst.find(({ status }) => status === 'Succeeded');
  return {
    applicationName: application.name,
    deploymentGroupId: row.id,
    deploymentGroupName: row.name,
    deploymentConfigName: row.configName,
    ec2TagFilters: [],
    onPremisesInstanceTagFilters: [],
    autoScalingGroups: [],
    serviceRoleArn: row.serviceRoleArn,
    ...given('targetRevision', successful?.revision),
    triggerConfigurations: [],
    alarmConfiguration: alarmsOutput(row.alarms),
    autoRollbackConfiguration: autoRollbackOutput(row.autoRollback),
    deploymentStyle: styleOutput,
    outdatedInstancesStrategy: 'UPDATE',
    blueGreenDeploymentConfiguration: waitsOutput(row.waits),
    loadBalancerInfo: pairOutput(row.pair),
    ...given('lastSuccessfulDeployment', successful && lastOutput(successful)),
    ...given('lastAttemptedDeployment', attempted && lastOutput(attempted)),
    computePlatform: 'ECS',
    ecsServices: [{ serviceName, clusterName }],
    terminationHookEnabled: false,
  };
}

/** What every deployment to ECS is. */
export const styleOutput = {
  deploymentType: 'BLUE_GREEN',
  deploymentOption: 'WITH_TRAFFIC_CONTROL',
} as const satisfies sdk.DeploymentStyle;

/** When a deployment rolls back. */
export function autoRollbackOutput({ enabled, events }: AutoRollback): sdk.AutoRollbackConfiguration {
  return { enabled, events: [...events] };
}

/** Which alarms stop a deployment. */
export function alarmsOutput({ enabled, ignoresUnknown, names }: AlarmWatch): sdk.AlarmConfiguration {
  return { enabled, ignorePollAlarmFailure: ignoresUnknown, alarms: names.map((name) => ({ name })) };
}

/** How long a deployment waits for what. */
export function waitsOutput(waits: Waits): sdk.BlueGreenDeploymentConfiguration {
  return {
    terminateBlueInstancesOnDeploymentSuccess: {
      action: 'TERMINATE',
      terminationWaitTimeInMinutes: waits.terminationMinutes,
    },
    deploymentReadyOption: { actionOnTimeout: waits.onReadyTimeout, waitTimeInMinutes: waits.readyMinutes },
  };
}

/** The target groups and listeners of a deployment. */
export function pairOutput({
  targetGroups,
  productionListenerArn,
  testListenerArn,
}: TargetGroupPair): sdk.LoadBalancerInfo {
  return {
    targetGroupPairInfoList: [
      {
        targetGroups: targetGroups.map((name) => ({ name })),
        prodTrafficRoute: { listenerArns: [productionListenerArn] },
        ...(testListenerArn === undefined ? {} : { testTrafficRoute: { listenerArns: [testListenerArn] } }),
      },
    ],
  };
}

function lastOutput({ id, status, createdAt, completedAt }: CodeDeployment): sdk.LastDeploymentInfo {
  return {
    deploymentId: id,
    status,
    createTime: dateOf(createdAt),
    ...given('endTime', completedAt === undefined ? undefined : dateOf(completedAt)),
  };
}
