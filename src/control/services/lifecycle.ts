import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import {
  allTo,
  otherSlot,
  type HookRun,
  type Lifecycle,
  type LifecycleStage,
  type Slot,
} from '../../model/ecs/lifecycle.ts';

const minuteMs = 60_000;

/** What a stage of a deployment that shifts traffic is judged by. */
export interface LifecycleFacts {
  readonly configuration: DeploymentConfiguration;
  /** Where the tasks of the PRIMARY deployment are registered. */
  readonly slot: Slot;
  /** As many of its tasks as are desired are healthy. */
  readonly ready: boolean;
  /** Tasks of older deployments live. */
  readonly others: boolean;
  /** Tasks of deployments live that are neither the PRIMARY one nor the one that served before. */
  readonly strays: boolean;
  /** Load balancers share traffic as a lifecycle says. */
  readonly serves: (lifecycle: Lifecycle) => boolean;
  /** Something ran before. */
  readonly replaces: boolean;
}

/** How far a lifecycle comes now. */
export interface Advance {
  readonly lifecycle: Lifecycle;
  /** Why it cannot go on, as the `statusReason` of a service deployment ends. */
  readonly failure?: string;
  /** When to look again though nothing happens. */
  readonly lookAt?: number;
}

/** The first stage: with several revisions about, the service is reconciled to the one that serves. */
export function beginLifecycle(
  serving: Slot,
  sources: number,
  facts: LifecycleFacts,
  ids: Ids,
  now: number,
): Lifecycle {
  const blank: Lifecycle = { stage: 'RECONCILE_SERVICE', since: now, production: allTo(serving), hooks: [] };
  return entered(blank, sources > 1 ? 'RECONCILE_SERVICE' : 'PRE_SCALE_UP', facts, ids, now);
}

/** Turns back: what ran before is scaled up as far as it has to be, gets the traffic again, and the rest goes. */
export function turnedBack(lifecycle: Lifecycle, now: number): Lifecycle {
  return { ...lifecycle, stage: 'SCALE_UP', since: now, hooks: [], rollback: true };
}

/** Goes through as many stages as are over. */
export function advance(lifecycle: Lifecycle, facts: LifecycleFacts, ids: Ids, now: number): Advance {
  let at = lifecycle;
  for (;;) {
    at = timedOut(at, now);
    const failure = failureOf(at);
    if (failure !== undefined) return { lifecycle: at, failure };
    const waits = waitsUntil(at, facts);
    if (waits !== undefined && waits > now) return { lifecycle: at, ...(waits === Infinity ? {} : { lookAt: waits }) };
    const next = after(at, facts);
    if (next === undefined) return { lifecycle: at };
    at = entered(at, next, facts, ids, now);
  }
}

/** When the stage is over as far as can be told: `undefined` when nothing is waited for, `Infinity` when something must happen. */
function waitsUntil(lifecycle: Lifecycle, facts: LifecycleFacts): number | undefined {
  const { stage, since, hooks, production, rollback } = lifecycle;
  const open = hooks.filter(({ status }) => status === 'AWAITING_ACTION' || status === 'IN_PROGRESS');
  if (open.length > 0) return Math.min(...open.map(({ expiresAt }) => expiresAt));
  const { strategy, bakeTimeInMinutes = 0, canaryConfiguration, linearConfiguration } = facts.configuration;
  switch (stage) {
    case 'RECONCILE_SERVICE':
      return facts.strays ? Infinity : undefined;
    case 'SCALE_UP':
      return facts.ready ? undefined : Infinity;
    case 'PRODUCTION_TRAFFIC_SHIFT': {
      if (!facts.serves(lifecycle)) return Infinity;
      if (rollback === true || production[facts.slot] >= 100) return undefined;
      const minutes =
        strategy === 'CANARY'
          ? (canaryConfiguration?.canaryBakeTimeInMinutes ?? 10)
          : (linearConfiguration?.stepBakeTimeInMinutes ?? 6);
      return since + minutes * minuteMs;
    }
    case 'BAKE_TIME':
      // Where nothing ran before, there is nothing to keep.
      return facts.replaces ? since + bakeTimeInMinutes * minuteMs : undefined;
    case 'CLEAN_UP':
      return facts.others ? Infinity : undefined;
    case 'TEST_TRAFFIC_SHIFT':
      return facts.serves(lifecycle) ? undefined : Infinity;
    case 'PRE_SCALE_UP':
    case 'POST_SCALE_UP':
    case 'POST_TEST_TRAFFIC_SHIFT':
    case 'PRE_PRODUCTION_TRAFFIC_SHIFT':
    case 'POST_PRODUCTION_TRAFFIC_SHIFT':
      return undefined;
    default:
      return stage satisfies never;
  }
}

