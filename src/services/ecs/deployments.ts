import { given } from '../../base/given.ts';
import type { DeploymentSpec } from '../../model/ecs/service.ts';
import type { AwsvpcConfiguration, ServiceLoadBalancer } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Launch } from './launch.ts';

/** What tasks of a definition are to be that are launched so. */
export function newSpec(
  definition: TaskDefinition,
  launch: Launch,
  awsvpc: AwsvpcConfiguration | undefined,
  loadBalancers: readonly ServiceLoadBalancer[],
): DeploymentSpec {
  return {
    taskDefinitionArn: definition.arn,
    ...(launch.capacityProviderStrategy === undefined
      ? { launchType: launch.launchType }
      : { capacityProviderStrategy: launch.capacityProviderStrategy }),
    ...given('platformVersion', launch.platformVersion),
    ...(launch.launchType === 'FARGATE' ? { platformFamily: 'Linux' } : {}),
    ...given('networkConfiguration', awsvpc),
    loadBalancers,
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
