import type { LoadBalancerTargetGroupState } from '@aws-sdk/client-auto-scaling';
import type { AutoScalingGroup } from '../../model/autoscaling/group.ts';
import type { Reader } from '../../store/store.ts';
import { autoScalingGroups, groupInstances } from '../../store/tables/autoscaling.ts';
import { targets } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalid } from './errors.ts';
import { needGroup } from './find.ts';
import { readTargetGroups } from './group-rules.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { page } from './paging.ts';

/** The target groups that a group's instances are registered in. */
export function targetGroupHandlers({ store }: ServiceDeps) {
  return {
    AttachLoadBalancerTargetGroups(input, ctx) {
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const added = readTargetGroups(tx, ctx, input.TargetGroupARNs);
        tx.put(autoScalingGroups, { ...group, targetGroupArns: [...new Set([...group.targetGroupArns, ...added])] });
      });
      return {};
    },

    DetachLoadBalancerTargetGroups(input, ctx) {
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const removed = input.TargetGroupARNs ?? [];
        if (removed.some((arn) => !group.targetGroupArns.includes(arn))) {
          throw invalid('Trying to remove Target Groups that are not part of the group');
        }
        const targetGroupArns = group.targetGroupArns.filter((arn) => !removed.includes(arn));
        tx.put(autoScalingGroups, { ...group, targetGroupArns });
      });
      return {};
    },

    DescribeLoadBalancerTargetGroups(input, ctx) {
      const group = needGroup(store, ctx, input.AutoScalingGroupName);
      const members = store.by(groupInstances, 'group', group.arn);
      const leaving = members
        .flatMap(({ registeredIn }) => registeredIn)
        .filter((arn) => !group.targetGroupArns.includes(arn));
      const all = [...new Set([...group.targetGroupArns, ...leaving])].map((arn): LoadBalancerTargetGroupState => ({
        LoadBalancerTargetGroupARN: arn,
        State: stateOf(store, group, arn),
      }));
      const { items, next } = page(all, (one) => one.LoadBalancerTargetGroupARN ?? '', input);
      return { LoadBalancerTargetGroups: [...items], ...next };
    },
  } satisfies AutoScalingHandlers;
}

/** "LoadBalancerTargetGroupState": `Added` once all are registered, `InService` once one is healthy. */
function stateOf(reader: Reader, group: AutoScalingGroup, arn: string): string {
  if (!group.targetGroupArns.includes(arn)) return 'Removing';
  const members = reader.by(groupInstances, 'group', group.arn).filter(({ state }) => state === 'InService');
  const ids = new Set(members.map(({ instanceId }) => instanceId));
  const registered = reader.by(targets, 'targetGroup', arn).filter(({ id }) => ids.has(id));
  if (registered.some(({ health }) => health.state === 'healthy')) return 'InService';
  return members.every(({ registeredIn }) => registeredIn.includes(arn)) ? 'Added' : 'Adding';
}
