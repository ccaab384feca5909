/** How an attribute's value is judged: `undefined` when it may stand, otherwise what would. */
export type Judge = (value: string) => string | undefined;

/** An attribute of a load balancer, target group or listener. */
export interface AttributeRule {
  readonly key: string;
  readonly byDefault: string;
  readonly judge: Judge;
}

/** One of some values. */
export const oneOf =
  (...allowed: readonly string[]): Judge =>
  (value) =>
    allowed.includes(value) ? undefined : allowed.map((each) => `'${each}'`).join(', ');
/** `true` or `false`. */
export const boolean = oneOf('true', 'false');
/** A whole number within a range. */
export const wholeNumber =
  (min: number, max: number): Judge =>
  (value) =>
    /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max ? undefined : `${min} to ${max}`;
/** `off`, or what else may stand. */
export const offOr =
  (judge: Judge): Judge =>
  (value) =>
    value === 'off' ? undefined : judge(value);
/** AWS has more here; what cannot be done is refused, and never taken silently. */
export const only = (value: string): Judge => oneOf(value);
const zeroOr =
  (judge: Judge): Judge =>
  (value) => {
    const valid = value === '0' ? undefined : judge(value);
    return valid === undefined ? undefined : `0, or ${valid}`;
  };
/** "Application-based stickiness" (ELB): a token of RFC 6265, and none of the load balancer's own names. */
const cookieName: Judge = (value) =>
  /^[\w!#$%&'*+.^`|~-]*$/.test(value) && !/^AWSALB(?:APP|TG)?(?:-|$)/.test(value)
    ? undefined
    : "the name of a cookie, and none of 'AWSALB', 'AWSALBAPP' and 'AWSALBTG'";
/** The name of a bucket, or none. */
export const bucketName: Judge = (value) =>
  value === '' || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) ? undefined : 'the name of a bucket';
/** What logs' keys begin with: "The prefix that you specify must not include the string `AWSLogs`." */
export const logPrefix: Judge = (value) =>
  !value.includes('AWSLogs') && /^(?:[\w!.*'()-]+(?:\/[\w!.*'()-]+)*)?$/.test(value)
    ? undefined
    : "a prefix without 'AWSLogs' and without a slash at either end";
const headerValue: Judge = (value) => (/\p{Cc}/u.test(value) ? 'a header value' : undefined);

/** An attribute by key, default and judge. */
export const rule = (key: string, byDefault: string, judge: Judge): AttributeRule => ({ key, byDefault, judge });

/**
 * The attributes of an application load balancer, in the order in which DescribeLoadBalancerAttributes lists them, with AWS's defaults
 * ("LoadBalancerAttribute", ELB API Reference). Logs of health checks need a writer of their own, mitigation modes other than the strict ones a laxer proxy, zonal shift
 * zones, WAF a firewall: of those only the default stands.
 */
export const loadBalancerAttributes: readonly AttributeRule[] = [
  rule('access_logs.s3.enabled', 'false', boolean),
  rule('access_logs.s3.bucket', '', bucketName),
  rule('access_logs.s3.prefix', '', logPrefix),
  rule('idle_timeout.timeout_seconds', '60', wholeNumber(1, 4000)),
  rule('deletion_protection.enabled', 'false', boolean),
  rule('routing.http2.enabled', 'true', boolean),
  rule('routing.http.drop_invalid_header_fields.enabled', 'false', boolean),
  rule('routing.http.xff_client_port.enabled', 'false', boolean),
  rule('routing.http.preserve_host_header.enabled', 'false', boolean),
  rule('routing.http.xff_header_processing.mode', 'append', oneOf('append', 'preserve', 'remove')),
  rule('load_balancing.cross_zone.enabled', 'true', only('true')),
  rule('routing.http.desync_mitigation_mode', 'defensive', oneOf('defensive', 'strictest')),
  rule('client_keep_alive.seconds', '3600', wholeNumber(60, 604_800)),
  rule('waf.fail_open.enabled', 'false', only('false')),
  rule('routing.http.x_amzn_tls_version_and_cipher_suite.enabled', 'false', boolean),
  rule('zonal_shift.config.enabled', 'false', only('false')),
  rule('connection_logs.s3.enabled', 'false', boolean),
  rule('connection_logs.s3.bucket', '', bucketName),
  rule('connection_logs.s3.prefix', '', logPrefix),
  rule('health_check_logs.s3.enabled', 'false', only('false')),
  rule('health_check_logs.s3.bucket', '', only('')),
  rule('health_check_logs.s3.prefix', '', only('')),
  rule('ipv6.deny_all_igw_traffic', 'false', only('false')),
];

/** How many targets must be healthy, of a group of any kind of load balancer ("Target group health", ELB). */
export const targetGroupHealthAttributes: readonly AttributeRule[] = [
  rule('target_group_health.dns_failover.minimum_healthy_targets.count', '1', oneOf('1', 'off')),
  rule('target_group_health.dns_failover.minimum_healthy_targets.percentage', 'off', only('off')),
  rule('target_group_health.unhealthy_state_routing.minimum_healthy_targets.count', '1', wholeNumber(1, 1000)),
  rule(
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage',
    'off',
    offOr(wholeNumber(1, 100)),
  ),
];

/** The attributes of a target group of an application load balancer ("TargetGroupAttribute", ELB API Reference). */
export const targetGroupAttributes: readonly AttributeRule[] = [
  rule('stickiness.enabled', 'false', boolean),
  rule('deregistration_delay.timeout_seconds', '300', wholeNumber(0, 3600)),
  rule('stickiness.type', 'lb_cookie', oneOf('lb_cookie', 'app_cookie')),
  rule('stickiness.lb_cookie.duration_seconds', '86400', wholeNumber(1, 604_800)),
  rule('stickiness.app_cookie.cookie_name', '', cookieName),
  rule('stickiness.app_cookie.duration_seconds', '86400', wholeNumber(1, 604_800)),
  rule('slow_start.duration_seconds', '0', zeroOr(wholeNumber(30, 900))),
  rule(
    'load_balancing.algorithm.type',
    'round_robin',
    oneOf('round_robin', 'least_outstanding_requests', 'weighted_random'),
  ),
  rule('load_balancing.algorithm.anomaly_mitigation', 'off', oneOf('on', 'off')),
  rule(
    'load_balancing.cross_zone.enabled',
    'use_load_balancer_configuration',
    oneOf('use_load_balancer_configuration', 'true'),
  ),
  ...targetGroupHealthAttributes,
];

/** The response headers that a listener can set, with `_` for `-` as in their attributes' keys ("HTTP header modification", ELB). */
const responseHeaders = [
  'strict_transport_security',
  'access_control_allow_origin',
  'access_control_allow_methods',
  'access_control_allow_headers',
  'access_control_allow_credentials',
  'access_control_expose_headers',
  'access_control_max_age',
  'content_security_policy',
  'x_content_type_options',
  'x_frame_options',
];

/** The attributes of an HTTP listener ("ListenerAttribute", ELB API Reference). */
export const listenerAttributes: readonly AttributeRule[] = [
  rule('routing.http.response.server.enabled', 'true', boolean),
  ...responseHeaders.map((name) => rule(`routing.http.response.${name}.header_value`, '', headerValue)),
];

/** Every attribute with its value: what was set, else the default. */
export function withDefaults(
  rules: readonly AttributeRule[],
  set: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(rules.map(({ key, byDefault }) => [key, set[key] ?? byDefault]));
}
