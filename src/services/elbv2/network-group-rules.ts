import { withDefaults } from '../../model/elbv2/attributes.ts';
import { attributesOfGroup, preservesClients } from '../../model/elbv2/attributes-of.ts';
import type { TargetGroup } from '../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../store/store.ts';
import { elbErrors, notSupported } from './errors.ts';
import { checkListenersOf } from './network-listener-rules.ts';

/** The protocols of network load balancers' target groups that are served. */
export function isNetworkProtocol(protocol: string): protocol is 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP' {
  return protocol === 'TCP' || protocol === 'TLS' || protocol === 'UDP' || protocol === 'TCP_UDP';
}

/** Throws where a new target group's type does not go with its protocol. */
export function checkTargetType({ targetType, protocol }: Pick<TargetGroup, 'targetType' | 'protocol'>): void {
  if (targetType === 'alb' && protocol !== 'TCP') {
    throw elbErrors.validation(`Target group protocol '${protocol}' must be 'TCP' for target type 'alb'`);
  }
}

/** Throws where the attributes of a network load balancer's group cannot stand together here, or with its listeners. */
export function checkGroupAttributes(reader: Reader, group: TargetGroup): void {
  const attributes = withDefaults(attributesOfGroup(group), group.attributes);
  // The header is written by a connection of the balancer's own, which leaves from its own address.
  if (preservesClients(group) && attributes['proxy_protocol_v2.enabled'] === 'true') {
    throw notSupported('proxy_protocol_v2.enabled together with preserve_client_ip.enabled (set that to false): this');
  }
  checkListenersOf(reader, group);
}