const forward: Readonly<Record<LifecycleStage, LifecycleStage | undefined>> = {
  RECONCILE_SERVICE: 'PRE_SCALE_UP',
  PRE_SCALE_UP: 'SCALE_UP',
  SCALE_UP: 'POST_SCALE_UP',
  POST_SCALE_UP: 'TEST_TRAFFIC_SHIFT',
  TEST_TRAFFIC_SHIFT: 'POST_TEST_TRAFFIC_SHIFT',
  POST_TEST_TRAFFIC_SHIFT: 'PRE_PRODUCTION_TRAFFIC_SHIFT',
  PRE_PRODUCTION_TRAFFIC_SHIFT: 'PRODUCTION_TRAFFIC_SHIFT',
  PRODUCTION_TRAFFIC_SHIFT: 'POST_PRODUCTION_TRAFFIC_SHIFT',
  POST_PRODUCTION_TRAFFIC_SHIFT: 'BAKE_TIME',
  BAKE_TIME: 'CLEAN_UP',
  CLEAN_UP: undefined,
};

/** "When a roll back happens, Amazon ECS runs the lifecycle hooks for" the two shifts ("Lifecycle hooks"). */
const back: Partial<Readonly<Record<LifecycleStage, LifecycleStage>>> = {
  SCALE_UP: 'TEST_TRAFFIC_SHIFT',
  TEST_TRAFFIC_SHIFT: 'PRODUCTION_TRAFFIC_SHIFT',
  PRODUCTION_TRAFFIC_SHIFT: 'CLEAN_UP',
};

function after({ stage, production, rollback }: Lifecycle, { slot }: LifecycleFacts): LifecycleStage | undefined {
  if (rollback === true) return back[stage];
  // Linear and canary deployments come by these two at each step.
  if (stage === 'PRODUCTION_TRAFFIC_SHIFT' && production[slot] < 100) return 'PRE_PRODUCTION_TRAFFIC_SHIFT';
  return forward[stage];
}

function entered(before: Lifecycle, stage: LifecycleStage, facts: LifecycleFacts, ids: Ids, now: number): Lifecycle {
  const { slot, configuration } = facts;
  const hooks = (configuration.lifecycleHooks ?? [])
    .filter((hook) => hook.lifecycleStages?.some((one) => one === stage))
    // A rollback waits for nobody.
    .filter((hook) => before.rollback !== true || hook.targetType !== 'PAUSE')
    .map((hook): HookRun => {
      const { timeoutInMinutes = 1440, action = 'ROLLBACK' } = hook.timeoutConfiguration ?? {};
      const pause = hook.targetType === 'PAUSE';
      return {
        id: ids.uuid(),
        targetType: pause ? 'PAUSE' : 'AWS_LAMBDA',
        ...given('targetArn', pause ? undefined : hook.hookTargetArn),
        status: pause ? 'AWAITING_ACTION' : 'IN_PROGRESS',
        expiresAt: now + timeoutInMinutes * minuteMs,
        timeoutAction: action,
        ...(pause ? {} : { callAt: now }),
        ...given('details', hook.hookDetails ?? undefined),
      };
    });
  const next: Lifecycle = { ...before, stage, since: now, hooks };
  if (stage === 'TEST_TRAFFIC_SHIFT') return { ...next, test: allTo(slot) };
  if (stage !== 'PRODUCTION_TRAFFIC_SHIFT') return next;
  const percent =
    before.rollback === true || !facts.replaces ? 100 : nextPercent(before.production[slot], configuration);
  return {
    ...next,
    production: { ...allTo(otherSlot(slot)), [slot]: percent, [otherSlot(slot)]: round(100 - percent) },
  };
}

/** The share of production traffic after the next step. */
function nextPercent(share: number, configuration: DeploymentConfiguration): number {
  const { strategy, canaryConfiguration, linearConfiguration } = configuration;
  if (strategy === 'CANARY') return share > 0 ? 100 : (canaryConfiguration?.canaryPercent ?? 5);
  if (strategy === 'LINEAR') return Math.min(100, round(share + (linearConfiguration?.stepPercent ?? 10)));
  return 100;
}

/** Percentages are multiples of a tenth. */
function round(percent: number): number {
  return Math.round(percent * 10) / 10;
}

function timedOut(lifecycle: Lifecycle, now: number): Lifecycle {
  const isLate = ({ status, expiresAt }: HookRun): boolean =>
    (status === 'AWAITING_ACTION' || status === 'IN_PROGRESS') && now >= expiresAt;
  if (!lifecycle.hooks.some(isLate)) return lifecycle;
  const hooks = lifecycle.hooks.map((hook): HookRun => (isLate(hook) ? { ...hook, status: 'TIMED_OUT' } : hook));
  return { ...lifecycle, hooks };
}

/** A hook that failed, or was not done in time, turns the deployment back; in a rollback it changes nothing. */
function failureOf({ stage, hooks, rollback }: Lifecycle): string | undefined {
  if (rollback === true) return undefined;
  const failed = hooks.find(
    ({ status, timeoutAction }) => status === 'FAILED' || (status === 'TIMED_OUT' && timeoutAction === 'ROLLBACK'),
  );
  if (failed === undefined) return undefined;
  const why = failed.status === 'TIMED_OUT' ? 'The lifecycle hook timed out.' : (failed.reason ?? '');
  return `${stage} lifecycle hook(s) failed. ${why}`.trimEnd();
}
