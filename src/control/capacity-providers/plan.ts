import { given } from '../../base/given.ts';
import { counts, isSuspended, type AutoScalingGroup, type GroupInstance } from '../../model/autoscaling/group.ts';
import { drainingHook, type CapacityProvider } from '../../model/ecs/capacity-provider.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';

/** An instance of a provider's group. */
export interface ObservedCapacityInstance {
  readonly row: GroupInstance;
  /** Its registration in a cluster of the provider. */
  readonly registration?: Pick<ContainerInstance, 'arn' | 'status'>;
  /** Its agent is connected. */
  readonly ready: boolean;
  /** Tasks of others than daemon services are on it. */
  readonly busy: boolean;
}

/** What the judgement of one capacity provider stands on. */
export interface ObservedCapacity {
  readonly provider: CapacityProvider;
  readonly group: AutoScalingGroup;
  readonly instances: readonly ObservedCapacityInstance[];
  /** Tasks that wait, by what they need: how many, and how many of them an empty instance holds. */
  readonly waiting: readonly { readonly count: number; readonly perInstance: number }[];
  /** Whether the group has the hook by which its instances are drained. */
  readonly hooked: boolean;
}

export type CapacityStep =
  | { readonly kind: 'size'; readonly desired: number; readonly why: string }
  | { readonly kind: 'protect'; readonly instanceId: string; readonly protectedFromScaleIn: boolean }
  | { readonly kind: 'hook'; readonly wanted: boolean }
  | { readonly kind: 'drain'; readonly containerInstanceArn: string }
  /** It is drained, and may go on being terminated. */
  | { readonly kind: 'let-go'; readonly instanceId: string }
  | { readonly kind: 'note-low'; readonly since: number | undefined };

/** What to do for a capacity provider now, and when to look again, epoch milliseconds. */
export interface CapacityPlan {
  readonly steps: readonly CapacityStep[];
  readonly lookAt?: number;
}

/** How long there is more than is needed before a group shrinks: the alarm's fifteen minutes ("Cluster auto scaling"). */
export const scaleInAfterMs = 15 * 60_000;

/** How long after a step the next one up may follow: the metric has a value a minute. */
export const nextStepMs = 60_000;

/** N: the instances that a group has, and M: those that it needs. */
export interface Reservation {
  readonly has: number;
  readonly needs: number;
  /** CapacityProviderReservation, percent. */
  readonly percent: number;
}

/**
 * CapacityProviderReservation: M / N × 100; with N = 0 it is 100 where none are needed, and 200 where some are ("Deep dive on Amazon ECS
 * cluster auto scaling", AWS Containers blog; "CapacityProviderReservation", ECS Developer Guide). While tasks wait, every instance that
 * is there is needed and as many more as the largest kind of them takes at least, less those that are still starting.
 */
export function reservationOf({ provider, instances, waiting }: ObservedCapacity, now: number): Reservation {
  const there = instances.filter(({ row }) => counts(row));
  const warmUpMs = provider.managedScaling.instanceWarmupPeriod * 1000;
  const starting = there.filter(({ row, ready }) => !ready && now < row.launchedAt + warmUpMs).length;
  const more = Math.max(
    0,
    ...waiting.map(({ count, perInstance }) => (perInstance > 0 ? Math.ceil(count / perInstance) : 0)),
  );
  const has = there.length;
  const needs = more === 0 ? there.filter(({ busy }) => busy).length : has + Math.max(0, more - starting);
  return { has, needs, percent: has === 0 ? (needs === 0 ? 100 : 200) : (needs / has) * 100 };
}

/** Sizes a provider's group, protects the instances that have tasks, and drains those that are to go. */
export function planCapacity(observed: ObservedCapacity, now: number): CapacityPlan {
  const sizing = planSize(observed, now);
  const shrinks = sizing.steps.some((step) => step.kind === 'size' && step.desired < observed.group.desiredCapacity);
  return {
    ...given('lookAt', sizing.lookAt ?? warmUpEnd(observed, now)),
    steps: [...sizing.steps, ...planProtection(observed, shrinks), ...planDraining(observed)],
  };
}

