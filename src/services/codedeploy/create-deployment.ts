import type { CreateDeploymentInput, RevisionLocation } from '@aws-sdk/client-codedeploy';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Application } from '../../model/codedeploy/application.ts';
import type { DeploymentGroup } from '../../model/codedeploy/deployment-group.ts';
import { isOver, type CodeDeployment, type DeploymentWork, type Route } from '../../model/codedeploy/deployment.ts';
import { pendingEvents } from '../../model/codedeploy/lifecycle-event.ts';
import { newDeploymentId } from '../../model/codedeploy/rollback.ts';
import { serviceArn } from '../../model/ecs/arns.ts';
import type { Reader } from '../../store/store.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';
import { AppSpecError, readAppSpec } from './app-spec.ts';
import type { CodeDeployDeps } from './deps.ts';
import { refused } from './errors.ts';
import { findApplication, findGroup, findRouting } from './find.ts';
import { findTargetGroup, needService, readAlarms, readAutoRollback } from './group-rules.ts';
import { fetchRevision, readRevision } from './revisions.ts';

/** How many deployments of a group are remembered. */
const mostKept = 1000;

/** What is wrong with a deployment before it begins. */
type Failure = NonNullable<CodeDeployment['error']>;

/**
 * CreateDeployment: the row of a new deployment; the deployment loop does the rest. A revision that cannot be followed is a
 * deployment that failed.
 */
export async function createDeployment(deps: CodeDeployDeps, input: CreateDeploymentInput, ctx: Ctx): Promise<string> {
  const { store, clock, ids } = deps;
  const { application, group } = find(store, input, ctx);
  const configName = input.deploymentConfigName ?? group.configName;
  const routing = findRouting(store, ctx, configName);
  refuseOthers(input);
  const autoRollback =
    input.autoRollbackConfiguration === undefined
      ? group.autoRollback
      : readAutoRollback(input.autoRollbackConfiguration);
  const alarms =
    input.overrideAlarmConfiguration === undefined ? group.alarms : readAlarms(input.overrideAlarmConfiguration);
  const revision = readRevision(input.revision);
  checkNone(store, group);
  const text = await fetchRevision(deps, revision, ctx).catch(asFailure('REVISION_MISSING'));
  return store.transact((tx) => {
    // It may have been deleted, or another deployment begun, while the revision was read.
    find(tx, input, ctx);
    checkNone(tx, group);
    const work = typeof text === 'string' ? readWork(deps, tx, group, text, ctx) : text;
    const failure = 'code' in work ? work : undefined;
    const now = clock.now();
    const { account, region, clusterName, serviceName } = group;
    const previous = succeeded(tx, group);
    const row: CodeDeployment = {
      account,
      region,
      id: newDeploymentId(ids),
      applicationId: application.id,
      applicationName: application.name,
      groupId: group.id,
      groupName: group.name,
      configName,
      creator: 'user',
      ...given('description', input.description),
      revision: input.revision as RevisionLocation,
      ...given('previousRevision', previous?.revision),
      autoRollback,
      alarms,
      serviceArn: serviceArn(group, clusterName, serviceName),
      clusterName,
      serviceName,
      createdAt: now,
      events: pendingEvents(group.pair.testListenerArn !== undefined),
      share: 0,
      ...('code' in work
        ? { status: 'Failed', completedAt: now, error: work }
        : { status: 'Created', work: { ...work, routing } }),
    };
    tx.put(codeDeployments, failure === undefined ? row : { ...row, events: [] });
    forgetOld(tx.by(codeDeployments, 'group', group.id)).forEach(({ id }) => tx.delete(codeDeployments, id));
    return row.id;
  });
}

function find(
  reader: Reader,
  input: CreateDeploymentInput,
  ctx: Ctx,
): { application: Application; group: DeploymentGroup } {
  const application = findApplication(reader, ctx, input.applicationName);
  return { application, group: findGroup(reader, application, input.deploymentGroupName) };
}

