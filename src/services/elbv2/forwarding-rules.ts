import { AwsError } from '../../base/errors.ts';
import type { LoadBalancer } from '../../model/elbv2/load-balancing.ts';
import type { Reader } from '../../store/store.ts';
import { listeners, rules, targetGroups, targetGroupsOf } from '../../store/tables/elbv2.ts';
import { elbErrors } from './errors.ts';
import { limits } from './limits.ts';

/**
 * Checks everything that the listeners of a load balancer forward to, as it stands within the transaction: how many target
 * groups there are, and that their protocol versions go with the listeners ("Protocol version", ELB User Guide: clients speak HTTP/2 over
 * HTTPS only).
 */
export function checkForwarding(reader: Reader, loadBalancer: LoadBalancer): void {
  const named = new Set<string>();
  for (const listener of reader.by(listeners, 'loadBalancer', loadBalancer.arn)) {
    const groups = reader.by(rules, 'listener', listener.arn).flatMap((rule) => targetGroupsOf(rule.actions));
    for (const arn of groups) {
      named.add(arn);
      const version = reader.get(targetGroups, arn)?.protocolVersion ?? 'HTTP1';
      if (listener.protocol === 'HTTP' && version !== 'HTTP1') {
        throw elbErrors.configuration(
          `Listener protocol 'HTTP' is not supported with a target group with the protocol-version '${version}'`,
        );
      }
    }
  }
  if (named.size > limits['target-groups-per-application-load-balancer']) {
    throw new AwsError(
      'TooManyUniqueTargetGroupsPerLoadBalancer',
      'The quota of target groups for this load balancer has been reached',
    );
  }
}
