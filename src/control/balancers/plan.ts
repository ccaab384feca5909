import type { LoadBalancer, Target } from '../../model/elbv2/load-balancing.ts';
import type { ObservedBalancer, ObservedGroup } from './observe.ts';

/** What is to be done. */
export type BalancerStep =
  | { readonly kind: 'set-state'; readonly loadBalancerArn: string; readonly state: LoadBalancer['state'] }
  | { readonly kind: 'delete-targets'; readonly targets: readonly Target[] };

/** A plan, and when to look again though nothing happens, in epoch milliseconds. */
export interface BalancerPlan {
  readonly step?: BalancerStep;
  readonly lookAt?: number;
}

/** Plans for a load balancer or a target group. Pure. */
export function plan(observed: ObservedBalancer | ObservedGroup, now: number): BalancerPlan {
  return observed.kind === 'load-balancer' ? planState(observed) : planTargets(observed, now);
}

/** A load balancer is active once a machine serves it, and stays so; until then its reason says what is in the way. */
function planState({ loadBalancer, applied }: ObservedBalancer): BalancerPlan {
  const { state } = loadBalancer;
  if (state.code !== 'provisioning') return {};
  const set = (next: LoadBalancer['state']): BalancerPlan => ({
    step: { kind: 'set-state', loadBalancerArn: loadBalancer.arn, state: next },
  });
  if (applied.some((each) => each.error === undefined)) return set({ code: 'active' });
  const error = applied.find((each) => each.error !== undefined)?.error;
  if (error === undefined || error === state.reason) return {};
  return set({ code: 'provisioning', reason: error });
}

/**
 * How long a machine may take to say that it took a target out of rotation, in milliseconds. One that says nothing for so
 * long is taken for gone: its balancer sends nothing either, and a task that is to stop does not wait for it for ever.
 */
export const takingOutMs = 60_000;

/**
 * "Deregistration delay" (ELB): a target goes once the delay is over, and at once where nothing can be under way. The delay
 * begins when the balancer has taken the target out, however long that takes: until then requests still go to it.
 */
function planTargets({ draining, delayMs, inUse }: ObservedGroup, now: number): BalancerPlan {
  const endOf = ({ drainingSince = now, outSince = drainingSince + takingOutMs }: Target): number =>
    inUse ? outSince + delayMs : now;
  const over = draining.filter((target) => endOf(target) <= now);
  const later = draining.filter((target) => endOf(target) > now).map(endOf);
  return {
    ...(over.length === 0 ? {} : { step: { kind: 'delete-targets', targets: over } }),
    ...(later.length === 0 ? {} : { lookAt: Math.min(...later) }),
  };
}
