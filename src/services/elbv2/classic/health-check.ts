import type { HealthCheck } from '@aws-sdk/client-elastic-load-balancing';
import type { TargetGroup, TargetGroupHealthCheck } from '../../../model/elbv2/load-balancing.ts';
import { targetGroups } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { findClassic, groupOf } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';

/** "Configure health checks for your Classic Load Balancer" (ELB User Guide). */
export function healthCheckHandlers({ store }: ServiceDeps) {
  return {
    ConfigureHealthCheck(input, ctx) {
      const healthCheck = readHealthCheck(input.HealthCheck);
      return store.transact((tx) => {
        const group: TargetGroup = { ...groupOf(tx, findClassic(tx, ctx, input.LoadBalancerName)), healthCheck };
        tx.put(targetGroups, group);
        return { HealthCheck: describeHealthCheck(group.healthCheck) };
      });
    },
  } satisfies ClassicHandlers;
}

/** What a new load balancer checks: that the instance accepts connections on the port of its first listener. */
export function defaultHealthCheck(instancePort: number): TargetGroupHealthCheck {
  return {
    enabled: true,
    protocol: 'TCP',
    port: String(instancePort),
    intervalSeconds: 30,
    timeoutSeconds: 5,
    healthyThreshold: 10,
    unhealthyThreshold: 2,
  };
}

/** A health check as the API has it. */
export function describeHealthCheck(check: TargetGroupHealthCheck): HealthCheck {
  return {
    Target: `${check.protocol === 'TLS' ? 'SSL' : check.protocol}:${check.port}${check.path ?? ''}`,
    Interval: check.intervalSeconds,
    Timeout: check.timeoutSeconds,
    UnhealthyThreshold: check.unhealthyThreshold,
    HealthyThreshold: check.healthyThreshold,
  };
}

/** The target, by its kind; AWS's words for what it is not. */
function readTarget(target: string): Pick<TargetGroupHealthCheck, 'protocol' | 'port' | 'path' | 'matcher'> {
  const [, said = '', rest = ''] = /^([A-Za-z]+):(.*)$/.exec(target) ?? [];
  const protocol = protocols[said.toUpperCase()];
  if (protocol === undefined) {
    throw elbErrors.validation('HealthCheck Target must begin with one of HTTP, TCP, HTTPS, SSL');
  }
  const [, port = '', path = ''] = /^(\d{1,5})(\/[\x21-\x7e]*)?$/.exec(rest) ?? [];
  const isHttp = protocol === 'HTTP' || protocol === 'HTTPS';
  if (port === '' || isHttp !== (path !== '')) {
    throw elbErrors.validation(
      isHttp
        ? `HealthCheck ${protocol} Target must specify a port followed by a path that begins with a slash. e.g. HTTP:80/ping/this/path`
        : `HealthCheck ${said.toUpperCase()} Target must specify a port and nothing else. e.g. TCP:80`,
    );
  }
  if (Number(port) < 1 || Number(port) > 65_535) {
    throw elbErrors.validation('HealthCheck Target port must be between 1 and 65535');
  }
  // "The path length must be 1024 16-bit Unicode characters or less" ("HealthCheck").
  if (path.length > 1024) throw elbErrors.validation('HealthCheck Target path must be at most 1024 characters long');
  return { protocol, port: String(Number(port)), ...(isHttp ? { path, matcher: '200' } : {}) };
}

const protocols: Readonly<Record<string, TargetGroupHealthCheck['protocol']>> = {
  HTTP: 'HTTP',
  HTTPS: 'HTTPS',
  TCP: 'TCP',
  SSL: 'TLS',
};

function readHealthCheck(input: HealthCheck | undefined): TargetGroupHealthCheck {
  const { Target = '', Interval = 0, Timeout = 0, UnhealthyThreshold = 0, HealthyThreshold = 0 } = input ?? {};
  const target = readTarget(Target);
  const range = (name: string, value: number, min: number, max: number): number => {
    if (value >= min && value <= max) return value;
    throw elbErrors.validation(`HealthCheck ${name} must be between ${min} and ${max}`);
  };
  range('Interval', Interval, 5, 300);
  range('Timeout', Timeout, 2, 60);
  if (Timeout >= Interval) throw elbErrors.validation('HealthCheck timeout must be less than interval');
  return {
    enabled: true,
    ...target,
    intervalSeconds: Interval,
    timeoutSeconds: Timeout,
    healthyThreshold: range('HealthyThreshold', HealthyThreshold, 2, 10),
    unhealthyThreshold: range('UnhealthyThreshold', UnhealthyThreshold, 2, 10),
  };
}
