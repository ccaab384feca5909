import type { TaskOverride } from '@aws-sdk/client-ecs';
import type { Scoped, Tag } from '../tags.ts';
import type { InstanceResources } from './container-instance.ts';
import type { PlacementRequest } from './needs.ts';
import type { PlacementDecision } from './placement.ts';

/** The life of a task in order; it only moves forward ("Amazon ECS task lifecycle", ECS Developer Guide). */
export const taskStatuses = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** Whether a task in `status` has gone at least as far as `mark`. */
export function reached(status: TaskStatus, mark: TaskStatus): boolean {
  return taskStatuses.indexOf(status) >= taskStatuses.indexOf(mark);
}

export type TaskStopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'
  | 'TerminationNotice';

/** awsvpc configuration as given to RunTask or CreateService, with the defaults filled in. */
export interface AwsvpcConfiguration {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: 'ENABLED' | 'DISABLED';
}

/** A load balancer entry of a service: which container port is registered in which target group. */
export interface ServiceLoadBalancer {
  readonly targetGroupArn?: string;
  readonly loadBalancerName?: string;
  readonly containerName?: string;
  readonly containerPort?: number;
  /** By what deployments shift traffic to and fro; of services only, their tasks have the one target group that they are in. */
  readonly advancedConfiguration?: {
    readonly alternateTargetGroupArn: string;
    readonly productionListenerRule: string;
    readonly testListenerRule?: string;
    readonly roleArn?: string;
  };
}

/** One host port of a container (bridge and host mode); awsvpc tasks have none. */
export interface NetworkBinding {
  readonly bindIP?: string;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly protocol?: 'tcp' | 'udp';
  readonly containerPortRange?: string;
  readonly hostPortRange?: string;
}

/** An agent that ECS runs beside a container's programs; that of ECS Exec is the only one ("ManagedAgent", ECS API Reference). */
export interface ManagedAgent {
  readonly name: 'ExecuteCommandAgent';
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly reason?: string;
  /** Epoch milliseconds. */
  readonly lastStartedAt?: number;
}

/** A container of a task: the definition's part is written at creation, the rest is what its machine reports. */
export interface TaskContainer {
  readonly arn: string;
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly cpu?: string;
  readonly memory?: string;
  readonly memoryReservation?: string;
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly runtimeId?: string;
  /** The digest that its deployment's tag was resolved to: what it runs whatever the tag means now. */
  readonly pinnedDigest?: string;
  readonly imageDigest?: string;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly healthStatus?: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  readonly networkBindings: readonly NetworkBinding[];
  /** Where commands may be executed; written by the fleet after creation. */
  readonly managedAgents?: readonly ManagedAgent[];
}

/** The task's elastic network interface, allocated by the task loop (a row of `ec2.network-interfaces` has the rest). */
export interface TaskNetworkInterface {
  /** The attachment's id, a UUID. */
  readonly attachmentId: string;
  readonly networkInterfaceId: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly macAddress: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly privateDnsName: string;
  /** ATTACHING until its machine says that it is there; DELETED with the task. */
  readonly status: 'ATTACHING' | 'ATTACHED' | 'DETACHED' | 'DELETED';
}

/** Whether a task waits for an instance of its capacity provider: it is placed nowhere yet. */
export function isWaiting(task: Task): boolean {
  return (
    task.lastStatus === 'PROVISIONING' &&
    task.desiredStatus === 'RUNNING' &&
    task.launchType !== 'FARGATE' &&
    task.containerInstanceArn === undefined
  );
}

/** Whether a task that is over still has its interface: its machine was cut off, and may go on with it. */
export function holdsInterface({ lastStatus, networkInterface }: Task): boolean {
  return lastStatus === 'STOPPED' && networkInterface !== undefined && networkInterface.status !== 'DELETED';
}

/** What the service loop has to remember about a task of its service. */
export interface TaskScheduling {
  /** When the task was first seen RUNNING and in good health: from then on its end is no failure to start. */
  readonly healthyAt?: number;
  /** Its targets' registration was told in the service's events. */
  readonly registered?: true;
  /** Its end was taken into account (failures, events). */
  readonly ended?: true;
}

