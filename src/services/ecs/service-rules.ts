import type { CreateServiceCommandInput, UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { Service } from '../../model/ecs/service.ts';
import type { Launch } from './launch.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { checkOneOf } from './one-of.ts';

/** The members that CreateService and UpdateService share. */
type Shared = CreateServiceCommandInput | UpdateServiceCommandInput;

type Scheduling = Service['schedulingStrategy'];

/** Refuses what a service cannot have on Stowage yet, naming it. Throws `ClientException`. */
export function refuseUnsupportedService(input: Shared): void {
  checkOneOf('propagateTags', input.propagateTags, ['TASK_DEFINITION', 'SERVICE', 'NONE']);
  if ((input.serviceRegistries?.length ?? 0) > 0) throw notSupported('serviceRegistries');
  if (input.serviceConnectConfiguration?.enabled === true) throw notSupported('serviceConnectConfiguration');
  if ((input.volumeConfigurations?.length ?? 0) > 0) throw notSupported('volumeConfigurations');
  if ((input.vpcLatticeConfigurations?.length ?? 0) > 0) throw notSupported('vpcLatticeConfigurations');
  if (input.gatewayConnectors !== undefined && input.gatewayConnectors.length > 0)
    throw notSupported('gatewayConnectors');
  if (input.monitoring !== undefined) throw notSupported('monitoring');
}

/** A token by which a repeated request is known. */
export function checkClientToken(token: string | undefined): void {
  if (token !== undefined && !/^[\u0021-\u007e]{1,36}$/.test(token)) {
    throw invalidParameter('clientToken must have 1 to 36 characters in the range of 33 to 126.');
  }
}

/** Placement is a matter of instances: Fargate has none to choose from. */
export function checkPlacement(
  input:
    | Pick<Shared, 'placementConstraints' | 'placementStrategy'>
    | Pick<Service, 'placementConstraints' | 'placementStrategy'>,
  launch: Pick<Launch, 'launchType' | 'capacityProviderStrategy'>,
  scheduling: Scheduling,
): void {
  const constraints = (input.placementConstraints?.length ?? 0) > 0;
  const strategy = (input.placementStrategy?.length ?? 0) > 0;
  if (scheduling === 'DAEMON') {
    if (launch.launchType === 'FARGATE') {
      throw invalidParameter('The daemon scheduling strategy is not supported with FARGATE launch type.');
    }
    if (launch.capacityProviderStrategy !== undefined) {
      throw invalidParameter('The daemon scheduling strategy is not supported with a capacity provider strategy.');
    }
    if (strategy) {
      throw invalidParameter(
        'The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and try again',
      );
    }
  }
  if (launch.launchType === 'FARGATE') {
    if (constraints) throw invalidParameter('Placement constraints are not supported with FARGATE launch type.');
    if (strategy) throw invalidParameter('Placement strategies are not supported with FARGATE launch type.');
  }
}

/** The rules for `desiredCount`, by scheduling strategy. */
export function checkDesiredCount(desiredCount: number | undefined, scheduling: Scheduling): void {
  if (desiredCount !== undefined && scheduling === 'DAEMON') {
    throw invalidParameter(
      'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again',
    );
  }
  if (desiredCount !== undefined && desiredCount < 0) throw invalidParameter('desiredCount must be at least 0.');
  // "Amazon ECS service quotas": tasks per service.
  if (desiredCount !== undefined && desiredCount > 5000) throw invalidParameter('desiredCount must be at most 5000.');
}

/** A grace period needs a load balancer whose health checks it covers. */
export function checkGracePeriod(seconds: number | undefined, loadBalanced: boolean): void {
  if (seconds === undefined) return;
  if (!loadBalanced) {
    throw invalidParameter('Health check grace period is only valid for services configured to use load balancers');
  }
  if (seconds < 0) throw invalidParameter('healthCheckGracePeriodSeconds must be at least 0.');
}