function planSize(observed: ObservedCapacity, now: number): CapacityPlan {
  const { provider, group } = observed;
  const {
    status,
    targetCapacity: target,
    minimumScalingStepSize: least,
    maximumScalingStepSize: most,
  } = provider.managedScaling;
  const notLow: CapacityStep[] = provider.lowSince === undefined ? [] : [{ kind: 'note-low', since: undefined }];
  if (status === 'DISABLED' || group.deleting === true || isSuspended(group, 'AlarmNotification')) {
    return { steps: notLow };
  }
  const { has, needs, percent } = reservationOf(observed, now);
  const wanted = Math.ceil((needs * 100) / target);
  const why = `Amazon ECS managed scaling of capacity provider ${provider.name} (CapacityProviderReservation ${Math.round(percent)}, target ${target})`;
  if (percent >= target) {
    const base = Math.max(has, group.desiredCapacity);
    const step = Math.min(most, Math.max(least, wanted - base));
    const desired = wanted > base ? Math.min(group.maxSize, base + step) : base;
    if (wanted <= base || desired <= group.desiredCapacity) return { steps: notLow };
    const nextAt = (provider.grownAt ?? -Infinity) + nextStepMs;
    return now < nextAt ? { steps: notLow, lookAt: nextAt } : { steps: [...notLow, { kind: 'size', desired, why }] };
  }
  const desired = Math.max(group.minSize, wanted);
  if (desired >= group.desiredCapacity) return { steps: notLow };
  if (provider.lowSince === undefined) {
    return { steps: [{ kind: 'note-low', since: now }], lookAt: now + scaleInAfterMs };
  }
  const dueAt = provider.lowSince + scaleInAfterMs;
  if (now < dueAt) return { steps: [], lookAt: dueAt };
  return {
    steps: [
      { kind: 'note-low', since: undefined },
      { kind: 'size', desired, why },
    ],
  };
}

/** When an instance that still starts counts as late, while tasks wait. */
function warmUpEnd({ provider, instances, waiting }: ObservedCapacity, now: number): number | undefined {
  if (waiting.length === 0) return undefined;
  const ends = instances
    .filter(({ row, ready }) => counts(row) && !ready)
    .map(({ row }) => row.launchedAt + provider.managedScaling.instanceWarmupPeriod * 1000)
    .filter((end) => end > now);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** "Managed termination protection": only instances without tasks go, when the group shrinks. */
function planProtection({ provider, group, instances }: ObservedCapacity, shrinks: boolean): CapacityStep[] {
  if (provider.managedTerminationProtection === 'DISABLED') return [];
  const there = instances.filter(({ row }) => counts(row));
  // Those that were let go are still to be chosen.
  const shrinking = shrinks || there.length > group.desiredCapacity;
  return there
    .filter(({ row }) => row.state === 'InService')
    .flatMap(({ row, busy }): CapacityStep[] => {
      const wanted = busy || !shrinking;
      if (wanted === row.protectedFromScaleIn) return [];
      return [{ kind: 'protect', instanceId: row.instanceId, protectedFromScaleIn: wanted }];
    });
}

/** "Amazon ECS managed instance draining": an instance that is to be terminated waits until its tasks have moved. */
function planDraining({ provider, instances, hooked }: ObservedCapacity): CapacityStep[] {
  const wanted = provider.managedDraining === 'ENABLED';
  const hook: CapacityStep[] = wanted === hooked ? [] : [{ kind: 'hook', wanted }];
  const waiting = instances.filter(
    ({ row }) =>
      row.state === 'Terminating:Wait' &&
      row.actions.some((action) => action.hook === drainingHook && action.result === undefined),
  );
  return [
    ...hook,
    ...waiting.flatMap(({ row, registration, busy }): CapacityStep[] => {
      if (wanted && busy && registration !== undefined) {
        return registration.status === 'ACTIVE' ? [{ kind: 'drain', containerInstanceArn: registration.arn }] : [];
      }
      return [{ kind: 'let-go', instanceId: row.instanceId }];
    }),
  ];
}
