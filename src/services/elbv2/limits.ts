import type { ElbHandlers } from './handler-types.ts';
import { page } from './paging.ts';

/** The quotas that are held, by their names in DescribeAccountLimits ("Quotas for your Application Load Balancers"). */
export const limits = {
  'application-load-balancers': 50,
  'target-groups': 3000,
  'targets-per-application-load-balancer': 1000,
  'listeners-per-application-load-balancer': 50,
  'rules-per-application-load-balancer': 100,
  'target-groups-per-application-load-balancer': 100,
  'target-groups-per-action-on-application-load-balancer': 5,
  // Beside the default ones.
  'certificates-per-application-load-balancer': 25,
  'network-load-balancers': 50,
  'targets-per-network-load-balancer': 3000,
  'listeners-per-network-load-balancer': 50,
  'target-groups-per-action-on-network-load-balancer': 5,
  'certificates-per-network-load-balancer': 25,
  'condition-values-per-alb-rule': 5,
  'condition-wildcards-per-alb-rule': 5,
} as const;

/** Tags of one resource. */
export const mostTags = 50;

/** DescribeAccountLimits. */
export function limitHandlers() {
  return {
    DescribeAccountLimits(input) {
      const { items, next } = page(Object.entries(limits), ([name]) => name, input);
      return { Limits: items.map(([Name, max]) => ({ Name, Max: String(max) })), ...next };
    },
  } satisfies ElbHandlers;
}
