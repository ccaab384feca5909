import type { CreateTargetGroupInput, ModifyTargetGroupInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetGroupHealthCheck } from '../../model/elbv2/load-balancing.ts';
import { checkRange, elbErrors, notSupported } from './errors.ts';

/** The health check of a new HTTP or HTTPS target group ("Health check settings", ELB User Guide). */
export const defaultHealthCheck: TargetGroupHealthCheck = {
  enabled: true,
  protocol: 'HTTP',
  port: 'traffic-port',
  path: '/',
  intervalSeconds: 30,
  timeoutSeconds: 5,
  healthyThreshold: 5,
  unhealthyThreshold: 2,
  matcher: '200',
};

/** The health check after what a request says of it, checked as a whole. */
export function changeHealthCheck(
  before: TargetGroupHealthCheck,
  input: Partial<CreateTargetGroupInput> | ModifyTargetGroupInput,
): TargetGroupHealthCheck {
  if (input.HealthCheckEnabled === false) {
    throw elbErrors.configuration(
      "Health checks cannot be disabled for target groups of target type 'ip' or 'instance'",
    );
  }
  const protocol = input.HealthCheckProtocol ?? before.protocol;
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') {
    throw elbErrors.validation(`Health check protocol '${protocol}' must be one of 'HTTP, HTTPS'`);
  }
  const check: TargetGroupHealthCheck = {
    enabled: true,
    protocol,
    port: checkPort(input.HealthCheckPort ?? before.port),
    path: checkPath(input.HealthCheckPath ?? before.path ?? '/'),
    intervalSeconds: checkRange(
      input.HealthCheckIntervalSeconds ?? before.intervalSeconds,
      'healthCheckIntervalSeconds',
      5,
      300,
    ),
    timeoutSeconds: checkRange(
      input.HealthCheckTimeoutSeconds ?? before.timeoutSeconds,
      'healthCheckTimeoutSeconds',
      2,
      120,
    ),
    healthyThreshold: checkRange(
      input.HealthyThresholdCount ?? before.healthyThreshold,
      'healthyThresholdCount',
      2,
      10,
    ),
    unhealthyThreshold: checkRange(
      input.UnhealthyThresholdCount ?? before.unhealthyThreshold,
      'unhealthyThresholdCount',
      2,
      10,
    ),
    matcher: checkMatcher(input.Matcher, before.matcher ?? '200'),
  };
  if (check.timeoutSeconds >= check.intervalSeconds) {
    throw elbErrors.validation('Health check interval must be greater than the timeout.');
  }
  return check;
}

function checkPort(port: string): string {
  if (port === 'traffic-port') return port;
  if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535) return port;
  throw elbErrors.validation(`Health check port '${port}' must be either 'traffic-port' or a port between 1 and 65535`);
}

function checkPath(path: string): string {
  if (!path.startsWith('/')) throw elbErrors.validation(`Health check path '${path}' must begin with a '/' character`);
  if (path.length > 1024) throw elbErrors.validation('Health check path cannot be longer than 1024 characters');
  if (!/^[\x21-\x7e]+$/.test(path)) {
    throw elbErrors.validation(`Health check path '${path}' can only contain printable ASCII characters and no spaces`);
  }
  return path;
}

/** Codes and ranges within 200–499. */
function checkMatcher(
  matcher: { readonly HttpCode?: string | undefined; readonly GrpcCode?: string | undefined } | undefined,
  before: string,
): string {
  if (matcher?.GrpcCode !== undefined) throw notSupported('A matcher of gRPC codes');
  const codes = matcher?.HttpCode ?? before;
  const parts = codes.split(',').map((part) => /^(\d{3})(?:-(\d{3}))?$/.exec(part.trim()));
  const fit = parts.every((part) => {
    const [low, high] = [Number(part?.[1]), Number(part?.[2] ?? part?.[1])];
    return part !== null && low >= 200 && high <= 499 && low <= high;
  });
  if (!fit) {
    throw elbErrors.validation(
      `Health check matcher HTTP code '${codes}' must be codes or ranges of codes between 200 and 499`,
    );
  }
  return codes;
}
