import {
  listenerAttributes,
  loadBalancerAttributes,
  targetGroupAttributes,
  withDefaults,
  type AttributeRule,
} from './attributes.ts';
import { classicAttributes } from './classic.ts';
import type { Listener, LoadBalancer, TargetGroup } from './load-balancing.ts';
import {
  networkListenerAttributes,
  networkLoadBalancerAttributes,
  networkTargetGroupAttributes,
} from './network-attributes.ts';

/** The attributes that a load balancer has by its type. */
export function attributesOfBalancer({ type }: Pick<LoadBalancer, 'type'>): readonly AttributeRule[] {
  return { application: loadBalancerAttributes, network: networkLoadBalancerAttributes, classic: classicAttributes }[
    type
  ];
}

/** The attributes that a target group has by its protocol: it tells which type of load balancer the group is for. */
export function attributesOfGroup(group: Pick<TargetGroup, 'protocol' | 'targetType'>): readonly AttributeRule[] {
  return isForApplications(group) ? targetGroupAttributes : networkTargetGroupAttributes(group);
}

/** The attributes that a listener has by its protocol. */
export function attributesOfListener(listener: Pick<Listener, 'protocol'>): readonly AttributeRule[] {
  return isForApplications(listener) ? listenerAttributes : networkListenerAttributes(listener);
}

/** Whether a listener or target group is of application load balancers. */
export function isForApplications({ protocol }: Pick<Listener, 'protocol'>): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS';
}

/** "Cross-zone load balancing" (ELB): whether each address of a load balancer sends to the targets of its own zone alone. */
export function isZonal(loadBalancer: LoadBalancer, group: TargetGroup): boolean {
  const key = 'load_balancing.cross_zone.enabled';
  const own = withDefaults(attributesOfGroup(group), group.attributes)[key];
  const crossing =
    own === 'use_load_balancer_configuration'
      ? withDefaults(attributesOfBalancer(loadBalancer), loadBalancer.attributes)[key]
      : own;
  return loadBalancer.type !== 'application' && crossing === 'false';
}

/** "Client IP preservation" (ELB): whether targets see the address of the client, and not the load balancer's. */
export function preservesClients(group: TargetGroup | undefined): boolean {
  if (group === undefined || isForApplications(group)) return false;
  return withDefaults(attributesOfGroup(group), group.attributes)['preserve_client_ip.enabled'] === 'true';
}
