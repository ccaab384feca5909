import type { ServiceDeps } from '../../deps.ts';
import { classicAttributeHandlers } from './attributes.ts';
import type { ClassicHandlers } from './handler-types.ts';
import { healthCheckHandlers } from './health-check.ts';
import { instanceHandlers } from './instances.ts';
import { classicListenerHandlers } from './listeners.ts';
import { classicBalancerHandlers } from './load-balancers.ts';
import { classicNetworkHandlers } from './network.ts';
import { policyHandlers } from './policies.ts';
import { classicTagHandlers } from './tags.ts';

/** Every operation of Elastic Load Balancing (version 2012-06-01: Classic Load Balancers) that is served. */
export function classicHandlers(deps: ServiceDeps) {
  return {
    ...classicBalancerHandlers(deps),
    ...classicListenerHandlers(deps),
    ...instanceHandlers(deps),
    ...healthCheckHandlers(deps),
    ...classicAttributeHandlers(deps),
    ...policyHandlers(deps),
    ...classicNetworkHandlers(deps),
    ...classicTagHandlers(deps),
  } satisfies ClassicHandlers;
}
