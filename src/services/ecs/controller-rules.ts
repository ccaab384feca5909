import type { CreateServiceCommandInput, UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { Service } from '../../model/ecs/service.ts';
import { invalidParameter } from './errors.ts';
import { checkOneOf } from './one-of.ts';

type Controller = Service['deploymentController'];

/** The deployment controller that a service is created with. Throws `InvalidParameterException` for one that there is not. */
export function readController({ deploymentController }: CreateServiceCommandInput): Controller {
  const type = deploymentController?.type ?? 'ECS';
  checkOneOf('deploymentController.type', type, ['ECS', 'CODE_DEPLOY', 'EXTERNAL']);
  return type;
}

/**
 * Checks a service whose deployments are task sets: "you can specify only parameters that aren't controlled at the task set level"
 * ("CreateService", ECS API Reference). Throws `InvalidParameterException`.
 */
export function checkExternalService(input: CreateServiceCommandInput): void {
  const blank: readonly [string, unknown][] = [
    ['TaskDefinition', input.taskDefinition],
    ['LaunchType', input.launchType],
    ['PlatformVersion', input.platformVersion],
    ['NetworkConfiguration', input.networkConfiguration],
  ];
  for (const [member, value] of blank) if (isSet(value)) throw invalidParameter(`${member} must be blank.`);
  const empty: readonly [string, unknown][] = [
    ['LoadBalancers', input.loadBalancers],
    ['ServiceRegistries', input.serviceRegistries],
    ['CapacityProviderStrategy', input.capacityProviderStrategy],
  ];
  for (const [member, value] of empty) if (isSet(value)) throw invalidParameter(`${member} must be empty or null.`);
}

/**
 * Checks a service that CodeDeploy deploys: it shifts the traffic of one load balancer ("CodeDeploy blue/green deployments for Amazon
 * ECS", ECS Developer Guide). Throws `InvalidParameterException`.
 */
export function checkCodeDeployService({ loadBalancers = [] }: CreateServiceCommandInput): void {
  if (loadBalancers.length !== 1) {
    throw invalidParameter(
      `Services with a CODE_DEPLOY deployment controller must have exactly one load balancer, but there are ${loadBalancers.length}.`,
    );
  }
  if (loadBalancers[0]?.advancedConfiguration !== undefined) {
    throw invalidParameter('advancedConfiguration is not supported with the CODE_DEPLOY deployment controller.');
  }
}

/** What only ECS's own controller can do. Throws `InvalidParameterException`. */
export function checkControlled(input: CreateServiceCommandInput, controller: Controller): void {
  const configuration = input.deploymentConfiguration;
  if (input.schedulingStrategy === 'DAEMON') {
    throw invalidParameter(
      `The daemon scheduling strategy is not supported with the ${controller} deployment controller.`,
    );
  }
  if (configuration?.deploymentCircuitBreaker?.enable === true) {
    throw invalidParameter(
      'The deployment circuit breaker can only be used for services using the rolling update (ECS) deployment type.',
    );
  }
  if (configuration?.strategy !== undefined && configuration.strategy !== 'ROLLING') {
    throw invalidParameter(
      `The deployment strategy ${configuration.strategy} is not supported with the ${controller} deployment controller.`,
    );
  }
}

/** How each controller is told to do what UpdateService cannot. */
const instead: Readonly<Record<Exclude<Controller, 'ECS'>, string>> = {
  CODE_DEPLOY: 'a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.',
  EXTERNAL: 'an EXTERNAL deployment controller. Use CreateTaskSet to create a new task set.',
};

/**
 * Refuses what UpdateService cannot change of a service whose deployments are task sets ("UpdateService", ECS API Reference).
 * Throws `InvalidParameterException`.
 */
export function refuseUpdates(input: UpdateServiceCommandInput, controller: Exclude<Controller, 'ECS'>): void {
  const end = `on services with ${instead[controller]}`;
  const fixed: readonly [string, unknown][] = [
    ['task definition', input.taskDefinition],
    ['network parameters', input.networkConfiguration],
    ['platform version', input.platformVersion],
    ['load balancers', input.loadBalancers],
    ['service registries', input.serviceRegistries],
    ['capacity provider strategy', input.capacityProviderStrategy],
    ...(controller === 'EXTERNAL'
      ? [['deployment configuration', input.deploymentConfiguration] as [string, unknown]]
      : []),
  ];
  for (const [what, value] of fixed) if (value !== undefined) throw invalidParameter(`Unable to update ${what} ${end}`);
  if (input.forceNewDeployment === true) throw invalidParameter(`Cannot force a new deployment ${end}`);
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';
}
