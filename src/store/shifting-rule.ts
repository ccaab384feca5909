import type { Rule } from '../model/elbv2/load-balancing.ts';
import type { Reader } from './store.ts';
import { rules } from './tables/elbv2.ts';

/**
 * The rule by which a deployment shifts traffic: the one that is named, or the only one of the listener of a network load balancer that is
 * ("Network Load Balancer resources for Amazon ECS blue/green, linear and canary deployments").
 */
export function shiftingRule(reader: Reader, arn: string): Rule | undefined {
  if (!isNetworkListener(arn)) return reader.get(rules, arn);
  return reader.by(rules, 'listener', arn).find(({ priority }) => priority === 'default');
}

/** Whether an ARN is that of a network load balancer's listener. */
export function isNetworkListener(arn: string): boolean {
  return arn.includes(':listener/net/');
}
