import type {
  Activity,
  AutoScalingGroup as GroupOutput,
  AutoScalingInstanceDetails,
  Instance as InstanceOutput,
  LifecycleHook as HookOutput,
  TagDescription,
} from '@aws-sdk/client-auto-scaling';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import {
  globalTimeoutSeconds,
  type AutoScalingGroup,
  type GroupInstance,
  type GroupTag,
  type LaunchOrigin,
  type LifecycleHook,
  type ScalingActivity,
} from '../../model/autoscaling/group.ts';
import type { Reader } from '../../store/store.ts';
import { groupInstances } from '../../store/tables/autoscaling.ts';

/** A group as DescribeAutoScalingGroups shows it, with its instances or without. */
export function groupOutput(reader: Reader, row: AutoScalingGroup, withInstances: boolean): GroupOutput {
  return {
    AutoScalingGroupName: row.name,
    AutoScalingGroupARN: row.arn,
    ...(row.launch.kind === 'configuration'
      ? { LaunchConfigurationName: row.launch.name }
      : {
          LaunchTemplate: {
            LaunchTemplateId: row.launch.id,
            LaunchTemplateName: row.launch.name,
            Version: row.launch.version,
          },
        }),
    MinSize: row.minSize,
    MaxSize: row.maxSize,
    DesiredCapacity: row.desiredCapacity,
    DefaultCooldown: row.defaultCooldownSeconds,
    AvailabilityZones: [...row.zones],
    LoadBalancerNames: [],
    TargetGroupARNs: [...row.targetGroupArns],
    HealthCheckType: row.healthCheckType,
    HealthCheckGracePeriod: row.healthCheckGracePeriodSeconds,
    Instances: withInstances ? reader.by(groupInstances, 'group', row.arn).map(instanceOutput) : [],
    CreatedTime: dateOf(row.createdAt),
    SuspendedProcesses: row.suspended.map(({ process, reason }) => ({
      ProcessName: process,
      SuspensionReason: reason,
    })),
    VPCZoneIdentifier: row.subnetsNamed ? row.subnets.map(({ id }) => id).join(',') : '',
    EnabledMetrics: [],
    ...(row.deleting === true ? { Status: 'Delete in progress' } : {}),
    Tags: row.tags.map((tag) => tagOutput(row, tag)),
    TerminationPolicies: [...row.terminationPolicies],
    NewInstancesProtectedFromScaleIn: row.newInstancesProtected,
    ServiceLinkedRoleARN: row.serviceLinkedRoleArn,
    CapacityRebalance: false,
    TrafficSources: row.targetGroupArns.map((arn) => ({ Identifier: arn, Type: 'elbv2' })),
  };
}

function originOutput(origin: LaunchOrigin | undefined) {
  if (origin === undefined) return {};
  return origin.kind === 'configuration'
    ? { LaunchConfigurationName: origin.name }
    : {
        LaunchTemplate: {
          LaunchTemplateId: origin.id,
          LaunchTemplateName: origin.name,
          Version: String(origin.version),
        },
      };
}

function instanceOutput(row: GroupInstance): InstanceOutput {
  return {
    InstanceId: row.instanceId,
    InstanceType: row.instanceType,
    AvailabilityZone: row.zone,
    LifecycleState: row.state,
    HealthStatus: row.healthStatus,
    ...originOutput(row.origin),
    ProtectedFromScaleIn: row.protectedFromScaleIn,
  };
}

/** An instance as DescribeAutoScalingInstances shows it: its health in capitals. */
export function instanceDetails(row: GroupInstance, groupName: string): AutoScalingInstanceDetails {
  return {
    InstanceId: row.instanceId,
    InstanceType: row.instanceType,
    AutoScalingGroupName: groupName,
    AvailabilityZone: row.zone,
    LifecycleState: row.state,
    HealthStatus: row.healthStatus.toUpperCase(),
    ...originOutput(row.origin),
    ProtectedFromScaleIn: row.protectedFromScaleIn,
  };
}

/** A tag of a group. */
export function tagOutput({ name }: AutoScalingGroup, { key, value, propagate }: GroupTag): TagDescription {
  return {
    ResourceId: name,
    ResourceType: 'auto-scaling-group',
    Key: key,
    Value: value,
    PropagateAtLaunch: propagate,
  };
}

/** An activity; `gone` says that its group is. */
export function activityOutput(row: ScalingActivity, gone = false): Activity {
  return {
    ActivityId: row.id,
    AutoScalingGroupName: row.groupName,
    AutoScalingGroupARN: row.groupArn,
    ...(gone ? { AutoScalingGroupState: 'Deleted' } : {}),
    Description: row.description,
    Cause: row.cause,
    StartTime: dateOf(row.startedAt),
    ...(row.endedAt === undefined ? {} : { EndTime: dateOf(row.endedAt) }),
    StatusCode: row.status,
    ...given('StatusMessage', row.statusMessage),
    Progress: row.progress,
    Details: JSON.stringify({
      ...given('Subnet ID', row.subnetId),
      ...given('Availability Zone', row.zone),
    }),
  };
}

/** A lifecycle hook. */
export function hookOutput(groupName: string, row: LifecycleHook): HookOutput {
  return {
    LifecycleHookName: row.name,
    AutoScalingGroupName: groupName,
    LifecycleTransition: row.transition,
    HeartbeatTimeout: row.heartbeatTimeoutSeconds,
    GlobalTimeout: globalTimeoutSeconds(row.heartbeatTimeoutSeconds),
    DefaultResult: row.defaultResult,
  };
}
