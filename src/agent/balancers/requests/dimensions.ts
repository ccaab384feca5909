import { parseArn } from '../../../base/arn.ts';
import type { MetricDimension } from '../../../base/metric.ts';

/** The dimension of a load balancer: `app/<name>/<id>` ("Metric dimensions for Application Load Balancers", ELB User Guide). */
export function balancerDimension(loadBalancerArn: string): MetricDimension {
  return { name: 'LoadBalancer', value: resourceOf(loadBalancerArn).replace(/^loadbalancer\//, '') };
}

/** The dimension of a target group: `targetgroup/<name>/<id>`. */
export function groupDimension(targetGroupArn: string): MetricDimension {
  return { name: 'TargetGroup', value: resourceOf(targetGroupArn) };
}

function resourceOf(arn: string): string {
  return parseArn(arn)?.resource ?? arn;
}
