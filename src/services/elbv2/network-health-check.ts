import type { CreateTargetGroupInput, ModifyTargetGroupInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetGroup, TargetGroupHealthCheck } from '../../model/elbv2/load-balancing.ts';
import { checkRange, elbErrors } from './errors.ts';
import { checkMatcher, checkPath, checkPort } from './health-check-rules.ts';

/**
 * The health check of a target group of network load balancers after what a request says of it, checked as a whole; `before` is
 * undefined while the group is made ("Health checks for Network Load Balancer target groups").
 */
export function changeNetworkHealthCheck(
  { targetType }: Pick<TargetGroup, 'targetType'>,
  before: TargetGroupHealthCheck | undefined,
  input: Partial<CreateTargetGroupInput> | ModifyTargetGroupInput,
): TargetGroupHealthCheck {
  if (input.HealthCheckEnabled === false) {
    throw elbErrors.configuration(`Health checks cannot be disabled for target groups of target type '${targetType}'`);
  }
  const protocol = input.HealthCheckProtocol ?? before?.protocol ?? (targetType === 'alb' ? 'HTTP' : 'TCP');
  const allowed = targetType === 'alb' ? ['HTTP', 'HTTPS'] : ['HTTP', 'HTTPS', 'TCP'];
  if (protocol !== 'HTTP' && protocol !== 'HTTPS' && (protocol !== 'TCP' || targetType === 'alb')) {
    throw elbErrors.validation(`Health check protocol '${protocol}' must be one of '${allowed.join(', ')}'`);
  }
  if (protocol === 'TCP') {
    if (input.HealthCheckPath !== undefined) {
      throw elbErrors.configuration('Health check path cannot be specified for health checks of the TCP protocol');
    }
    if (input.Matcher !== undefined) {
      throw elbErrors.configuration('Health check matcher cannot be specified for health checks of the TCP protocol');
    }
  }
  const timeout = input.HealthCheckTimeoutSeconds ?? before?.timeoutSeconds ?? (protocol === 'HTTP' ? 6 : 10);
  const interval = input.HealthCheckIntervalSeconds ?? before?.intervalSeconds ?? 30;
  const healthy = input.HealthyThresholdCount ?? before?.healthyThreshold ?? 5;
  const unhealthy = input.UnhealthyThresholdCount ?? before?.unhealthyThreshold ?? 2;
  const check: TargetGroupHealthCheck = {
    enabled: true,
    protocol,
    port: checkPort(input.HealthCheckPort ?? before?.port ?? 'traffic-port'),
    ...(protocol === 'TCP'
      ? {}
      : {
          path: checkPath(input.HealthCheckPath ?? before?.path ?? '/'),
          matcher: checkMatcher(input.Matcher, before?.matcher ?? '200-399', undefined, 599),
        }),
    intervalSeconds: checkRange(interval, 'healthCheckIntervalSeconds', 5, 300),
    timeoutSeconds: checkRange(timeout, 'healthCheckTimeoutSeconds', 2, 120),
    healthyThreshold: checkRange(healthy, 'healthyThresholdCount', 2, 10),
    unhealthyThreshold: checkRange(unhealthy, 'unhealthyThresholdCount', 2, 10),
  };
  if (check.timeoutSeconds > check.intervalSeconds) {
    throw elbErrors.validation('Health check interval must be greater than or equal to the timeout.');
  }
  return check;
}
