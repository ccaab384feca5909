import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import type { DeploymentGroup } from '../../model/codedeploy/deployment-group.ts';
import { defaultConfigName } from '../../model/codedeploy/traffic-routing.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { applications, deploymentGroups, groupKey, namedKey } from '../../store/tables/codedeploy.ts';
import type { CodeDeployDeps } from './deps.ts';
import { refused } from './errors.ts';
import { applicationName, findApplication, findGroup, findRouting, groupName } from './find.ts';
import { groupOutput } from './group-output.ts';
import {
  checkStyle,
  readAlarms,
  readAutoRollback,
  readPair,
  readService,
  readWaits,
  refuseOthers,
} from './group-rules.ts';
import { page } from './paging.ts';
import { readTags } from './tags.ts';

/** "AWS CodeDeploy limits": deployment groups of an application, and how many a batch may name. */
const mostGroups = 1000;
const mostInBatch = 100;

/** Deployment groups. */
export function deploymentGroupHandlers({ store, ids }: CodeDeployDeps) {
  return {
    CreateDeploymentGroup(input, ctx) {
      const name = groupName(input.deploymentGroupName);
      refuseOthers(input);
      const tags = readTags(input.tags);
      return store.transact((tx) => {
        const application = findApplication(tx, ctx, input.applicationName);
        if (tx.get(deploymentGroups, groupKey(application.id, name)) !== undefined) throw alreadyThere(name);
        if (tx.by(deploymentGroups, 'application', application.id).length >= mostGroups) {
          throw refused('DeploymentGroupLimitExceeded', 'The deployment groups limit was exceeded.');
        }
        const configName = input.deploymentConfigName ?? defaultConfigName;
        findRouting(tx, ctx, configName);
        checkStyle(input.deploymentStyle);
        const { account, region } = ctx;
        const row: DeploymentGroup = {
          account,
          region,
          id: ids.uuid(),
          name,
          applicationId: application.id,
          configName,
          serviceRoleArn: readRole(input.serviceRoleArn),
          autoRollback: readAutoRollback(input.autoRollbackConfiguration),
          alarms: readAlarms(input.alarmConfiguration),
          waits: readWaits(input.blueGreenDeploymentConfiguration),
          pair: readPair(tx, ctx, input.loadBalancerInfo),
          ...readService(tx, ctx, input.ecsServices),
          tags,
        };
        checkAlone(tx, row);
        tx.put(deploymentGroups, row);
        return { deploymentGroupId: row.id };
      });
    },

    GetDeploymentGroup(input, ctx) {
      const application = findApplication(store, ctx, input.applicationName);
      return {
        deploymentGroupInfo: groupOutput(store, application, findGroup(store, application, input.deploymentGroupName)),
      };
    },

    /** Names of none are left out, and told of in one message. */
    BatchGetDeploymentGroups(input, ctx) {
      const application = findApplication(store, ctx, input.applicationName);
      const names = (input.deploymentGroupNames ?? []).map(groupName);
      if (names.length > mostInBatch) {
        throw refused('BatchLimitExceeded', `The maximum number of names that can be requested is ${mostInBatch}.`);
      }
      const rows = names.map((name) => store.get(deploymentGroups, groupKey(application.id, name)));
      const missing = names.filter((_, index) => rows[index] === undefined);
      return {
        deploymentGroupsInfo: rows.flatMap((row) => (row === undefined ? [] : [groupOutput(store, application, row)])),
        ...(missing.length === 0 ? {} : { errorMessage: `No Deployment Group found for name: ${missing.join(', ')}` }),
      };
    },

    ListDeploymentGroups(input, ctx) {
      const application = findApplication(store, ctx, input.applicationName);
      const names = store.by(deploymentGroups, 'application', application.id).map(({ name }) => name);
      const { items, next } = page(names.toSorted(), (name) => name, input.nextToken);
      return { applicationName: application.name, deploymentGroups: [...items], ...next };
    },

    /** What is not said stays as it is; deployments under way go on as they began. */
    UpdateDeploymentGroup(input, ctx) {
      refuseOthers(input);
      store.transact((tx) => {
        const application = findApplication(tx, ctx, input.applicationName);
        const before = findGroup(tx, application, input.currentDeploymentGroupName);
        const changed = changedBy(tx, ctx, before, input);
        if (changed.name !== before.name) {
          if (tx.get(deploymentGroups, groupKey(application.id, changed.name)) !== undefined) {
            throw alreadyThere(changed.name);
          }
          tx.delete(deploymentGroups, groupKey(application.id, before.name));
        }
        checkAlone(tx, changed);
        tx.put(deploymentGroups, changed);
      });
      return { hooksNotCleanedUp: [] };
    },

    /** Deployments under way come to their end. One that is not there is deleted already. */
    DeleteDeploymentGroup(input, ctx) {
      const name = groupName(input.deploymentGroupName);
      store.transact((tx) => {
        const application = tx.get(applications, namedKey(ctx, applicationName(input.applicationName)));
        if (application !== undefined) tx.delete(deploymentGroups, groupKey(application.id, name));
      });
      return { hooksNotCleanedUp: [] };
    },
  } satisfies Handlers<typeof sdk>;
}

