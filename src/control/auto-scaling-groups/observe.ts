import type { AutoScalingGroup, GroupInstance, LaunchOrigin, LifecycleHook } from '../../model/autoscaling/group.ts';
import type { InstanceStateName } from '../../model/ec2/instance.ts';
import type { Reader } from '../../store/store.ts';
import {
  autoScalingGroups,
  groupInstances,
  launchConfigurations,
  lifecycleHooks,
  scalingActivities,
} from '../../store/tables/autoscaling.ts';
import { instances, launchTemplates } from '../../store/tables/ec2.ts';
import { targetGroups, targetKey, targets } from '../../store/tables/elbv2.ts';

/** A target group of a group's instance, and what has become of the instance there. */
export interface ObservedTarget {
  readonly targetGroupArn: string;
  readonly port: number;
  readonly state: 'no-group' | 'absent' | 'registered' | 'draining';
  readonly unhealthy: boolean;
}

/** An instance of a group as it stands. */
export interface ObservedMember {
  readonly row: GroupInstance;
  /** The state of its EC2 instance; absent when that is gone. */
  readonly ec2?: InstanceStateName;
  /** Of the target groups that its group has, and of those that it was registered in. */
  readonly targets: readonly ObservedTarget[];
}

/** What the judgement of one group stands on. */
export interface ObservedGroup {
  readonly group: AutoScalingGroup;
  readonly hooks: readonly LifecycleHook[];
  readonly members: readonly ObservedMember[];
  /** When launch templates and configurations were made, by which the oldest is found. */
  readonly madeAt: (origin: LaunchOrigin) => number;
}

/** Reads what `planGroup` needs; `undefined` when the group is gone. */
export function observeGroup(store: Reader, arn: string): ObservedGroup | undefined {
  const group = store.get(autoScalingGroups, arn);
  if (group === undefined) return undefined;
  return {
    group,
    hooks: store.by(lifecycleHooks, 'group', arn),
    members: store.by(groupInstances, 'group', arn).map((row) => {
      const ec2 = store.get(instances, row.instanceId)?.state;
      const arns = [...new Set([...group.targetGroupArns, ...row.registeredIn])];
      return {
        row,
        ...(ec2 === undefined ? {} : { ec2 }),
        targets: arns.map((targetGroupArn) => observeTarget(store, targetGroupArn, row.instanceId)),
      };
    }),
    madeAt: (origin) =>
      (origin.kind === 'template'
        ? store.get(launchTemplates, origin.id)?.createdAt
        : store.get(launchConfigurations, `${group.account}/${group.region}/${origin.name}`)?.createdAt) ?? 0,
  };
}

function observeTarget(store: Reader, targetGroupArn: string, instanceId: string): ObservedTarget {
  const targetGroup = store.get(targetGroups, targetGroupArn);
  const port = targetGroup?.port ?? 0;
  const target = store.get(targets, targetKey(targetGroupArn, instanceId, port));
  return {
    targetGroupArn,
    port,
    state:
      targetGroup === undefined
        ? 'no-group'
        : target === undefined
          ? 'absent'
          : target.drainingSince === undefined
            ? 'registered'
            : 'draining',
    unhealthy: target?.health.state === 'unhealthy',
  };
}

/** How long an activity can be described ("DescribeScalingActivities", Amazon EC2 Auto Scaling API Reference), milliseconds. */
const activityLifeMs = 42 * 24 * 3_600_000;

/** The activities of a group, there or gone, that are too old to be described. */
export function oldActivities(store: Reader, groupArn: string, now: number): string[] {
  return store
    .by(scalingActivities, 'group', groupArn)
    .flatMap(({ id, endedAt }) => (endedAt !== undefined && endedAt + activityLifeMs <= now ? [id] : []));
}
