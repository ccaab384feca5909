import type * as sdk from '@aws-sdk/client-codedeploy';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { isOver, type CodeDeployment, type TaskSetRecord } from '../../model/codedeploy/deployment.ts';
import type { LifecycleEvent } from '../../model/codedeploy/lifecycle-event.ts';
import { taskSetRecords } from '../../model/codedeploy/task-set-records.ts';
import type { Reader } from '../../store/store.ts';
import { targetGroups } from '../../store/tables/elbv2.ts';
import { taskSetsOf } from '../../store/task-sets.ts';
import { alarmsOutput, autoRollbackOutput, pairOutput, styleOutput, waitsOutput } from './group-output.ts';

/** A deployment as GetDeployment shows it. */
export function deploymentOutput(reader: Reader, row: CodeDeployment): sdk.DeploymentInfo {
  const { work } = row;
  return {
    applicationName: row.applicationName,
    deploymentGroupName: row.groupName,
    deploymentConfigName: row.configName,
    deploymentId: row.id,
    ...given('previousRevision', row.previousRevision),
    revision: row.revision,
    status: row.status,
    ...(row.error === undefined
      ? {}
      : { errorInformation: { code: row.error.code as sdk.ErrorCode, message: row.error.message } }),
    createTime: dateOf(row.createdAt),
    ...given('startTime', date(row.startedAt)),
    ...given('completeTime', date(row.completedAt)),
    deploymentOverview: { Pending: 0, InProgress: 0, Succeeded: 0, Failed: 0, Skipped: 0, Ready: 0, ...overview(row) },
    ...given('description', row.description),
    creator: row.creator,
    ignoreApplicationStopFailures: false,
    autoRollbackConfiguration: autoRollbackOutput(row.autoRollback),
    updateOutdatedInstancesOnly: false,
    ...given('rollbackInfo', row.rollbackInfo),
    deploymentStyle: styleOutput,
    instanceTerminationWaitTimeStarted: row.terminationSince !== undefined,
    ...(work === undefined
      ? {}
      : {
          blueGreenDeploymentConfiguration: waitsOutput(work.waits),
          loadBalancerInfo: pairOutput({
            ...work.route,
            targetGroups: [nameOf(reader, work.route.targetGroups[0]), nameOf(reader, work.route.targetGroups[1])],
          }),
        }),
    fileExistsBehavior: 'DISALLOW',
    deploymentStatusMessages: [],
    computePlatform: 'ECS',
    ...(row.alarms.names.length === 0 ? {} : { overrideAlarmConfiguration: alarmsOutput(row.alarms) }),
  };
}

/** The id of a deployment's one target: `<cluster>:<service>`. */
export function targetIdOf({ clusterName, serviceName }: CodeDeployment): string {
  return `${clusterName}:${serviceName}`;
}

/** A deployment's one target: the service with its lifecycle events and task sets. */
export function targetOutput(reader: Reader, row: CodeDeployment): sdk.DeploymentTarget {
  const taskSets = row.taskSets ?? taskSetRecords(row, taskSetsOf(reader, row.serviceArn));
  const times = row.events.flatMap(({ startedAt, endedAt }) => [startedAt ?? 0, endedAt ?? 0]);
  return {
    deploymentTargetType: 'ECSTarget',
    ecsTarget: {
      deploymentId: row.id,
      targetId: targetIdOf(row),
      targetArn: row.serviceArn,
      lastUpdatedAt: dateOf(Math.max(row.createdAt, row.startedAt ?? 0, row.completedAt ?? 0, ...times)),
      lifecycleEvents: row.events.map(eventOutput),
      status: targetStatus(row),
      taskSetsInfo: taskSets.map((one) => taskSetOutput(reader, one)),
    },
  };
}

/** How its target stands: done as soon as all events are, though the original task set may still be there. */
export function targetStatus({ status, events, terminationSince }: CodeDeployment): sdk.TargetStatus {
  if (status === 'Created') return 'Pending';
  if (status === 'Succeeded' || terminationSince !== undefined) return 'Succeeded';
  if (status === 'Stopped') return events.some((event) => event.status === 'Failed') ? 'Failed' : 'Skipped';
  return status;
}

function overview(row: CodeDeployment): sdk.DeploymentOverview {
  const status = targetStatus(row);
  return status === 'Unknown' ? {} : { [status]: 1 };
}

function eventOutput({ name, status, startedAt, endedAt, message }: LifecycleEvent): sdk.LifecycleEvent {
  return {
    lifecycleEventName: name,
    status,
    ...given('startTime', date(startedAt)),
    ...given('endTime', date(endedAt)),
    ...(status === 'Failed' && message !== undefined
      ? { diagnostics: { errorCode: 'UnknownError', scriptName: '', message, logTail: '' } }
      : {}),
  };
}

function taskSetOutput(reader: Reader, one: TaskSetRecord): sdk.ECSTaskSet {
  return {
    identifer: one.id,
    desiredCount: one.desiredCount,
    pendingCount: one.pendingCount,
    runningCount: one.runningCount,
    status: one.status,
    trafficWeight: one.trafficPercent,
    targetGroup: { name: nameOf(reader, one.targetGroupArn) },
    taskSetLabel: one.label,
  };
}

/** A target group's name: the first part of what its ARN ends with, should it be gone. */
function nameOf(reader: Reader, arn: string): string {
  return reader.get(targetGroups, arn)?.name ?? arn.split('/')[1] ?? '';
}

function date(at: number | undefined): Date | undefined {
  return at === undefined ? undefined : dateOf(at);
}

/** Whether a deployment has targets to show yet. */
export function hasStarted(row: CodeDeployment): boolean {
  return row.startedAt !== undefined || isOver(row);
}
