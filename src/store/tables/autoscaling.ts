import type {
  AutoScalingGroup,
  GroupInstance,
  LaunchConfiguration,
  LifecycleHook,
  ScalingActivity,
} from '../../model/autoscaling/group.ts';
import { scopeOf } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Auto Scaling groups, by ARN; their names are unique in an account and region. */
export const autoScalingGroups = table<AutoScalingGroup>()({
  name: 'autoscaling.groups',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    name: (row) => `${scopeOf(row)}/${row.name}`,
    targetGroup: (row) => row.targetGroupArns,
    launchConfiguration: (row) =>
      row.launch.kind === 'configuration' ? `${scopeOf(row)}/${row.launch.name}` : undefined,
  },
});

/** The instances of groups, by instance id. */
export const groupInstances = table<GroupInstance>()({
  name: 'autoscaling.instances',
  key: (row) => row.instanceId,
  indexes: { scope: scopeOf, group: (row) => row.groupArn },
});

/** Scaling activities, by id; kept for six weeks, longer than their groups. */
export const scalingActivities = table<ScalingActivity>()({
  name: 'autoscaling.activities',
  key: (row) => row.id,
  indexes: { scope: scopeOf, group: (row) => row.groupArn },
});

/** Lifecycle hooks, by group and name. */
export const lifecycleHooks = table<LifecycleHook>()({
  name: 'autoscaling.lifecycle-hooks',
  key: (row) => hookKey(row.groupArn, row.name),
  indexes: { group: (row) => row.groupArn },
});

/** The key of a lifecycle hook. */
export function hookKey(groupArn: string, name: string): string {
  return `${groupArn} ${name}`;
}

/** Launch configurations, by account, region and name. */
export const launchConfigurations = table<LaunchConfiguration>()({
  name: 'autoscaling.launch-configurations',
  key: (row) => `${scopeOf(row)}/${row.name}`,
  indexes: { scope: scopeOf },
});
