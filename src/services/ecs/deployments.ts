import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import type { Deployment, DeploymentSpec } from '../../model/ecs/service.ts';

/** A new PRIMARY deployment: nothing of it runs, the service loop brings it up. */
export function newDeployment(spec: DeploymentSpec, desiredCount: number, ids: Ids, now: number): Deployment {
  const id = `ecs-svc/${digits(ids, 19)}`;
  return {
    ...spec,
    id,
    status: 'PRIMARY',
    createdAt: now,
    updatedAt: now,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    desiredCount,
    pendingCount: 0,
    runningCount: 0,
    failedTasks: 0,
  };
}

/** A number of `count` digits that does not begin with 0, as ECS writes deployment ids. */
function digits(ids: Ids, count: number): string {
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? 1 + Math.floor(ids.random() * 9) : Math.floor(ids.random() * 10),
  ).join('');
}

/** The part of a deployment that says what to run. */
export function specOf(deployment: DeploymentSpec): DeploymentSpec {
  return {
    taskDefinitionArn: deployment.taskDefinitionArn,
    ...given('launchType', deployment.launchType),
    ...given('capacityProviderStrategy', deployment.capacityProviderStrategy),
    ...given('platformVersion', deployment.platformVersion),
    ...given('platformFamily', deployment.platformFamily),
    ...given('networkConfiguration', deployment.networkConfiguration),
    loadBalancers: deployment.loadBalancers,
  };
}

/** Whether two specifications run the same. */
export function sameSpec(a: DeploymentSpec, b: DeploymentSpec): boolean {
  return canonical(a) === canonical(b);
}

/** JSON with the members of every object in order, so that equal values have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
