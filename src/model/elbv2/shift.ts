import type { Applied } from '../fleet/machine.ts';
import type { Rule } from './load-balancing.ts';

/** A rule's new shares of traffic. */
export interface Shift {
  readonly ruleArn: string;
  /** By target group ARN: whole numbers that are to each other as the percentages are. */
  readonly weights: Readonly<Record<string, number>>;
}

/** Whether the machine that carries the load balancer serves a rule as it was last to be shared. */
export function isServed({ ruleArn, weights }: Shift, applied: readonly Applied[]): boolean {
  return applied.some(({ shares = [] }) =>
    shares.some(
      (rule) =>
        rule.ruleArn === ruleArn &&
        rule.targetGroups.length === Object.keys(weights).length &&
        rule.targetGroups.every(({ targetGroupArn, weight }) => weights[targetGroupArn] === weight),
    ),
  );
}

/** A rule that forwards with these weights to the target groups, in their order. */
export function withWeights(rule: Rule, { weights }: Shift): Rule {
  const [action] = rule.actions;
  if (action === undefined) return rule;
  const { TargetGroupArn: _only, ...rest } = action;
  return {
    ...rule,
    actions: [
      {
        ...rest,
        Type: 'forward',
        ForwardConfig: {
          ...action.ForwardConfig,
          TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
        },
      },
    ],
  };
}
