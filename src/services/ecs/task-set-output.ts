import type { TaskSet as TaskSetOutput } from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { TaskSet } from '../../model/ecs/task-set.ts';
import { launchOf, networkOf } from './spec-output.ts';

/** A task set as the operations on task sets and DescribeServices show it. */
export function taskSetOutput(row: TaskSet, options: { tags: boolean }): TaskSetOutput {
  return {
    id: row.id,
    taskSetArn: row.arn,
    serviceArn: row.serviceArn,
    clusterArn: row.clusterArn,
    ...given('startedBy', row.startedBy),
    ...given('externalId', row.externalId),
    status: row.status,
    taskDefinition: row.taskDefinitionArn,
    computedDesiredCount: row.computedDesiredCount,
    pendingCount: row.pendingCount,
    runningCount: row.runningCount,
    createdAt: dateOf(row.createdAt),
    updatedAt: dateOf(row.updatedAt),
    ...launchOf(row),
    ...given('platformVersion', row.platformVersion),
    ...networkOf(row),
    loadBalancers: row.loadBalancers.map((entry) => ({ ...entry })),
    serviceRegistries: [...row.serviceRegistries],
    scale: { ...row.scale },
    stabilityStatus: row.stabilityStatus,
    stabilityStatusAt: dateOf(row.stabilityStatusAt),
    ...(options.tags ? { tags: [...row.tags] } : {}),
  };
}
