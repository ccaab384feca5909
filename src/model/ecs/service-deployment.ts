import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import type { Scoped } from '../tags.ts';
import type { DeploymentSpec, Service } from './service.ts';
import type { Lifecycle, Slot } from './lifecycle.ts';
import { serviceRevisionArn, shortName } from './arns.ts';

/** The states of a service deployment ("View service history using Amazon ECS service deployments"). */
export const serviceDeploymentStatuses = [
  'PENDING',
  'IN_PROGRESS',
  'STOP_REQUESTED',
  'STOPPED',
  'SUCCESSFUL',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
] as const;
export type ServiceDeploymentStatus = (typeof serviceDeploymentStatuses)[number];

/**
 * A service revision: what a service was to run from one deployment on. It never changes, but for the digests that the
 * service loop notes once they are known.
 */
export interface ServiceRevision extends Scoped, DeploymentSpec {
  readonly arn: string;
  readonly serviceArn: string;
  readonly clusterArn: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** What its images' tags stood for, by container. Written by the service loop. */
  readonly imageDigests?: Readonly<Record<string, string>>;
}

/** How many tasks a service revision has, as a service deployment shows it. */
export interface RevisionCounts {
  readonly arn: string;
  readonly requestedTaskCount: number;
  readonly runningTaskCount: number;
  readonly pendingTaskCount: number;
}

/** What watches a service deployment for failures. */
export interface CircuitBreakerState {
  readonly status: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED';
  readonly failureCount: number;
  readonly threshold: number;
}

/** The CloudWatch alarms that watch a service deployment ("How CloudWatch alarms detect Amazon ECS deployment failures"). */
export interface DeploymentAlarmState {
  readonly status: 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED';
  readonly names: readonly string[];
  /** Those that were in ALARM when it began: they are not watched, so that a deployment can mend what they are about. */
  readonly ignored: readonly string[];
  readonly triggered: readonly string[];
  /** How long a rolling deployment is watched on once it is done, epoch milliseconds; set when it is done. */
  readonly bakeUntil?: number;
}

/**
 * The way from what a service ran to a new service revision, kept after it is over. The API makes the row and may ask for its
 * end (`STOP_REQUESTED`, `ROLLBACK_REQUESTED`); the service loop writes everything else.
 */
export interface ServiceDeployment extends Scoped {
  readonly arn: string;
  readonly serviceArn: string;
  readonly clusterArn: string;
  /** Epoch milliseconds, as all times here. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly stoppedAt?: number;
  readonly updatedAt: number;
  /** What ran when it began. */
  readonly sources: readonly RevisionCounts[];
  readonly target: RevisionCounts;
  readonly status: ServiceDeploymentStatus;
  readonly statusReason?: string;
  /** The service's, as it was when the deployment began. */
  readonly deploymentConfiguration: DeploymentConfiguration;
  readonly rollback?: { readonly reason: string; readonly startedAt: number; readonly serviceRevisionArn?: string };
  readonly circuitBreaker: CircuitBreakerState;
  /** Absent where none watch it. */
  readonly alarms?: DeploymentAlarmState;
  /** In which target group what is deployed is registered; of deployments that shift traffic. */
  readonly slot?: Slot;
  /** How far a deployment that shifts traffic has come. */
  readonly lifecycle?: Lifecycle;
}

/** Whether a service deployment has come to its end. */
export function isOver({ status }: ServiceDeployment): boolean {
  return (
    status === 'STOPPED' || status === 'SUCCESSFUL' || status === 'ROLLBACK_SUCCESSFUL' || status === 'ROLLBACK_FAILED'
  );
}

/** The service revision that a deployment of a service runs: both have one number. */
export function revisionOf(service: Pick<Service, 'account' | 'region' | 'clusterArn' | 'name'>, id: string): string {
  return serviceRevisionArn(service, shortName(service.clusterArn), service.name, shortName(id));
}

/**
 * The failed tasks by which the circuit breaker trips ("How the Amazon ECS deployment circuit breaker detects failures", ECS
 * Developer Guide): by default half of the desired ones, rounded up, at least 3 and at most 200.
 */
export function breakerThreshold(desired: number, { deploymentCircuitBreaker }: DeploymentConfiguration = {}): number {
  const { type = 'BOUNDED_PERCENT', value = 50 } = deploymentCircuitBreaker?.thresholdConfiguration ?? {};
  if (type === 'COUNT') return value;
  const share = Math.ceil((desired * value) / 100);
  return type === 'UNBOUNDED_PERCENT' ? Math.max(1, share) : Math.max(3, Math.min(200, share));
}
