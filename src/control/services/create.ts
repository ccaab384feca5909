import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import { shortName } from '../../model/ecs/arns.ts';
import type { InstanceResources } from '../../model/ecs/container-instance.ts';
import { launchTypeOf, nextProvider, sharesOf } from '../../model/ecs/capacity.ts';
import { newTask, newTaskTags } from '../../model/ecs/new-task.ts';
import type { Placement } from '../../model/ecs/placement.ts';
import type { Deployment, DeploymentSpec, Service } from '../../model/ecs/service.ts';
import type { ServiceLoadBalancer, Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';

/** How many tasks to make, beside which; the service's tasks so far decide how capacity providers share the new ones. */
export interface NewTasks {
  readonly count: number;
  readonly placed: readonly Task[];
  /** The capacity provider that all of them are of, where that is settled. */
  readonly provider?: string;
  /** They wait for an instance of their provider. */
  readonly waiting?: boolean;
  /** The place of each, and what it takes there; absent on Fargate, and of those that wait. */
  readonly places?: { readonly found: readonly Placement[]; readonly takes: InstanceResources };
  readonly ids: Ids;
  readonly now: number;
}

/** What tasks are made of: a deployment, or a task set. */
export type Launching = DeploymentSpec & Pick<Deployment, 'id' | 'imageDigests' | 'slot'>;

/** New tasks of a service's deployment. */
export function newTasks(
  service: Service,
  deployment: Launching,
  definition: TaskDefinition,
  { count, placed, provider: settled, waiting, places, ids, now }: NewTasks,
): Task[] {
  const strategy = deployment.capacityProviderStrategy ?? [];
  const shares = strategy.length > 0 ? sharesOf(placed) : new Map<string, number>();
  const tags = newTaskTags({
    own: [],
    propagateTags: service.propagateTags,
    enableECSManagedTags: service.enableECSManagedTags,
    definition: definition.tags,
    clusterName: shortName(service.clusterArn),
    service: { name: service.name, tags: service.tags },
  });
  return Array.from({ length: count }, (_, index) => {
    const place = places?.found[index];
    const provider = settled ?? nextProvider(strategy, shares);
    if (provider !== undefined) shares.set(provider, (shares.get(provider) ?? 0) + 1);
    return newTask(
      {
        scope: { account: service.account, region: service.region },
        clusterArn: service.clusterArn,
        definition,
        launchType: launchTypeOf(deployment),
        ...given('capacityProviderName', provider),
        ...given('platformVersion', deployment.platformVersion),
        group: `service:${service.name}`,
        startedBy: deployment.id,
        overrides: {},
        enableExecuteCommand: service.enableExecuteCommand,
        tags,
        serviceArn: service.arn,
        deploymentId: deployment.id,
        ...given('imageDigests', deployment.imageDigests),
        ...given('networkConfiguration', deployment.networkConfiguration),
        loadBalancers: entriesOf(deployment),
        ...(waiting === true
          ? {
              placementRequest: {
                placementConstraints: service.placementConstraints,
                placementStrategy: service.placementStrategy,
              },
            }
          : {}),
        ...(place === undefined || places === undefined ? {} : { place: { ...place, takes: places.takes } }),
      },
      ids,
      now,
    );
  });
}

/** Where its tasks are registered: each load balancer entry with the one target group that they are in. */
function entriesOf({ loadBalancers, slot }: Launching): ServiceLoadBalancer[] {
  return loadBalancers.map(({ advancedConfiguration, ...entry }) =>
    slot === 'alternate' && advancedConfiguration !== undefined
      ? { ...entry, targetGroupArn: advancedConfiguration.alternateTargetGroupArn }
      : entry,
  );
}
