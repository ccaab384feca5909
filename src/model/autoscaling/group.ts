import type { Scoped } from '../tags.ts';

/** What a group starts its instances from: a launch template at a version (`$Latest`, `$Default` or a number), or a launch configuration. */
export type LaunchSource =
  | { readonly kind: 'template'; readonly id: string; readonly name: string; readonly version: string }
  | { readonly kind: 'configuration'; readonly name: string };

/** What an instance of a group was started from: the version is the one that it had. */
export type LaunchOrigin =
  | { readonly kind: 'template'; readonly id: string; readonly name: string; readonly version: number }
  | { readonly kind: 'configuration'; readonly name: string };

/** The termination policies that choose among the instances of one zone ("Termination policies for Amazon EC2 Auto Scaling"). */
export const terminationPolicies = [
  'ClosestToNextInstanceHour',
  'Default',
  'NewestInstance',
  'OldestInstance',
  'OldestLaunchConfiguration',
  'OldestLaunchTemplate',
] as const;
export type TerminationPolicy = (typeof terminationPolicies)[number];

/** The processes that can be suspended ("Suspend and resume Amazon EC2 Auto Scaling processes"). */
export const scalingProcesses = [
  'Launch',
  'Terminate',
  'AddToLoadBalancer',
  'AlarmNotification',
  'AZRebalance',
  'HealthCheck',
  'InstanceRefresh',
  'ReplaceUnhealthy',
  'ScheduledActions',
] as const;
export type ScalingProcess = (typeof scalingProcesses)[number];

/** A tag of a group; `propagate`: its new instances get it as well. */
export interface GroupTag {
  readonly key: string;
  readonly value: string;
  readonly propagate: boolean;
}

/**
 * An Auto Scaling group. The API writes it, and the loop of ECS's capacity providers its `desiredCapacity`; the group's own loop takes
 * `change` away once it is done, keeps `launchFailure`, and deletes a group that is `deleting` with its last instance.
 */
export interface AutoScalingGroup extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly launch: LaunchSource;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly defaultCooldownSeconds: number;
  readonly zones: readonly string[];
  /** Where its instances stand, with the zone of each; the default subnets of the zones where none were named. */
  readonly subnets: readonly { readonly id: string; readonly zone: string }[];
  /** Whether the subnets were named, and not the zones. */
  readonly subnetsNamed: boolean;
  readonly targetGroupArns: readonly string[];
  readonly healthCheckType: 'EC2' | 'ELB';
  readonly healthCheckGracePeriodSeconds: number;
  readonly terminationPolicies: readonly TerminationPolicy[];
  readonly newInstancesProtected: boolean;
  readonly suspended: readonly { readonly process: ScalingProcess; readonly reason: string }[];
  readonly tags: readonly GroupTag[];
  readonly serviceLinkedRoleArn: string;
  readonly createdAt: number;
  /** Why the desired capacity was changed last, in the words of an activity's cause, until it is reached. */
  readonly change?: { readonly at: number; readonly text: string };
  /** Set by a deletion with ForceDelete: all instances go, then the group. */
  readonly deleting?: true;
  /** How often in a row an instance could not be launched, and when it is tried again. */
  readonly launchFailure?: { readonly count: number; readonly retryAt: number };
}

/** Whether a process of a group is suspended. */
export function isSuspended(group: Pick<AutoScalingGroup, 'suspended'>, process: ScalingProcess): boolean {
  return group.suspended.some((one) => one.process === process);
}

/** The states of an instance in a group ("Amazon EC2 Auto Scaling instance lifecycle"). */
export type LifecycleState =
  | 'Pending'
  | 'Pending:Wait'
  | 'Pending:Proceed'
  | 'InService'
  | 'EnteringStandby'
  | 'Standby'
  | 'Detaching'
  | 'Terminating'
  | 'Terminating:Wait'
  | 'Terminating:Proceed';

/** A lifecycle hook that an instance waits for; the API writes `deadline` and `result`. */
export interface LifecycleAction {
  readonly hook: string;
  readonly token: string;
  readonly heartbeatMs: number;
  /** What it comes to when nobody says anything until the deadline. */
  readonly defaultResult: LifecycleResult;
  readonly deadline: number;
  /** However many heartbeats are recorded, it ends then. */
  readonly lastDeadline: number;
  readonly result?: LifecycleResult;
}
export type LifecycleResult = 'CONTINUE' | 'ABANDON';

/**
 * An instance of a group. The API writes health, protection, what becomes of its lifecycle actions, and asks for a change by
 * `Terminating`, `Detaching`, `EnteringStandby` and `Pending`; the group's loop writes the states that were reached.
 */
export interface GroupInstance extends Scoped {
  readonly instanceId: string;
  readonly groupArn: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly instanceType: string;
  readonly state: LifecycleState;
  readonly healthStatus: 'Healthy' | 'Unhealthy';
  /** What said that it is not healthy. */
  readonly unhealthyBy?: 'EC2' | 'ELB' | 'user';
  readonly protectedFromScaleIn: boolean;
  /** Absent of one that was attached. */
  readonly origin?: LaunchOrigin;
  readonly launchedAt: number;
  /** When it came into service last. */
  readonly inServiceAt?: number;
  /** The activity that is under way with it. */
  readonly activityId?: string;
  readonly actions: readonly LifecycleAction[];
  /** The target groups that it was registered in by its group. */
  readonly registeredIn: readonly string[];
}

/** Whether an instance counts towards its group's capacity: not one that is leaving or stands by. */
export function counts({ state }: Pick<GroupInstance, 'state'>): boolean {
  return state === 'InService' || state.startsWith('Pending');
}

/** What a group did, or tries to ("Activity", Amazon EC2 Auto Scaling API Reference). */
export interface ScalingActivity extends Scoped {
  readonly id: string;
  readonly groupArn: string;
  readonly groupName: string;
  readonly description: string;
  readonly cause: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly status:
    | 'PreInService'
    | 'MidLifecycleAction'
    | 'WaitingForELBConnectionDraining'
    | 'InProgress'
    | 'Successful'
    | 'Failed'
    | 'Cancelled';
  readonly statusMessage?: string;
  readonly progress: number;
  readonly subnetId?: string;
  readonly zone?: string;
}

/** A lifecycle hook of a group ("Amazon EC2 Auto Scaling lifecycle hooks"). */
export interface LifecycleHook {
  readonly groupArn: string;
  readonly name: string;
  readonly transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
  readonly heartbeatTimeoutSeconds: number;
  readonly defaultResult: LifecycleResult;
}

/** The longest that an instance waits for a hook, in seconds: 48 hours, or a hundred heartbeats if that is less. */
export function globalTimeoutSeconds(heartbeatTimeoutSeconds: number): number {
  return Math.min(172_800, 100 * heartbeatTimeoutSeconds);
}

/** What instances are launched from, of the older kind ("LaunchConfiguration", Amazon EC2 Auto Scaling API Reference). */
export interface LaunchConfiguration extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly keyName?: string;
  readonly securityGroups: readonly string[];
  /** Base64. */
  readonly userData?: string;
  /** A name or an ARN, as it was given. */
  readonly instanceProfile?: string;
  readonly associatePublicIp?: boolean;
  readonly monitoring: boolean;
  readonly ebsOptimized: boolean;
  readonly metadataOptions?: {
    readonly httpTokens?: 'optional' | 'required';
    readonly httpEndpoint?: 'enabled' | 'disabled';
    readonly httpPutResponseHopLimit?: number;
  };
  readonly createdAt: number;
}
