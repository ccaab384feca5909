import { targetGroupAttributes, withDefaults } from '../../model/elbv2/attributes.ts';
import { elbErrors } from './errors.ts';

/**
 * Checks what the attributes of an application load balancer's target group may not be together ("Edit target group attributes for
 * your Application Load Balancer", ELB User Guide).
 */
export function checkTogether(set: Readonly<Record<string, string>>): void {
  const attributes = withDefaults(targetGroupAttributes, set);
  const algorithm = attributes['load_balancing.algorithm.type'];
  if (attributes['slow_start.duration_seconds'] !== '0' && algorithm !== 'round_robin') {
    throw elbErrors.configuration(
      `Slow start mode cannot be enabled with the load balancing algorithm type '${algorithm}'`,
    );
  }
  if (attributes['load_balancing.algorithm.anomaly_mitigation'] === 'on' && algorithm !== 'weighted_random') {
    throw elbErrors.configuration(
      "Anomaly mitigation can be enabled only with the load balancing algorithm type 'weighted_random'",
    );
  }
  const isByApplication = attributes['stickiness.enabled'] === 'true' && attributes['stickiness.type'] === 'app_cookie';
  if (isByApplication && attributes['stickiness.app_cookie.cookie_name'] === '') {
    throw elbErrors.configuration(
      "You must specify an application cookie name when stickiness of type 'app_cookie' is enabled",
    );
  }
}
