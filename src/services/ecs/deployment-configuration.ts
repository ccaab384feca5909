import type { DeploymentAlarms, DeploymentCircuitBreaker, DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { Service } from '../../model/ecs/service.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { readStrategy } from './deployment-strategy.ts';
import { checkOneOf } from './one-of.ts';

/** What a rolling update goes by when nothing is said ("DeploymentConfiguration", ECS API Reference). */
const defaultDeploymentConfiguration: DeploymentConfiguration = {
  deploymentCircuitBreaker: { enable: false, rollback: false },
  maximumPercent: 200,
  minimumHealthyPercent: 100,
  strategy: 'ROLLING',
  bakeTimeInMinutes: 0,
};

/** The same for a daemon, of which there is never more than one task on an instance. */
const defaultOfDaemons: DeploymentConfiguration = {
  ...defaultDeploymentConfiguration,
  maximumPercent: 100,
  minimumHealthyPercent: 0,
};

/**
 * A service's deployment configuration: what `before` says, changed by what is asked for. Throws
 * `InvalidParameterException`, and `ClientException` for what Stowage does not have.
 */
export function readDeploymentConfiguration(
  asked: DeploymentConfiguration | undefined,
  { schedulingStrategy: scheduling, deploymentController: controller }: Scheduled,
  before: DeploymentConfiguration = scheduling === 'DAEMON' ? defaultOfDaemons : defaultDeploymentConfiguration,
): DeploymentConfiguration {
  const read = asked === undefined ? before : readAsked(asked, scheduling, before);
  if (controller === 'ECS') return read;
  // How task sets follow on each other is no matter of ECS's.
  const { maximumPercent, minimumHealthyPercent } = read;
  return { ...given('maximumPercent', maximumPercent), ...given('minimumHealthyPercent', minimumHealthyPercent) };
}

/** By what a service's deployments go. */
type Scheduled = Pick<Service, 'schedulingStrategy' | 'deploymentController'>;

function readAsked(
  asked: DeploymentConfiguration,
  scheduling: Service['schedulingStrategy'],
  before: DeploymentConfiguration,
): DeploymentConfiguration {
  refuse(asked);
  const maximumPercent = asked.maximumPercent ?? before.maximumPercent ?? 200;
  const minimumHealthyPercent = asked.minimumHealthyPercent ?? before.minimumHealthyPercent ?? 100;
  if (scheduling === 'DAEMON' && maximumPercent > 100) {
    throw invalidParameter(
      'The daemon scheduling strategy does not support values above 100 for maximumPercent on a deployment configuration. Change the maximumPercent value to 100, and try again',
    );
  }
  if (minimumHealthyPercent > 100) throw invalidParameter('minimumHealthyPercent must be at most 100.');
  if (minimumHealthyPercent < 0) throw invalidParameter('minimumHealthyPercent must be at least 0.');
  if (maximumPercent < 100) throw invalidParameter('maximumPercent must be at least 100.');
  if (maximumPercent > 200) throw invalidParameter('maximumPercent must be at most 200.');
  if (maximumPercent === 100 && minimumHealthyPercent === 100) {
    throw invalidParameter(
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block any deployment.',
    );
  }
  return {
    ...before,
    ...readStrategy(asked, before, scheduling),
    ...given('alarms', asked.alarms && readAlarms(asked.alarms)),
    ...given('deploymentCircuitBreaker', asked.deploymentCircuitBreaker && readBreaker(asked.deploymentCircuitBreaker)),
    maximumPercent,
    minimumHealthyPercent,
  };
}

/** Alarms need not be there yet: those on a service's own metrics are made after it. */
function readAlarms({ alarmNames = [], enable = false, rollback = false }: DeploymentAlarms): DeploymentAlarms {
  if (enable && alarmNames.length === 0) {
    throw invalidParameter('Alarm names can not be empty when deployment alarms are enabled.');
  }
  if (alarmNames.some((name) => name === '' || name.length > 255)) {
    throw invalidParameter('Alarm names must have between 1 and 255 characters.');
  }
  if (new Set(alarmNames).size < alarmNames.length) throw invalidParameter('Alarm names must be unique.');
  return { alarmNames: [...alarmNames], enable, rollback };
}

function readBreaker(asked: DeploymentCircuitBreaker): DeploymentCircuitBreaker {
  const { resetOnHealthyTask, thresholdConfiguration: threshold } = asked;
  if (threshold !== undefined) {
    checkOneOf('thresholdConfiguration.type', threshold.type, ['COUNT', 'BOUNDED_PERCENT', 'UNBOUNDED_PERCENT']);
    if ((threshold.value ?? 0) < 1) throw invalidParameter('thresholdConfiguration.value must be at least 1.');
  }
  return {
    enable: asked.enable ?? false,
    rollback: asked.rollback ?? false,
    ...given('resetOnHealthyTask', resetOnHealthyTask),
    ...(threshold === undefined ? {} : { thresholdConfiguration: { type: threshold.type, value: threshold.value } }),
  };
}

function refuse(asked: DeploymentConfiguration): void {
  const path = 'deploymentConfiguration';
  if (asked.earlySuccessCriteria !== undefined) throw notSupported(`${path}.earlySuccessCriteria`);
}