/**
 * An ECS task. One writer for each part: RunTask, StartTask and the service loop create the row and may set
 * `desiredStatus` to STOPPED with `stop`; the fleet writes `reported`, the containers, their times and `healthStatus`; the
 * service loop keeps its own notes in `scheduling`; the loop of capacity providers places those that wait for an instance; the task
 * loop writes everything else.
 */
export interface Task extends Scoped {
  readonly arn: string;
  /** The last part of the ARN: 32 hexadecimal digits. */
  readonly id: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly family: string;
  /** `family:<family>` or `service:<name>` unless given. */
  readonly group: string;
  /** What started it: the caller's text, or `ecs-svc/<deployment id>`. */
  readonly startedBy?: string;
  readonly launchType: 'FARGATE' | 'EC2' | 'EXTERNAL';
  readonly capacityProviderName?: string;
  readonly platformVersion?: string;
  readonly platformFamily?: string;
  /** Task-level CPU units and MiB, as text, after overrides. */
  readonly cpu?: string;
  readonly memory?: string;
  readonly ephemeralStorageGiB?: number;
  /** As the definition names it; absent: the machine's. */
  readonly cpuArchitecture?: 'X86_64' | 'ARM64';
  readonly overrides: TaskOverride;
  readonly enableExecuteCommand: boolean;
  readonly tags: readonly Tag[];
  /** The service and the deployment of it that wanted this task; absent for tasks run by hand. */
  readonly serviceArn?: string;
  readonly deploymentId?: string;
  readonly networkConfiguration?: AwsvpcConfiguration;
  /** The id of the attachment that its network interface will have, from the task's first moment; awsvpc only. */
  readonly attachmentId?: string;
  /** Where the task is to be registered once its containers run; empty for tasks run by hand. */
  readonly loadBalancers: readonly ServiceLoadBalancer[];

  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  /** Why the task is to stop; the first reason wins. */
  readonly stop?: { readonly code: TaskStopCode; readonly reason: string };

  readonly lastStatus: TaskStatus;
  /** When it came to each state that it has been in. */
  readonly statusAt?: Readonly<Partial<Record<TaskStatus, number>>>;
  /** The machine that runs it, a key of `fleet.machines`; absent until placed. */
  readonly machineId?: string;
  /** The container instance that it is placed on, from its first moment; absent on Fargate. */
  readonly containerInstanceArn?: string;
  /** How a task that waits for an instance is to be placed, beyond what its definition says. */
  readonly placementRequest?: Pick<PlacementRequest, 'placementConstraints' | 'placementStrategy'>;
  /** How that was chosen; absent on Fargate, and where StartTask named it. */
  readonly placement?: PlacementDecision;
  /** What is set aside for it there; `ports` are those of its choice. */
  readonly reservation?: InstanceResources;
  readonly availabilityZone?: string;
  readonly networkInterface?: TaskNetworkInterface;
  readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  readonly connectivity?: 'CONNECTED' | 'DISCONNECTED';
  readonly connectivityAt?: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly stoppingAt?: number;
  readonly stoppedAt?: number;
  /** Counts up with every change of state, as the `version` of DescribeTasks does. */
  readonly version: number;

  /** Until when the service scheduler may not stop it to scale in or deploy; written by UpdateTaskProtection. */
  readonly protectedUntil?: number;

  readonly scheduling?: TaskScheduling;

  /** What the machine says: only RUNNING and STOPPED exist in the agent protocol. */
  readonly reported: {
    readonly status?: 'PENDING' | 'RUNNING' | 'STOPPED';
    /** It said RUNNING once: what came to its end at once has run all the same. */
    readonly ran?: true;
    /** The agent's own word on why it stopped; usually empty. */
    readonly reason?: string;
    readonly pullStartedAt?: number;
    readonly pullStoppedAt?: number;
    readonly executionStoppedAt?: number;
  };
  readonly containers: readonly TaskContainer[];
}

/** Whether a task that is to run is protected from scaling in and deployments now. */
export function isProtected({ desiredStatus, protectedUntil }: Task, now: number): boolean {
  return desiredStatus === 'RUNNING' && protectedUntil !== undefined && now < protectedUntil;
}
