import type {
  ServiceDeployment as ServiceDeploymentOutput,
  ServiceDeploymentBrief,
  ServiceDeploymentLifecycleStage,
  ServiceRevision as ServiceRevisionOutput,
} from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { otherSlot, type Lifecycle } from '../../model/ecs/lifecycle.ts';
import type { ServiceDeployment, ServiceRevision } from '../../model/ecs/service-deployment.ts';
import type { Reader } from '../../store/store.ts';
import { taskDefinitions } from '../../store/tables/ecs.ts';
import { launchOf, networkOf } from './spec-output.ts';

/** A service deployment as ListServiceDeployments shows it. */
export function serviceDeploymentBrief(row: ServiceDeployment): ServiceDeploymentBrief {
  return {
    serviceDeploymentArn: row.arn,
    serviceArn: row.serviceArn,
    clusterArn: row.clusterArn,
    ...given('startedAt', date(row.startedAt)),
    createdAt: dateOf(row.createdAt),
    ...given('finishedAt', date(row.finishedAt)),
    targetServiceRevisionArn: row.target.arn,
    status: row.status,
    ...given('statusReason', row.statusReason),
  };
}

/** A service deployment as DescribeServiceDeployments shows it. */
export function serviceDeploymentOutput(row: ServiceDeployment): ServiceDeploymentOutput {
  return {
    serviceDeploymentArn: row.arn,
    serviceArn: row.serviceArn,
    clusterArn: row.clusterArn,
    createdAt: dateOf(row.createdAt),
    ...given('startedAt', date(row.startedAt)),
    ...given('finishedAt', date(row.finishedAt)),
    ...given('stoppedAt', date(row.stoppedAt)),
    updatedAt: dateOf(row.updatedAt),
    sourceServiceRevisions: row.sources.map((one, index) => ({ ...one, ...weightsOf(row, index === 0) })),
    targetServiceRevision: { ...row.target, ...weightsOf(row) },
    status: row.status,
    ...given('statusReason', row.statusReason),
    ...(row.lifecycle === undefined ? {} : lifecycleOf(row.lifecycle)),
    deploymentConfiguration: row.deploymentConfiguration,
    ...(row.rollback === undefined ? {} : { rollback: { ...row.rollback, startedAt: dateOf(row.rollback.startedAt) } }),
    deploymentCircuitBreaker: { ...row.circuitBreaker },
    alarms:
      row.alarms === undefined
        ? { status: 'DISABLED' }
        : {
            status: row.alarms.status,
            alarmNames: [...row.alarms.names],
            ...(row.alarms.triggered.length > 0 ? { triggeredAlarmNames: [...row.alarms.triggered] } : {}),
          },
  };
}

/** A service revision as DescribeServiceRevisions shows it. */
export function serviceRevisionOutput(reader: Reader, row: ServiceRevision): ServiceRevisionOutput {
  const containers = reader.get(taskDefinitions, row.taskDefinitionArn)?.document.containerDefinitions ?? [];
  return {
    serviceRevisionArn: row.arn,
    serviceArn: row.serviceArn,
    clusterArn: row.clusterArn,
    taskDefinition: row.taskDefinitionArn,
    ...launchOf(row),
    ...given('platformVersion', row.platformVersion),
    ...(row.loadBalancers.length > 0 ? { loadBalancers: row.loadBalancers.map((entry) => ({ ...entry })) } : {}),
    ...networkOf(row),
    containerImages: containers.map(({ name = '', image }) => ({
      containerName: name,
      ...given('imageDigest', row.imageDigests?.[name]),
      ...given('image', image),
    })),
    guardDutyEnabled: false,
    serviceConnectConfiguration: { enabled: false },
    createdAt: dateOf(row.createdAt),
  };
}

function lifecycleOf({ stage, hooks }: Lifecycle): Partial<ServiceDeploymentOutput> {
  return {
    // The SDK's list of stages lacks one that the API has.
    lifecycleStage: stage as ServiceDeploymentLifecycleStage,
    ...(hooks.length === 0
      ? {}
      : {
          lifecycleHookDetails: hooks.map((hook) => ({
            hookId: hook.id,
            targetType: hook.targetType,
            ...given('targetArn', hook.targetArn),
            status: hook.status,
            expiresAt: dateOf(hook.expiresAt),
            timeoutAction: hook.timeoutAction,
          })),
        }),
  };
}

/** The traffic that is to go to the target revision, or to the one that it replaces; nothing where none is shifted. */
function weightsOf({ slot = 'primary', lifecycle }: ServiceDeployment, source?: boolean) {
  if (lifecycle === undefined || source === false) return {};
  const { production, test } = lifecycle;
  const its = source === true ? otherSlot(slot) : slot;
  return {
    requestedProductionTrafficWeight: production[its],
    ...given('requestedTestTrafficWeight', test?.[its]),
  };
}

function date(at: number | undefined): Date | undefined {
  return at === undefined ? undefined : dateOf(at);
}
