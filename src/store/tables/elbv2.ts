import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Listener, LoadBalancer, Rule, Target, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Load balancers, by ARN. */
export const loadBalancers = table<LoadBalancer>()({
  name: 'elbv2.load-balancers',
  key: (row) => row.arn,
  indexes: { scope: scopeOf, vpc: (row) => row.vpcId },
});

/** Listeners, by ARN. */
export const listeners = table<Listener>()({
  name: 'elbv2.listeners',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    loadBalancer: (row) => row.loadBalancerArn,
    certificate: (row) => row.certificates.map(({ certificateArn }) => certificateArn),
  },
});

/** Rules, by ARN. */
export const rules = table<Rule>()({
  name: 'elbv2.rules',
  key: (row) => row.arn,
  indexes: { scope: scopeOf, listener: (row) => row.listenerArn, targetGroup: (row) => targetGroupsOf(row.actions) },
});

/** The target groups that some actions forward to. */
export function targetGroupsOf(actions: readonly Action[]): string[] {
  const named = actions.flatMap((action) => [
    action.TargetGroupArn,
    ...(action.ForwardConfig?.TargetGroups ?? []).map((group) => group.TargetGroupArn),
  ]);
  return [...new Set(named.filter((arn) => arn !== undefined))];
}

/** Target groups, by ARN. */
export const targetGroups = table<TargetGroup>()({
  name: 'elbv2.target-groups',
  key: (row) => row.arn,
  indexes: { scope: scopeOf, vpc: (row) => row.vpcId },
});

/** Targets, by group, id and port. */
export const targets = table<Target>()({
  name: 'elbv2.targets',
  key: (row) => targetKey(row.targetGroupArn, row.id, row.port),
  indexes: { targetGroup: (row) => row.targetGroupArn, id: (row) => row.id },
});

/** The key of a target. */
export function targetKey(targetGroupArn: string, id: string, port: number): string {
  return `${targetGroupArn} ${id}:${port}`;
}