function changedBy(
  reader: Reader,
  ctx: Ctx,
  before: DeploymentGroup,
  input: sdk.UpdateDeploymentGroupInput,
): DeploymentGroup {
  if (input.deploymentConfigName !== undefined) findRouting(reader, ctx, input.deploymentConfigName);
  if (input.deploymentStyle !== undefined) checkStyle(input.deploymentStyle);
  const { serviceRoleArn, autoRollbackConfiguration, blueGreenDeploymentConfiguration, loadBalancerInfo } = input;
  const { alarmConfiguration } = input;
  return {
    ...before,
    ...given('name', input.newDeploymentGroupName && groupName(input.newDeploymentGroupName)),
    ...given('configName', input.deploymentConfigName),
    ...(serviceRoleArn === undefined ? {} : { serviceRoleArn: readRole(serviceRoleArn) }),
    ...(autoRollbackConfiguration === undefined ? {} : { autoRollback: readAutoRollback(autoRollbackConfiguration) }),
    ...(alarmConfiguration === undefined ? {} : { alarms: readAlarms(alarmConfiguration) }),
    ...(blueGreenDeploymentConfiguration === undefined ? {} : { waits: readWaits(blueGreenDeploymentConfiguration) }),
    ...(loadBalancerInfo === undefined ? {} : { pair: readPair(reader, ctx, loadBalancerInfo) }),
    ...(input.ecsServices === undefined ? {} : readService(reader, ctx, input.ecsServices)),
  };
}

/** "An Amazon ECS service can be associated with only one deployment group" (ECSServiceMappingLimitExceededException). */
function checkAlone(reader: Reader, row: DeploymentGroup): void {
  const other = reader
    .by(deploymentGroups, 'scope', scopeOf(row))
    .find(
      ({ id, clusterName, serviceName }) =>
        id !== row.id && clusterName === row.clusterName && serviceName === row.serviceName,
    );
  if (other !== undefined) {
    throw refused(
      'ECSServiceMappingLimitExceeded',
      `The ECS service ${row.serviceName} in the cluster ${row.clusterName} is already associated with the deployment group ${other.name}`,
    );
  }
}

function readRole(arn: string | undefined): string {
  if (arn === undefined || arn === '') throw refused('RoleRequired', 'The role ID was not specified.');
  if (!/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(arn)) {
    throw refused('InvalidRole', `The service role ARN ${arn} is invalid`);
  }
  return arn;
}

function alreadyThere(name: string) {
  return refused('DeploymentGroupAlreadyExists', `Deployment Group already exists with the specified name: ${name}`);
}
