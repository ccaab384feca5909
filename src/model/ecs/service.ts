import type {
  DeploymentConfiguration,
  ServiceRegistry,
  CapacityProviderStrategyItem,
  PlacementConstraint,
  PlacementStrategy,
} from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { Scoped, Tag } from '../tags.ts';
import type { Slot } from './lifecycle.ts';
import type { AwsvpcConfiguration, ServiceLoadBalancer } from './task.ts';

/** What a deployment runs: the part of a service that an update may change. */
export interface DeploymentSpec {
  readonly taskDefinitionArn: string;
  readonly launchType?: 'FARGATE' | 'EC2' | 'EXTERNAL';
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[];
  readonly platformVersion?: string;
  readonly platformFamily?: string;
  readonly networkConfiguration?: AwsvpcConfiguration;
  readonly loadBalancers: readonly ServiceLoadBalancer[];
}

/** The part of a deployment, or of a task set, that says what to run. */
export function specOf(deployment: DeploymentSpec): DeploymentSpec {
  return {
    taskDefinitionArn: deployment.taskDefinitionArn,
    ...given('launchType', deployment.launchType),
    ...given('capacityProviderStrategy', deployment.capacityProviderStrategy),
    ...given('platformVersion', deployment.platformVersion),
    ...given('platformFamily', deployment.platformFamily),
    ...given('networkConfiguration', deployment.networkConfiguration),
    loadBalancers: deployment.loadBalancers,
  };
}

/** One deployment of a service. PRIMARY is the newest; ACTIVE ones are being drained; INACTIVE ones leave the row. */
export interface Deployment extends DeploymentSpec {
  /** `ecs-svc/` and a number, as ECS writes it. */
  readonly id: string;
  readonly status: 'PRIMARY' | 'ACTIVE' | 'INACTIVE';
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly rolloutStateReason: string;
  /** Written by the service loop. */
  readonly desiredCount: number;
  readonly pendingCount: number;
  readonly runningCount: number;
  readonly failedTasks: number;
  /** The digests of its images, by container, once a task of it pulled them; later tasks run those. Written by the service loop. */
  readonly imageDigests?: Readonly<Record<string, string>>;
  /** In which of the two target groups of each load balancer entry its tasks are; `primary` unless said. Written by the service loop. */
  readonly slot?: Slot;
  /** A task of it has once been healthy: from then on its failures are no longer counted, unless the breaker is told to. */
  readonly succeeded?: true;
}

/** A line of a service's event log, newest first; ECS keeps the last 100. */
export interface ServiceEvent {
  readonly id: string;
  readonly createdAt: number;
  readonly message: string;
}

/** The scheduler's own memory of failures, by which it slows down ("service throttle logic", ECS Developer Guide). */
export interface ServiceThrottle {
  /** Attempts in a row whose tasks failed to reach a healthy RUNNING; tasks started together are one attempt. */
  readonly consecutiveFailures: number;
  /** The deployment that this is about: a new one starts without a throttle. */
  readonly deploymentId?: string;
  /** No task is started before this time. */
  readonly retryAt: number;
}

/**
 * An ECS service. The API writes the specification (`desiredCount`, a new PRIMARY deployment, tags, status DRAINING); the
 * service loop writes counts, rollout states, events, throttle and the end (INACTIVE).
 */
export interface Service extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly clusterArn: string;
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly deploymentController: 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL';
  readonly deploymentConfiguration: DeploymentConfiguration;
  readonly desiredCount: number;
  /** Newest first; the first is PRIMARY. Empty where another controller deploys: then there are task sets, in a table of their own. */
  readonly deployments: readonly Deployment[];
  /** What the PRIMARY task set runs, where there is one; written together with its status. */
  readonly primaryTaskSet?: DeploymentSpec;
  /** The service deployment under way, by ARN; the service loop takes it away when it is over. */
  readonly currentServiceDeployment?: string;
  readonly serviceRegistries: readonly ServiceRegistry[];
  readonly placementConstraints: readonly PlacementConstraint[];
  readonly placementStrategy: readonly PlacementStrategy[];
  readonly healthCheckGracePeriodSeconds?: number;
  /** The Fargate platform version as asked for, `LATEST` unless said; deployments carry the one that it means. */
  readonly platformVersion?: string;
  readonly availabilityZoneRebalancing: 'ENABLED' | 'DISABLED';
  /** Set while tasks are moved between zones. Written by the service loop. */
  readonly rebalancing?: true;
  readonly enableECSManagedTags: boolean;
  readonly propagateTags: 'TASK_DEFINITION' | 'SERVICE' | 'NONE';
  readonly enableExecuteCommand: boolean;
  readonly roleArn?: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly tags: readonly Tag[];
  readonly events: readonly ServiceEvent[];
  readonly throttle: ServiceThrottle;
  /** The newest deployment that reached COMPLETED: what the circuit breaker rolls back to. Written by the service loop. */
  readonly lastCompleted?: Deployment;
  /** Set while the service is in a steady state, so that the event is written once. */
  readonly steadyAt?: number;
}
