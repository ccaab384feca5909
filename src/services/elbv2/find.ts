import type { Ctx } from '../../aws/handlers.ts';
import { parseArn } from '../../base/arn.ts';
import type { Listener, LoadBalancer, LoadBalancerV2, Rule, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, loadBalancers, rules, targetGroups } from '../../store/tables/elbv2.ts';
import { elbErrors } from './errors.ts';

type Place = Pick<Ctx, 'account' | 'region'>;

const kinds = {
  'load balancer': /^loadbalancer\/(?:app|net)\/[^/]+\/[^/]+$/,
  'target group': /^targetgroup\/[^/]+\/[^/]+$/,
  listener: /^listener\/(?:app|net)\/[^/]+\/[^/]+\/[^/]+$/,
  'listener rule': /^listener-rule\/(?:app|net)\/[^/]+\/[^/]+\/[^/]+\/[^/]+$/,
} as const;

/** Whether an ARN is one of ELB's of a kind. */
export function isArn(arn: string, kind: keyof typeof kinds): boolean {
  const parsed = parseArn(arn);
  return parsed?.service === 'elasticloadbalancing' && kinds[kind].test(parsed.resource);
}

/** Throws ValidationError for what is no ARN of the kind at all. */
export function checkArn(arn: string | undefined, kind: keyof typeof kinds): string {
  if (arn !== undefined && isArn(arn, kind)) return arn;
  throw elbErrors.validation(`'${arn ?? ''}' is not a valid ${kind} ARN`);
}

function here<Row extends Scoped>(row: Row | undefined, place: Place): Row | undefined {
  return row?.account === place.account && row.region === place.region ? row : undefined;
}

function isV2(row: LoadBalancer): row is LoadBalancerV2 {
  return row.type !== 'classic';
}

/** The load balancers of an account and region that this API knows: Classic ones have an API of their own. */
export function ownLoadBalancers(reader: Reader, scope: Scoped): LoadBalancerV2[] {
  return reader.by(loadBalancers, 'scope', scopeOf(scope)).filter(isV2);
}

/** The target groups of an account and region, without those that are the instances of a Classic Load Balancer. */
export function ownTargetGroups(reader: Reader, scope: Scoped): TargetGroup[] {
  return reader.by(targetGroups, 'scope', scopeOf(scope)).filter(({ arn }) => isArn(arn, 'target group'));
}

/** The load balancer of an ARN, or LoadBalancerNotFound. */
export function findLoadBalancer(reader: Reader, place: Place, arn: string | undefined): LoadBalancerV2 {
  const row = here(reader.get(loadBalancers, checkArn(arn, 'load balancer')), place);
  if (row === undefined || !isV2(row)) throw elbErrors.loadBalancerNotFound(arn ?? '');
  return row;
}

/** The target group of an ARN, or TargetGroupNotFound. */
export function findTargetGroup(reader: Reader, place: Place, arn: string | undefined): TargetGroup {
  const row = here(reader.get(targetGroups, checkArn(arn, 'target group')), place);
  if (row === undefined) throw elbErrors.targetGroupNotFound(arn ?? '');
  return row;
}

/** The listener of an ARN, or ListenerNotFound. */
export function findListener(reader: Reader, place: Place, arn: string | undefined): Listener {
  const row = here(reader.get(listeners, checkArn(arn, 'listener')), place);
  if (row === undefined) throw elbErrors.listenerNotFound();
  return row;
}

/** The rule of an ARN, or RuleNotFound. */
export function findRule(reader: Reader, place: Place, arn: string | undefined): Rule {
  const row = here(reader.get(rules, checkArn(arn, 'listener rule')), place);
  if (row === undefined) throw elbErrors.ruleNotFound();
  return row;
}

/** The load balancers whose rules forward to a target group. */
export function loadBalancersOf(reader: Reader, targetGroupArn: string): string[] {
  const arns = reader
    .by(rules, 'targetGroup', targetGroupArn)
    .flatMap((rule) => reader.get(listeners, rule.listenerArn)?.loadBalancerArn ?? []);
  return [...new Set(arns)];
}

/** A listener's rules by ascending priority, the default one last. */
export function rulesOf(reader: Reader, listenerArn: string): Rule[] {
  const number = ({ priority }: Rule): number => (priority === 'default' ? Infinity : priority);
  return reader.by(rules, 'listener', listenerArn).toSorted((a, b) => (number(a) < number(b) ? -1 : 1));
}
