import { parseArn } from '../../../base/arn.ts';
import type { MetricDimension } from '../../../base/metric.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';

/** The dimension of a load balancer: `app/<name>/<id>`, `net/<name>/<id>`, or its name alone ("Metric dimensions", ELB User Guides). */
export function balancerDimension({ type, name, loadBalancerArn }: BalancerSpec): MetricDimension {
  if (type === 'classic') return { name: 'LoadBalancerName', value: name };
  return { name: 'LoadBalancer', value: resourceOf(loadBalancerArn).replace(/^loadbalancer\//, '') };
}

/** The dimension of a target group: `targetgroup/<name>/<id>`. */
export function groupDimension(targetGroupArn: string): MetricDimension {
  return { name: 'TargetGroup', value: resourceOf(targetGroupArn) };
}

/** The dimension of an availability zone: of the load balancer's address that clients came to, or of targets. */
export function zoneDimension(zone: string): MetricDimension {
  return { name: 'AvailabilityZone', value: zone };
}

function resourceOf(arn: string): string {
  return parseArn(arn)?.resource ?? arn;
}
