import type { Rule } from '../../model/elbv2/load-balancing.ts';
import type { Shift } from '../../model/elbv2/shift.ts';
import { targetGroupsOf } from '../../store/tables/elbv2.ts';

/**
 * The rules of a listener that are shifted: those that forward to both of two target groups, or to one of `serving` alone, and to
 * nothing else. A rule by which somebody looks at what does not serve yet is left alone.
 */
export function shiftedRules(
  rules: readonly Rule[],
  targetGroups: readonly string[],
  serving: readonly string[],
): Rule[] {
  return rules.filter(({ actions }) => {
    const [one, ...more] = targetGroupsOf(actions);
    if (one === undefined || ![one, ...more].every((arn) => targetGroups.includes(arn))) return false;
    return more.length > 0 || serving.includes(one);
  });
}

/** Whether a rule forwards to a target group now. */
export function forwardsTo({ actions }: Rule, targetGroupArn: string): boolean {
  return actions.some(
    ({ TargetGroupArn, ForwardConfig }) =>
      ForwardConfig?.TargetGroups?.some((group) => group.TargetGroupArn === targetGroupArn && group.Weight !== 0) ??
      TargetGroupArn === targetGroupArn,
  );
}

/** The rules shared so that `percent` of the traffic goes to `green`, and the rest to `blue`. */
export function sharedRules(rules: readonly Rule[], blue: string, green: string, percent: number): Shift[] {
  return rules.map(({ arn }) => ({ ruleArn: arn, weights: { [blue]: 100 - percent, [green]: percent } }));
}
