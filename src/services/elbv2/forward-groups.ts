import type { Action, TargetGroupTuple } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import type { LoadBalancer, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { targetGroups } from '../../store/tables/elbv2.ts';
import { checkRange, elbErrors } from './errors.ts';
import { checkArn, loadBalancersOf } from './find.ts';

/** What an action of type `forward` names, `most` target groups at most, in either of its two ways or in both alike. */
export function readTuples({ TargetGroupArn, ForwardConfig }: Action, most: number): readonly TargetGroupTuple[] {
  const tuples = ForwardConfig?.TargetGroups ?? (TargetGroupArn === undefined ? [] : [{ TargetGroupArn }]);
  if (tuples.length === 0)
    throw elbErrors.validation("A target group must be specified for an action of type 'forward'");
  if (tuples.length > most) {
    throw new AwsError('TooManyUniqueTargetGroupsPerLoadBalancer', 'An action can forward to at most 5 target groups');
  }
  if (TargetGroupArn !== undefined && (tuples.length > 1 || tuples[0]?.TargetGroupArn !== TargetGroupArn)) {
    throw elbErrors.validation(
      'If both TargetGroupArn and ForwardConfig are specified, ForwardConfig must name the same target group, and no other',
    );
  }
  return tuples;
}

/**
 * The target group of a tuple: it exists, in the load balancer's VPC, can be forwarded to, of which `check` throws what speaks against it, and
 * hangs on no other load balancer.
 */
export function readForwardGroup(
  reader: Reader,
  loadBalancer: LoadBalancer,
  { TargetGroupArn: arn }: TargetGroupTuple,
  check: (row: TargetGroup) => void,
): TargetGroup {
  const row = reader.get(targetGroups, checkArn(arn, 'target group'));
  if (row === undefined || scopeOf(row) !== scopeOf(loadBalancer)) {
    throw new AwsError('TargetGroupNotFound', `Target group '${arn ?? ''}' not found`);
  }
  if (row.vpcId !== loadBalancer.vpcId) {
    throw elbErrors.configuration(
      `The following target groups do not belong to the same VPC as the load balancer: '${row.arn}'`,
    );
  }
  check(row);
  if (loadBalancersOf(reader, row.arn).some((other) => other !== loadBalancer.arn)) {
    throw new AwsError(
      'TargetGroupAssociationLimit',
      `The following target groups cannot be associated with more than one load balancer: '${row.arn}'`,
    );
  }
  return row;
}

/** The tuples with their defaults; no target group is there twice. */
export function weighedTuples(
  tuples: readonly TargetGroupTuple[],
  groups: readonly TargetGroup[],
): { TargetGroupArn: string | undefined; Weight: number }[] {
  const weighed = tuples.map(({ Weight = 1 }, index) => ({
    TargetGroupArn: groups[index]?.arn,
    Weight: checkRange(Weight, 'actions.forwardConfig.targetGroups.weight', 0, 999),
  }));
  if (new Set(weighed.map(({ TargetGroupArn }) => TargetGroupArn)).size < weighed.length) {
    throw elbErrors.validation('A target group can be named only once in an action');
  }
  return weighed;
}
