import { given } from '../../base/given.ts';
import type { DeploymentSpec } from '../../model/ecs/service.ts';

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
