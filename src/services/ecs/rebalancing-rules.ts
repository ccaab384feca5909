import type { Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import { invalidParameter } from './errors.ts';
import { checkOneOf } from './one-of.ts';

type Rebalanced = Pick<
  Service,
  | 'deploymentController'
  | 'schedulingStrategy'
  | 'deploymentConfiguration'
  | 'placementStrategy'
  | 'placementConstraints'
>;

const zone = 'attribute:ecs.availability-zone';

/**
 * Whether a service is kept even over zones: what is asked for; else what it was (`before`); else, for a new service, wherever that can be
 * ("Balancing an Amazon ECS service across Availability Zones", ECS Developer Guide). Throws `InvalidParameterException` where it cannot.
 */
export function readRebalancing(
  asked: string | undefined,
  service: Rebalanced,
  launchType: Task['launchType'] | undefined,
  before?: Service['availabilityZoneRebalancing'],
): Service['availabilityZoneRebalancing'] {
  checkOneOf('availabilityZoneRebalancing', asked, ['ENABLED', 'DISABLED']);
  const obstacle = obstacleTo(service, launchType, before === undefined ? 'created' : 'updated');
  const wanted = asked ?? before ?? (obstacle === undefined ? 'ENABLED' : 'DISABLED');
  if (wanted !== 'ENABLED') return 'DISABLED';
  if (obstacle !== undefined) throw invalidParameter(obstacle);
  return 'ENABLED';
}

/** Why a service cannot be kept even over zones. */
function obstacleTo(service: Rebalanced, launchType: string | undefined, done: string): string | undefined {
  const feature = 'Availability Zone Rebalancing';
  const {
    deploymentController: controller,
    deploymentConfiguration,
    placementStrategy,
    placementConstraints,
  } = service;
  if (service.schedulingStrategy === 'DAEMON') return `${feature} does not support DAEMON services.`;
  if (controller !== 'ECS') return `${feature} does not support the ${controller} deployment controller.`;
  if (launchType === 'EXTERNAL') return `${feature} does not support the EXTERNAL launch type.`;
  if ((deploymentConfiguration.maximumPercent ?? 200) <= 100) {
    return `${feature} does not support maximumPercent <= 100 % as deployment configuration.`;
  }
  const because = `The service couldn't be ${done} because ${feature}`;
  const [first] = placementStrategy;
  if (first !== undefined && (first.type !== 'spread' || first.field !== zone)) {
    return `${because} only supports availability zone spread as task placement strategy.`;
  }
  if (placementConstraints.some(({ expression = '' }) => expression.includes(zone))) {
    return `${because} does not support ${zone} as task placement constraint.`;
  }
  return undefined;
}
