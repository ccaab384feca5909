import { parseArn } from '../../../base/arn.ts';
import type { MetricDimension } from '../../../base/metric.ts';

/** The dimension of a load balancer: `app/<name>/<id>`, `net/<name>/<id>` ("Metric dimensions", ELB User Guides). */
export function balancerDimension(loadBalancerArn: string): MetricDimension {
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
