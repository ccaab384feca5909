import { arn } from '../../base/arn.ts';
import type { Scoped } from '../tags.ts';
import { boolean, bucketName, logPrefix, oneOf, only, rule, wholeNumber, type AttributeRule } from './attributes.ts';

/** What a Classic Load Balancer has beyond others (Elastic Load Balancing API Reference 2012-06-01). */
export interface ClassicSettings {
  /** The group of its instances, which nobody else names: all listeners forward to it, each to a port of its own. */
  readonly groupArn: string;
  readonly policies: readonly ClassicPolicy[];
  /** The names of the policies of instance ports. */
  readonly backendPolicies: Readonly<Record<string, readonly string[]>>;
}

/** The types of policies that are served ("DescribeLoadBalancerPolicyTypes"). */
export type ClassicPolicyType =
  | 'AppCookieStickinessPolicyType'
  | 'LBCookieStickinessPolicyType'
  | 'ProxyProtocolPolicyType'
  | 'SSLNegotiationPolicyType';

/** A policy, which acts where a listener or an instance port names it. */
export interface ClassicPolicy {
  readonly name: string;
  readonly type: ClassicPolicyType;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How a listener of a Classic Load Balancer goes on to instances; what AWS calls SSL is TLS here. */
export interface ClassicForward {
  readonly instanceProtocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  readonly instancePort: number;
  /** The names of its policies. */
  readonly policies: readonly string[];
}

/** The port under which an instance is a target: it is registered once, whatever the ports are that listeners go on to. */
export const classicPort = 1;

/** The ARN of a Classic Load Balancer, by its name alone. */
export function classicArn({ account, region }: Scoped, name: string): string {
  return arn('elasticloadbalancing', region, account, `loadbalancer/${name}`);
}

/** Why an instance is out of service that was in it. */
export const failedChecks =
  'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.';

/** The group of a Classic Load Balancer's instances. */
export function classicGroupArn(loadBalancerArn: string): string {
  return `${loadBalancerArn}/instances`;
}

/**
 * The attributes of a Classic Load Balancer by our keys, with the defaults of those that the API creates ("LoadBalancerAttributes",
 * Elastic Load Balancing API Reference 2012-06-01). A laxer mitigation mode needs a laxer proxy.
 */
export const classicAttributes: readonly AttributeRule[] = [
  rule('load_balancing.cross_zone.enabled', 'false', boolean),
  rule('access_logs.s3.enabled', 'false', boolean),
  rule('access_logs.s3.bucket', '', bucketName),
  rule('access_logs.s3.prefix', '', logPrefix),
  rule('access_logs.s3.emit_interval', '60', oneOf('5', '60')),
  rule('connection_draining.enabled', 'false', boolean),
  rule('connection_draining.timeout', '300', wholeNumber(1, 3600)),
  rule('idle_timeout.timeout_seconds', '60', wholeNumber(1, 4000)),
  rule('routing.http.desync_mitigation_mode', 'defensive', oneOf('defensive', 'strictest')),
  // HTTP/2 is spoken on neither side.
  rule('routing.http2.enabled', 'false', only('false')),
];

/**
 * The attributes of the group of instances, which are those of a group of TCP: connections are the load balancer's own, end with the
 * deregistration of their instance and with nothing else, and only healthy instances have them.
 */
export function classicGroupAttributes(drainingSeconds: number): Record<string, string> {
  return {
    'preserve_client_ip.enabled': 'false',
    'deregistration_delay.timeout_seconds': String(drainingSeconds),
    'deregistration_delay.connection_termination.enabled': 'true',
    'target_health_state.unhealthy.connection_termination.enabled': 'false',
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': '0',
  };
}
