import type { Scale, ServiceRegistry } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import type { Scoped, Tag } from '../tags.ts';
import { shortName, taskSetArn } from './arns.ts';
import { deploymentId } from './new-deployment.ts';
import type { DeploymentSpec, Service, ServiceThrottle } from './service.ts';

/**
 * A set of tasks of a service whose deployments are not ECS's own ("TaskSet", ECS API Reference): several stand side by side, each
 * with a share of what the service desires, and somebody else (CodeDeploy, a controller of the user's) decides which one serves.
 * What it runs never changes. The API writes `status` and `scale`, the service loop the counts, the stability, the throttle, the
 * digests, and the end: a set that is DRAINING is gone with its last task.
 */
export interface TaskSet extends Scoped, DeploymentSpec {
  readonly arn: string;
  /** `ecs-svc/` and a number: the `deploymentId` and `startedBy` of its tasks. */
  readonly id: string;
  readonly serviceArn: string;
  readonly clusterArn: string;
  /** PRIMARY: it serves production. ACTIVE: it does not. DRAINING: its tasks are on their way out. */
  readonly status: 'PRIMARY' | 'ACTIVE' | 'DRAINING';
  /** `CODE_DEPLOY`, where a deployment of CodeDeploy made it. */
  readonly startedBy?: string;
  /** What it is called by those who made it; CodeDeploy's is the id of its deployment. */
  readonly externalId?: string;
  readonly serviceRegistries: readonly ServiceRegistry[];
  /** Percent of the service's desired count. */
  readonly scale: TaskSetScale;
  readonly computedDesiredCount: number;
  readonly pendingCount: number;
  readonly runningCount: number;
  readonly stabilityStatus: 'STEADY_STATE' | 'STABILIZING';
  /** Since when that is so; epoch milliseconds, as all times here. */
  readonly stabilityStatusAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly throttle: ServiceThrottle;
  /** The digests of its images, by container, once a task of it pulled them; later tasks run those. */
  readonly imageDigests?: Readonly<Record<string, string>>;
  /** The token of the request that made it, with what that asked for. */
  readonly request?: { readonly clientToken: string; readonly text: string };
  readonly tags: readonly Tag[];
}

/** How many of the desired tasks a task set has. */
export type TaskSetScale = Required<Pick<Scale, 'unit'>> & { readonly value: number };

/** What is to be said of a task set besides what it runs. */
export type TaskSetOptions = Partial<
  Pick<TaskSet, 'status' | 'startedBy' | 'externalId' | 'serviceRegistries' | 'scale' | 'request' | 'tags'>
>;

/** Whether a service's deployments are task sets: `deployments` is empty of such. */
export function hasTaskSets({ deploymentController }: Pick<Service, 'deploymentController'>): boolean {
  return deploymentController !== 'ECS';
}

/** A new task set of `spec`, ACTIVE and without tasks unless `options` say otherwise: the service loop brings it up. */
export function newTaskSet(
  service: Service,
  spec: DeploymentSpec,
  { status = 'ACTIVE', startedBy, externalId, serviceRegistries = [], scale, request, tags = [] }: TaskSetOptions,
  ids: Ids,
  now: number,
): TaskSet {
  const { account, region, arn: serviceArn, clusterArn } = service;
  const id = deploymentId(ids);
  return {
    ...spec,
    account,
    region,
    arn: taskSetArn(service, shortName(clusterArn), service.name, id),
    id,
    serviceArn,
    clusterArn,
    status,
    ...given('startedBy', startedBy),
    ...given('externalId', externalId),
    serviceRegistries,
    scale: scale ?? { value: 0, unit: 'PERCENT' },
    computedDesiredCount: 0,
    pendingCount: 0,
    runningCount: 0,
    stabilityStatus: 'STABILIZING',
    stabilityStatusAt: now,
    createdAt: now,
    updatedAt: now,
    throttle: { consecutiveFailures: 0, retryAt: 0 },
    ...given('request', request),
    tags,
  };
}

/** The tasks that a set is to have: its share of the service's desired count, always rounded up ("TaskSet", ECS API Reference). */
export function computedDesiredCount(desired: number, { value }: TaskSetScale): number {
  // Products of decimals are a little off: 7 % of 100 are 7.000000000000001.
  return Math.ceil(Number(((desired * value) / 100).toFixed(9)));
}

/** What the service as a whole runs, as DescribeServices shows it: its newest deployment, or its PRIMARY task set. */
export function runs(service: Pick<Service, 'deployments' | 'primaryTaskSet'>): DeploymentSpec | undefined {
  return service.deployments[0] ?? service.primaryTaskSet;
}
