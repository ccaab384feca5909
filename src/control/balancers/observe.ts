import { targetGroupAttributes, withDefaults } from '../../model/elbv2/attributes.ts';
import type { LoadBalancer, Target } from '../../model/elbv2/load-balancing.ts';
import type { Applied } from '../../model/fleet/machine.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, loadBalancers, rules, targetGroups, targets } from '../../store/tables/elbv2.ts';
import { applied } from '../../store/tables/fleet.ts';

/** A load balancer, and what machines said of it. */
export interface ObservedBalancer {
  readonly kind: 'load-balancer';
  readonly loadBalancer: LoadBalancer;
  readonly applied: readonly Applied[];
}

/** The targets of a group that are on their way out. */
export interface ObservedGroup {
  readonly kind: 'target-group';
  readonly draining: readonly Target[];
  /** How long a target may drain, in milliseconds. */
  readonly delayMs: number;
  /** Whether a load balancer that serves forwards to the group: without one nothing is left to drain. */
  readonly inUse: boolean;
}

/** Reads a load balancer or a target group by its ARN. */
export function observe(reader: Reader, arn: string): ObservedBalancer | ObservedGroup | undefined {
  const loadBalancer = reader.get(loadBalancers, arn);
  if (loadBalancer !== undefined) {
    return { kind: 'load-balancer', loadBalancer, applied: reader.by(applied, 'subject', arn) };
  }
  const group = reader.get(targetGroups, arn);
  if (group === undefined) return undefined;
  const attributes = withDefaults(targetGroupAttributes, group.attributes);
  return {
    kind: 'target-group',
    draining: reader.by(targets, 'targetGroup', arn).filter((target) => target.drainingSince !== undefined),
    delayMs: Number(attributes['deregistration_delay.timeout_seconds']) * 1000,
    inUse: reader.by(rules, 'targetGroup', arn).some(({ listenerArn }) => isServed(reader, listenerArn)),
  };
}

function isServed(reader: Reader, listenerArn: string): boolean {
  const listener = reader.get(listeners, listenerArn);
  return listener !== undefined && reader.get(loadBalancers, listener.loadBalancerArn)?.state.code === 'active';
}
