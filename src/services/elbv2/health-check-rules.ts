import type { CreateTargetGroupInput, ModifyTargetGroupInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetGroup, TargetGroupHealthCheck } from '../../model/elbv2/load-balancing.ts';
import { checkRange, elbErrors } from './errors.ts';

/** The health check of a new HTTP or HTTPS target group ("Health check settings", ELB User Guide). */
export function defaultHealthCheckOf(version: TargetGroup['protocolVersion']): TargetGroupHealthCheck {
  return {
    enabled: true,
    protocol: 'HTTP',
    port: 'traffic-port',
    path: version === 'GRPC' ? '/AWS.ALB/healthcheck' : '/',
    intervalSeconds: 30,
    timeoutSeconds: 5,
    healthyThreshold: 5,
    unhealthyThreshold: 2,
    // Of gRPC, 12 is UNIMPLEMENTED: what a server answers to a method that it does not have.
    matcher: version === 'GRPC' ? '12' : '200',
  };
}

/** The health check after what a request says of it, checked as a whole. */
export function changeHealthCheck(
  before: TargetGroupHealthCheck,
  input: Partial<CreateTargetGroupInput> | ModifyTargetGroupInput,
  version: TargetGroup['protocolVersion'],
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
    matcher: checkMatcher(input.Matcher, before.matcher ?? '200', version),
  };
  if (check.timeoutSeconds >= check.intervalSeconds) {
    throw elbErrors.validation('Health check interval must be greater than the timeout.');
  }
  return check;
}

/** The port of a health check. */
export function checkPort(port: string): string {
  if (port === 'traffic-port') return port;
  if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535) return port;
  throw elbErrors.validation(`Health check port '${port}' must be either 'traffic-port' or a port between 1 and 65535`);
}

/** The path of an HTTP health check. */
export function checkPath(path: string): string {
  if (!path.startsWith('/')) throw elbErrors.validation(`Health check path '${path}' must begin with a '/' character`);
  if (path.length > 1024) throw elbErrors.validation('Health check path cannot be longer than 1024 characters');
  if (!/^[\x21-\x7e]+$/.test(path)) {
    throw elbErrors.validation(`Health check path '${path}' can only contain printable ASCII characters and no spaces`);
  }
  return path;
}

/** Codes and ranges: of HTTP within 200–`mostHttp`, of gRPC within 0–99 ("Matcher", ELB API Reference). */
export function checkMatcher(
  matcher: { readonly HttpCode?: string | undefined; readonly GrpcCode?: string | undefined } | undefined,
  before: string,
  version: TargetGroup['protocolVersion'],
  mostHttp = 499,
): string {
  const isGrpc = version === 'GRPC';
  const [given, other, name] = isGrpc
    ? [matcher?.GrpcCode, matcher?.HttpCode, 'GRPC']
    : [matcher?.HttpCode, matcher?.GrpcCode, 'HTTP'];
  if (other !== undefined && other !== '') {
    throw elbErrors.validation(
      `A target group of this protocol version must have a health check matcher of ${name} codes`,
    );
  }
  const codes = given === undefined || given === '' ? before : given;
  const [least, most] = isGrpc ? [0, 99] : [200, mostHttp];
  const parts = codes.split(',').map((part) => /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim()));
  const fit = parts.every((part) => {
    const [low, high] = [Number(part?.[1]), Number(part?.[2] ?? part?.[1])];
    return part !== null && low >= least && high <= most && low <= high;
  });
  if (!fit) {
    throw elbErrors.validation(
      `Health check matcher ${name} code '${codes}' must be codes or ranges of codes between ${least} and ${most}`,
    );
  }
  return codes;
}
