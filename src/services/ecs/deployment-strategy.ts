import type { DeploymentConfiguration, DeploymentLifecycleHook } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import { lifecycleStages } from '../../model/ecs/lifecycle.ts';
import type { Service } from '../../model/ecs/service.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { checkOneOf } from './one-of.ts';

const longestMinutes = 1440;

/** The stages that hooks may be for ("DeploymentLifecycleHook", ECS API Reference). */
const hookStages = lifecycleStages.filter((stage) => !['SCALE_UP', 'BAKE_TIME', 'CLEAN_UP'].includes(stage));

/** The members of a deployment configuration that say how traffic is shifted. Throws as CreateService does. */
export function readStrategy(
  asked: DeploymentConfiguration,
  before: DeploymentConfiguration,
  scheduling: Service['schedulingStrategy'],
): Partial<DeploymentConfiguration> {
  const strategy = asked.strategy ?? before.strategy ?? 'ROLLING';
  checkOneOf('deploymentConfiguration.strategy', strategy, ['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY']);
  const { bakeTimeInMinutes, lifecycleHooks, linearConfiguration: linear, canaryConfiguration: canary } = asked;
  if (strategy === 'ROLLING') {
    const path = 'deploymentConfiguration';
    if ((bakeTimeInMinutes ?? 0) > 0) throw notSupported(`${path}.bakeTimeInMinutes with the strategy ROLLING`);
    if ((lifecycleHooks?.length ?? 0) > 0) throw notSupported(`${path}.lifecycleHooks with the strategy ROLLING`);
  } else if (scheduling === 'DAEMON') {
    throw invalidParameter(`The daemon scheduling strategy does not support the deployment strategy ${strategy}.`);
  }
  if (linear !== undefined && strategy !== 'LINEAR') {
    throw invalidParameter('linearConfiguration is only valid when the deployment strategy is LINEAR.');
  }
  if (canary !== undefined && strategy !== 'CANARY') {
    throw invalidParameter('canaryConfiguration is only valid when the deployment strategy is CANARY.');
  }
  checkMinutes('bakeTimeInMinutes', bakeTimeInMinutes);
  checkPercent('stepPercent', linear?.stepPercent, 3);
  checkMinutes('stepBakeTimeInMinutes', linear?.stepBakeTimeInMinutes);
  checkPercent('canaryPercent', canary?.canaryPercent, 0.1);
  checkMinutes('canaryBakeTimeInMinutes', canary?.canaryBakeTimeInMinutes);
  const rolling = strategy === 'ROLLING';
  return {
    strategy,
    bakeTimeInMinutes: rolling ? 0 : (bakeTimeInMinutes ?? before.bakeTimeInMinutes ?? 0),
    ...given('lifecycleHooks', rolling ? undefined : (lifecycleHooks?.map(readHook) ?? before.lifecycleHooks)),
    ...(strategy === 'LINEAR'
      ? { linearConfiguration: { stepPercent: 10, stepBakeTimeInMinutes: 6, ...before.linearConfiguration, ...linear } }
      : {}),
    ...(strategy === 'CANARY'
      ? {
          canaryConfiguration: {
            canaryPercent: 5,
            canaryBakeTimeInMinutes: 10,
            ...before.canaryConfiguration,
            ...canary,
          },
        }
      : {}),
  };
}

/** A hook: a pause, or a URL that is called as a function would be (docs/decisions/0020). */
function readHook(hook: DeploymentLifecycleHook): DeploymentLifecycleHook {
  const { targetType = 'AWS_LAMBDA', hookTargetArn, lifecycleStages = [], timeoutConfiguration } = hook;
  checkOneOf('lifecycleHooks.targetType', targetType, ['AWS_LAMBDA', 'PAUSE']);
  if (lifecycleStages.length === 0) throw invalidParameter('lifecycleStages can not be empty.');
  for (const stage of lifecycleStages) checkOneOf('lifecycleStages', stage, hookStages);
  if (targetType === 'PAUSE') {
    if (hookTargetArn !== undefined) throw invalidParameter('hookTargetArn is not applicable for PAUSE hooks.');
    const shift = lifecycleStages.find(
      (stage) => stage === 'TEST_TRAFFIC_SHIFT' || stage === 'PRODUCTION_TRAFFIC_SHIFT',
    );
    if (shift !== undefined) throw invalidParameter(`PAUSE hooks cannot be configured at the ${shift} stage.`);
  } else if (hookTargetArn === undefined || hookTargetArn === '') {
    throw invalidParameter('hookTargetArn can not be blank.');
  } else if (hookTargetArn.startsWith('arn:')) {
    throw notSupported(
      `A lifecycle hook of ${hookTargetArn}`,
      'there is no Lambda here, name the URL of what is to be called',
    );
  } else if (!/^https?:\/\/[^\s]+$/.test(hookTargetArn) || !URL.canParse(hookTargetArn)) {
    throw invalidParameter(`Invalid identifier: '${hookTargetArn}' is not the target of a lifecycle hook.`);
  }
  checkOneOf('timeoutConfiguration.action', timeoutConfiguration?.action, ['CONTINUE', 'ROLLBACK']);
  const timeout = timeoutConfiguration?.timeoutInMinutes;
  if (timeout !== undefined && timeout < 1) throw invalidParameter('timeoutInMinutes must be at least 1.');
  return {
    targetType,
    ...given('hookTargetArn', hookTargetArn),
    ...given('roleArn', hook.roleArn),
    lifecycleStages: [...lifecycleStages],
    ...given('hookDetails', hook.hookDetails),
    ...given('timeoutConfiguration', timeoutConfiguration),
  };
}

function checkMinutes(member: string, minutes: number | undefined): void {
  if (minutes === undefined) return;
  if (minutes < 0 || minutes > longestMinutes) {
    throw invalidParameter(`${member} must be between 0 and ${longestMinutes}.`);
  }
}

function checkPercent(member: string, percent: number | undefined, least: number): void {
  if (percent === undefined) return;
  if (percent < least || percent > 100) throw invalidParameter(`${member} must be between ${least} and 100.`);
  if (Math.abs(percent * 10 - Math.round(percent * 10)) > 1e-6) {
    throw invalidParameter(`${member} must be a multiple of 0.1.`);
  }
}
