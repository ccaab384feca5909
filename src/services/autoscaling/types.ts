import { scalingProcesses, terminationPolicies } from '../../model/autoscaling/group.ts';
import { scopeOf } from '../../model/tags.ts';
import { autoScalingGroups, launchConfigurations } from '../../store/tables/autoscaling.ts';
import type { ServiceDeps } from '../deps.ts';
import type { AutoScalingHandlers } from './handler-types.ts';

/** What there is to choose from, and how much of it an account may have ("Quotas for Auto Scaling resources and groups"). */
export function typeHandlers({ store }: ServiceDeps) {
  return {
    DescribeScalingProcessTypes: () => ({ Processes: scalingProcesses.map((ProcessName) => ({ ProcessName })) }),
    DescribeTerminationPolicyTypes: () => ({ TerminationPolicyTypes: [...terminationPolicies] }),
    DescribeAdjustmentTypes: () => ({
      AdjustmentTypes: ['ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity'].map((AdjustmentType) => ({
        AdjustmentType,
      })),
    }),
    DescribeLifecycleHookTypes: () => ({
      LifecycleHookTypes: ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'],
    }),
    DescribeAccountLimits: (_input, ctx) => ({
      MaxNumberOfAutoScalingGroups: 500,
      MaxNumberOfLaunchConfigurations: 200,
      NumberOfAutoScalingGroups: store.countBy(autoScalingGroups, 'scope', scopeOf(ctx)),
      NumberOfLaunchConfigurations: store.countBy(launchConfigurations, 'scope', scopeOf(ctx)),
    }),
  } satisfies AutoScalingHandlers;
}
