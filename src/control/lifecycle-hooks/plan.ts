import { given } from '../../base/given.ts';
import type { HookRun, Weights } from '../../model/ecs/lifecycle.ts';
import type { ServiceDeployment } from '../../model/ecs/service-deployment.ts';

/** When a hook that is IN_PROGRESS is called again unless it says so ("Lambda hooks for Amazon ECS service deployments"). */
const callAgainMs = 30_000;

/** What a hook is told. */
export function hookEvent(row: ServiceDeployment, hook: HookRun): object {
  const { lifecycle } = row;
  return {
    executionDetails: {
      serviceArn: row.serviceArn,
      targetServiceRevisionArn: row.target.arn,
      testTrafficWeights: weightsOf(row, lifecycle?.test),
      productionTrafficWeights: weightsOf(row, lifecycle?.production),
    },
    executionId: hook.id,
    lifecycleStage: lifecycle?.stage,
    resourceArn: row.arn,
    ...given('hookDetails', hook.details),
  };
}

/** By service revision. */
function weightsOf(row: ServiceDeployment, weights: Weights | undefined): Record<string, number> {
  const { slot = 'primary', sources, target } = row;
  const other = slot === 'primary' ? 'alternate' : 'primary';
  const source = sources[0]?.arn;
  return weights === undefined
    ? {}
    : { ...(source === undefined ? {} : { [source]: weights[other] }), [target.arn]: weights[slot] };
}

/** What a hook's answer comes to. */
export function hookAnswer({ targetArn = '', details }: HookRun, answer: unknown, now: number): Partial<HookRun> {
  const { hookStatus, callBackDelay, hookDetails } = (
    typeof answer === 'object' && answer !== null ? answer : {}
  ) as Record<string, unknown>;
  if (hookStatus === 'SUCCEEDED') return { status: 'SUCCEEDED' };
  if (hookStatus === 'FAILED') {
    return { status: 'FAILED', reason: `Lifecycle hook target ${targetArn} returned FAILED status.` };
  }
  if (hookStatus === 'IN_PROGRESS') {
    const delayMs = typeof callBackDelay === 'number' && callBackDelay >= 0 ? callBackDelay * 1000 : callAgainMs;
    return { status: 'IN_PROGRESS', callAt: now + delayMs, ...given('details', hookDetails ?? details) };
  }
  const why = hookStatus === undefined || hookStatus === null ? 'HookStatus must not be null' : 'an unknown HookStatus';
  return { status: 'FAILED', reason: `ECS was unable to parse the response from ${targetArn} due to ${why}` };
}
