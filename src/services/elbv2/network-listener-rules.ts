import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { preservesClients } from '../../model/elbv2/attributes-of.ts';
import type { Listener, LoadBalancer, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { takesFrom } from '../../model/elbv2/network-protocols.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, rules, targetGroups, targetGroupsOf, targets } from '../../store/tables/elbv2.ts';
import { checkRange, elbErrors, notSupported } from './errors.ts';
import { readForwardGroup, readTuples, weighedTuples } from './forward-groups.ts';
import { limits } from './limits.ts';

/** The protocol of a listener, one that its load balancer has. */
export function checkListenerProtocol(
  { type }: Pick<LoadBalancer, 'type'>,
  protocol: string | undefined,
): Listener['protocol'] {
  if (protocol === undefined) throw elbErrors.validation('A listener protocol must be specified');
  if (type === 'network') {
    if (protocol === 'TCP' || protocol === 'TLS' || protocol === 'UDP' || protocol === 'TCP_UDP') return protocol;
    throw elbErrors.validation(`Listener protocol '${protocol}' must be one of 'UDP, TCP, TCP_UDP, TLS'`);
  }
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') {
    throw elbErrors.validation(`Listener protocol '${protocol}' must be one of 'HTTPS, HTTP'`);
  }
  return protocol;
}

/** The action of a network load balancer's listener, checked and with its defaults: it forwards. */
export function readNetworkActions(
  reader: Reader,
  loadBalancer: LoadBalancer,
  protocol: Listener['protocol'],
  actions: readonly Action[] | undefined,
): Action[] {
  const [action, ...more] = actions ?? [];
  if (action === undefined) throw elbErrors.validation('An action must be specified');
  if (more.length > 0 || action.Type !== 'forward') {
    throw new AwsError(
      'InvalidLoadBalancerAction',
      `A listener that uses the ${protocol} protocol must have exactly one action, of type 'forward'`,
    );
  }
  const { ForwardConfig, Order } = action;
  if (Order !== undefined) checkRange(Order, 'actions.order', 1, 50_000);
  const tuples = readTuples(action, limits['target-groups-per-action-on-network-load-balancer']);
  if (ForwardConfig?.TargetGroupStickinessConfig?.Enabled === true) {
    throw notSupported('Target group stickiness of a network load balancer');
  }
  const rows = tuples.map((tuple) =>
    readForwardGroup(reader, loadBalancer, tuple, (row) => checkForwarded(protocol, row)),
  );
  checkPreserving(protocol, rows);
  const groups = weighedTuples(tuples, rows);
  return [
    {
      Type: 'forward',
      ...given('TargetGroupArn', groups.length === 1 ? groups[0]?.TargetGroupArn : undefined),
      ...given('Order', Order),
      ForwardConfig: { TargetGroups: groups },
    },
  ];
}

/** Throws where a target group does not take what a listener passes on. */
function checkForwarded(protocol: Listener['protocol'], row: TargetGroup): void {
  const incompatible = (what: string): AwsError =>
    new AwsError('InvalidLoadBalancerAction', `Listener protocol '${protocol}' is not supported with ${what}`);
  if (!takesFrom(protocol, row.protocol)) {
    throw incompatible(`a target group with the protocol '${row.protocol}'`);
  }
  if (row.targetType === 'alb' && protocol !== 'TCP') {
    throw incompatible("a target group with the target-type 'ALB'");
  }
}

/**
 * Throws where some of what a listener forwards to keeps its clients' addresses and cannot here: the connection that goes on from where
 * TLS ends is the balancer's own, and a listener either passes everything on or nothing.
 */
function checkPreserving(protocol: Listener['protocol'], groups: readonly TargetGroup[]): void {
  const preserving = groups.filter(preservesClients);
  const [first] = preserving;
  if (first === undefined) return;
  if (protocol === 'TLS') {
    throw notSupported(
      `A TLS listener whose target group '${first.arn}' has preserve_client_ip.enabled (set it to false, and proxy_protocol_v2.enabled to true to tell targets the client's address): this`,
    );
  }
  if (preserving.length < groups.length) {
    throw notSupported('A listener whose target groups differ in preserve_client_ip.enabled');
  }
}

/** Checks everything that forwards to a group whose attributes changed, as it stands within the transaction. */
export function checkListenersOf(reader: Reader, group: TargetGroup): void {
  for (const rule of reader.by(rules, 'targetGroup', group.arn)) {
    const listener = reader.get(listeners, rule.listenerArn);
    const groups = targetGroupsOf(rule.actions).flatMap((arn) =>
      arn === group.arn ? [group] : (reader.get(targetGroups, arn) ?? []),
    );
    if (listener !== undefined) checkPreserving(listener.protocol, groups);
  }
}

/** Whether an application load balancer is a target of some group, which is then not to be deleted. */
export function isTarget(reader: Reader, loadBalancerArn: string): boolean {
  return reader.by(targets, 'id', loadBalancerArn).length > 0;
}
