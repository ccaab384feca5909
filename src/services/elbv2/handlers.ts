import type { ServiceDeps } from '../deps.ts';
import type { ElbHandlers } from './handler-types.ts';
import { limitHandlers } from './limits.ts';
import { listenerCertificateHandlers } from './listener-certificates.ts';
import { listenerHandlers } from './listeners.ts';
import { loadBalancerHandlers } from './load-balancers.ts';
import { ruleHandlers } from './rules.ts';
import { sslPolicyHandlers } from './ssl-policies.ts';
import { tagHandlers } from './tags.ts';
import { targetGroupHandlers } from './target-groups.ts';
import { targetHandlers } from './targets.ts';

/** Every operation of Elastic Load Balancing (version 2015-12-01) that is served. */
export function elbv2Handlers(deps: ServiceDeps) {
  return {
    ...loadBalancerHandlers(deps),
    ...targetGroupHandlers(deps),
    ...targetHandlers(deps),
    ...listenerHandlers(deps),
    ...listenerCertificateHandlers(deps),
    ...ruleHandlers(deps),
    ...tagHandlers(deps),
    ...limitHandlers(),
    ...sslPolicyHandlers(),
  } satisfies ElbHandlers;
}
