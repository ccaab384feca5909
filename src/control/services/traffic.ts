import type { Rule } from '../../model/elbv2/load-balancing.ts';
import type { Shift } from '../../model/elbv2/shift.ts';
import type { Slot, Weights } from '../../model/ecs/lifecycle.ts';
import type { ServiceLoadBalancer } from '../../model/ecs/task.ts';

/** A load balancer entry whose deployments shift traffic, with the rules by which they do. */
export interface ShiftingEntry {
  readonly groups: Readonly<Record<Slot, string>>;
  /** As they were named: a rule's ARN, or that of a network load balancer's listener. */
  readonly productionRuleArn: string;
  readonly testRuleArn?: string;
  readonly productionRule?: Rule;
  readonly testRule?: Rule;
}

/** The entries that can shift traffic; `ruleOf` reads a rule. */
export function shiftingEntries(
  loadBalancers: readonly ServiceLoadBalancer[],
  ruleOf: (arn: string) => Rule | undefined,
): ShiftingEntry[] {
  return loadBalancers.flatMap(({ targetGroupArn, advancedConfiguration }): ShiftingEntry[] => {
    if (targetGroupArn === undefined || advancedConfiguration === undefined) return [];
    const { alternateTargetGroupArn: alternate, productionListenerRule, testListenerRule } = advancedConfiguration;
    const productionRule = ruleOf(productionListenerRule);
    const testRule = testListenerRule === undefined ? undefined : ruleOf(testListenerRule);
    return [
      {
        groups: { primary: targetGroupArn, alternate },
        productionRuleArn: productionListenerRule,
        ...(testListenerRule === undefined ? {} : { testRuleArn: testListenerRule }),
        ...(productionRule === undefined ? {} : { productionRule }),
        ...(testRule === undefined ? {} : { testRule }),
      },
    ];
  });
}

const invalid = 'of invalid networking configuration';

/**
 * Which target group serves production, by the rules as they are, or why no deployment can go on from there ("Troubleshooting
 * Amazon ECS blue/green deployments"). While another deployment was under way, both may: then the one that serves more.
 */
export function servingSlot(entries: readonly ShiftingEntry[], amid: boolean): { slot: Slot } | { failure: string } {
  let slot: Slot | undefined;
  for (const entry of entries) {
    const { groups, productionRuleArn, productionRule, testRule } = entry;
    if (productionRule === undefined) return { failure: `${invalid}. ${productionRuleArn} was not found` };
    const known = new Set([...tuplesOf(productionRule), ...(testRule ? tuplesOf(testRule) : [])].map(({ arn }) => arn));
    const loose = Object.values(groups).find((arn) => !known.has(arn));
    if (loose !== undefined) {
      return {
        failure: `${invalid}: Target group ${loose} is not associated with either productionListenerRule or testListenerRule.`,
      };
    }
    const serving = tuplesOf(productionRule).filter(({ weight }) => weight > 0);
    const foreign = serving.find(({ arn }) => arn !== groups.primary && arn !== groups.alternate);
    if (foreign !== undefined) {
      return {
        failure: `${invalid}. Production listener rule is forwarding traffic to unexpected target group ${foreign.arn}. Expected traffic to be forwarded to either targetGroupArn: ${groups.primary} or alternateTargetGroupArn: ${groups.alternate}`,
      };
    }
    if (serving.length !== 1 && !(amid && serving.length === 2)) {
      return {
        failure: `${invalid}. productionListenerRule ${productionRuleArn} should have exactly one target group serving traffic but found ${serving.length} target groups which are serving traffic`,
      };
    }
    const most = serving.toSorted((a, b) => b.weight - a.weight)[0]?.arn;
    slot ??= most === groups.alternate ? 'alternate' : 'primary';
  }
  return { slot: slot ?? 'primary' };
}

function tuplesOf({ actions }: Rule): { readonly arn: string; readonly weight: number }[] {
  return actions.flatMap(({ TargetGroupArn, ForwardConfig }) =>
    (ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }]).flatMap(({ TargetGroupArn: arn, Weight }) =>
      arn === undefined ? [] : [{ arn, weight: Weight ?? 1 }],
    ),
  );
}

/** What is to be written into the rules for traffic to be shared so. */
export function shifts(entries: readonly ShiftingEntry[], production: Weights, test: Weights | undefined): Shift[] {
  return entries.flatMap((entry) => {
    const of = (ruleArn: string, weights: Weights): Shift => ({
      ruleArn,
      weights: {
        [entry.groups.primary]: whole(weights.primary, weights),
        [entry.groups.alternate]: whole(weights.alternate, weights),
      },
    });
    return [
      of(entry.productionRule?.arn ?? entry.productionRuleArn, production),
      ...(entry.testRuleArn === undefined || test === undefined
        ? []
        : [of(entry.testRule?.arn ?? entry.testRuleArn, test)]),
    ];
  });
}

/** Weights are whole numbers up to 999; percentages may have one decimal. */
function whole(percent: number, { primary, alternate }: Weights): number {
  return Number.isInteger(primary) && Number.isInteger(alternate) ? percent : Math.round(percent * 10);
}
