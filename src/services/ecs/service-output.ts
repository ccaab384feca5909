import type { Deployment as DeploymentOutput, Service as ServiceOutput } from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Deployment, Service } from '../../model/ecs/service.ts';
import { hasTaskSets, runs, type TaskSet } from '../../model/ecs/task-set.ts';
import { revisionOf } from '../../model/ecs/service-deployment.ts';
import { launchOf, networkOf } from './spec-output.ts';
import { taskSetOutput } from './task-set-output.ts';

/** A service as CreateService, UpdateService, DeleteService and DescribeServices show it. */
export function serviceOutput(row: Service, options: { tags: boolean; taskSets?: readonly TaskSet[] }): ServiceOutput {
  const primary = runs(row);
  const { taskSets = [] } = options;
  const sum = (of: (part: Deployment | TaskSet) => number): number =>
    [...row.deployments, ...taskSets].reduce((all, part) => all + of(part), 0);
  const loadBalancers = (primary?.loadBalancers ?? []).map((entry) => ({ ...entry }));
  return {
    serviceArn: row.arn,
    serviceName: row.name,
    clusterArn: row.clusterArn,
    status: row.status,
    desiredCount: row.desiredCount,
    runningCount: sum((deployment) => deployment.runningCount),
    pendingCount: sum((deployment) => deployment.pendingCount),
    ...(primary === undefined ? {} : { taskDefinition: primary.taskDefinitionArn, ...launchOf(primary) }),
    // The service shows the platform that was asked for, its deployments the one that it means.
    ...given('platformVersion', row.platformVersion ?? row.primaryTaskSet?.platformVersion),
    deploymentConfiguration: row.deploymentConfiguration,
    deploymentController: { type: row.deploymentController },
    ...(hasTaskSets(row) ? { taskSets: taskSets.map((one) => taskSetOutput(one, { tags: options.tags })) } : {}),
    deployments: row.deployments.filter((deployment) => deployment.status !== 'INACTIVE').map(deploymentOutput),
    loadBalancers,
    serviceRegistries: [...row.serviceRegistries],
    ...given('roleArn', row.roleArn),
    events: row.events.map(({ id, createdAt, message }) => ({ id, createdAt: dateOf(createdAt), message })),
    createdAt: dateOf(row.createdAt),
    ...given('currentServiceDeployment', row.currentServiceDeployment),
    ...(hasTaskSets(row)
      ? {}
      : {
          currentServiceRevisions: row.deployments.map((one) => ({
            arn: revisionOf(row, one.id),
            requestedTaskCount: one.desiredCount,
            runningTaskCount: one.runningCount,
            pendingTaskCount: one.pendingCount,
          })),
        }),
    createdBy: row.createdBy,
    placementConstraints: [...row.placementConstraints],
    placementStrategy: [...row.placementStrategy],
    ...networkOf(primary),
    ...(loadBalancers.length > 0 || row.healthCheckGracePeriodSeconds !== undefined
      ? { healthCheckGracePeriodSeconds: row.healthCheckGracePeriodSeconds ?? 0 }
      : {}),
    schedulingStrategy: row.schedulingStrategy,
    enableECSManagedTags: row.enableECSManagedTags,
    propagateTags: row.propagateTags,
    enableExecuteCommand: row.enableExecuteCommand,
    availabilityZoneRebalancing: row.availabilityZoneRebalancing,
    ...(options.tags && row.tags.length > 0 ? { tags: [...row.tags] } : {}),
  };
}

function deploymentOutput(row: Deployment): DeploymentOutput {
  return {
    id: row.id,
    status: row.status,
    taskDefinition: row.taskDefinitionArn,
    desiredCount: row.desiredCount,
    pendingCount: row.pendingCount,
    runningCount: row.runningCount,
    failedTasks: row.failedTasks,
    createdAt: dateOf(row.createdAt),
    updatedAt: dateOf(row.updatedAt),
    ...launchOf(row),
    ...given('platformVersion', row.platformVersion),
    ...networkOf(row),
    rolloutState: row.rolloutState,
    rolloutStateReason: row.rolloutStateReason,
  };
}