/** Refuses what is for instances only. */
function refuseOthers(input: CreateDeploymentInput): void {
  if ((input.description?.length ?? 0) > 1500) throw refused('DescriptionTooLong', 'The description is too long.');
  if (input.deploymentMode !== undefined && input.deploymentMode !== 'STANDARD') {
    throw refused(
      'InvalidInput',
      `For ECS deployment, deploymentMode must be STANDARD, but was ${input.deploymentMode}`,
    );
  }
  const { targetInstances } = input;
  if (targetInstances !== undefined && Object.values(targetInstances).some((value) => value !== undefined)) {
    throw refused('InvalidTargetInstances', 'For ECS deployment, targetInstances can not be specified');
  }
  if (input.updateOutdatedInstancesOnly === true) {
    throw refused(
      'InvalidUpdateOutdatedInstancesOnlyValue',
      'For ECS deployment, updateOutdatedInstancesOnly must be false',
    );
  }
  if (input.ignoreApplicationStopFailures === true) {
    throw refused(
      'InvalidIgnoreApplicationStopFailuresValue',
      'For ECS deployment, ignoreApplicationStopFailures must be false',
    );
  }
  if (input.fileExistsBehavior !== undefined && input.fileExistsBehavior !== 'DISALLOW') {
    throw refused('InvalidFileExistsBehavior', 'For ECS deployment, fileExistsBehavior can not be specified');
  }
}

/** A deployment group has one deployment at a time. */
function checkNone(reader: Reader, group: DeploymentGroup): void {
  const active = reader.by(codeDeployments, 'openGroup', group.id)[0];
  if (active !== undefined) {
    throw refused(
      'DeploymentLimitExceeded',
      `The Deployment Group '${group.name}' already has an active Deployment '${active.id}'`,
    );
  }
}

/** What a deployment is to do, as the AppSpec file and the group say; or what is wrong with them. */
function readWork(
  { readTaskSet }: CodeDeployDeps,
  reader: Reader,
  group: DeploymentGroup,
  text: string,
  ctx: Ctx,
): Omit<DeploymentWork, 'routing'> | Failure {
  try {
    const { taskSet, hooks } = readAppSpec(text);
    const service = needService(reader, group, group.clusterName, group.serviceName);
    return { spec: readTaskSet(service, taskSet, ctx), hooks, waits: group.waits, route: readRoute(reader, group) };
  } catch (error) {
    if (error instanceof AppSpecError) return asFailure('INVALID_REVISION')(error);
    if (error instanceof AwsError) return { code: 'ECS_UPDATE_ERROR', message: error.message };
    throw error;
  }
}

function readRoute(reader: Reader, group: DeploymentGroup): Route {
  const { targetGroups, productionListenerArn, testListenerArn } = group.pair;
  const arnOf = (name: string): string => {
    const arn = findTargetGroup(reader, group, name);
    if (arn === undefined) throw refused('InvalidTargetGroupPair', `The target group ${name} could not be found`);
    return arn;
  };
  return {
    targetGroups: [arnOf(targetGroups[0]), arnOf(targetGroups[1])],
    productionListenerArn,
    ...given('testListenerArn', testListenerArn),
  };
}

function asFailure(code: string) {
  return (error: unknown): Failure => {
    if (!(error instanceof AppSpecError)) throw error;
    return {
      code,
      message: `The deployment failed because the AppSpec file that specifies the deployment configuration is missing or has an invalid configuration. ${error.message}`,
    };
  };
}

function succeeded(reader: Reader, group: DeploymentGroup): CodeDeployment | undefined {
  return reader
    .by(codeDeployments, 'group', group.id)
    .filter(({ status }) => status === 'Succeeded')
    .toSorted((a, b) => b.createdAt - a.createdAt)[0];
}

function forgetOld(rows: readonly CodeDeployment[]): CodeDeployment[] {
  return rows
    .filter(isOver)
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(mostKept);
}
