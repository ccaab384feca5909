import {
  boolean,
  bucketName,
  logPrefix,
  oneOf,
  only,
  rule,
  targetGroupHealthAttributes,
  wholeNumber,
  type AttributeRule,
} from './attributes.ts';
import type { Listener, TargetGroup } from './load-balancing.ts';

/**
 * The attributes of a network load balancer, with AWS's defaults ("LoadBalancerAttribute", ELB API Reference). Zonal
 * affinity needs the zones of clients, secondary addresses a shortage of ports: of those only the default stands.
 */
export const networkLoadBalancerAttributes: readonly AttributeRule[] = [
  rule('access_logs.s3.enabled', 'false', boolean),
  rule('access_logs.s3.bucket', '', bucketName),
  rule('access_logs.s3.prefix', '', logPrefix),
  rule('ipv6.deny_all_igw_traffic', 'false', only('false')),
  rule('deletion_protection.enabled', 'false', boolean),
  rule('load_balancing.cross_zone.enabled', 'false', boolean),
  rule('dns_record.client_routing_policy', 'any_availability_zone', only('any_availability_zone')),
  rule('zonal_shift.config.enabled', 'false', only('false')),
  rule('secondary_ips.auto_assigned.per_subnet', '0', only('0')),
];

/** Whether packets of a target group's flows reach it one by one, without a connection of the balancer's own. */
export function isDatagram(protocol: TargetGroup['protocol']): boolean {
  return protocol === 'UDP' || protocol === 'TCP_UDP';
}

/**
 * The attributes of a target group of a network load balancer ("TargetGroupAttribute", ELB API Reference), which depend on what it
 * consists of. An unhealthy target has no draining interval.
 */
export function networkTargetGroupAttributes({
  protocol,
  targetType,
}: Pick<TargetGroup, 'protocol' | 'targetType'>): readonly AttributeRule[] {
  const datagram = isDatagram(protocol);
  const preserved = targetType === 'instance' || targetType === 'alb' || datagram;
  const always = datagram || targetType === 'alb';
  return [
    rule('proxy_protocol_v2.enabled', 'false', always ? only('false') : boolean),
    rule('preserve_client_ip.enabled', String(preserved), always ? only('true') : boolean),
    rule('stickiness.enabled', 'false', protocol === 'TLS' ? only('false') : boolean),
    rule('deregistration_delay.timeout_seconds', '300', wholeNumber(0, 3600)),
    rule('stickiness.type', 'source_ip', only('source_ip')),
    rule('deregistration_delay.connection_termination.enabled', String(datagram), boolean),
    rule(
      'load_balancing.cross_zone.enabled',
      'use_load_balancer_configuration',
      oneOf('use_load_balancer_configuration', 'true', 'false'),
    ),
    ...targetGroupHealthAttributes,
    rule(
      'target_health_state.unhealthy.connection_termination.enabled',
      String(!datagram),
      datagram ? only('false') : boolean,
    ),
    rule('target_health_state.unhealthy.draining_interval_seconds', '0', only('0')),
  ];
}

/** The attributes of a network load balancer's listener ("ListenerAttribute", ELB API Reference): TLS has a fixed idle timeout. */
export function networkListenerAttributes({ protocol }: Pick<Listener, 'protocol'>): readonly AttributeRule[] {
  const idle = protocol === 'TCP' || protocol === 'TCP_UDP' ? wholeNumber(60, 6000) : only('350');
  return [rule('tcp.idle_timeout.seconds', '350', idle)];
}
