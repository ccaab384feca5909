import type { Deployment, Service } from '../../model/ecs/service.ts';
import { revisionOf, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import { noThrottle } from './failures.ts';

/** Why a deployment ends before its time, in ECS's words. */
export interface DeploymentFailure {
  /** Ends the service event `(deployment …) deployment failed: `. */
  readonly event: string;
  /** The `rolloutStateReason` of the deployment that failed. */
  readonly rolloutReason: string;
  /** The `rolloutStateReason` of the deployment that is rolled back to begins with this. */
  readonly backReason: string;
  /** What it is because of: ends the `statusReason` of the service deployment. */
  readonly cause: string;
  readonly rollback: boolean;
  readonly byBreaker: boolean;
}

/** The circuit breaker tripped. */
export function breakerFailure(rollback: boolean): DeploymentFailure {
  return {
    event: 'tasks failed to start.',
    rolloutReason: 'ECS deployment circuit breaker: tasks failed to start.',
    backReason: 'ECS deployment circuit breaker: ',
    cause: 'the circuit breaker threshold was exceeded.',
    rollback,
    byBreaker: true,
  };
}

/** Alarms of CloudWatch that watch the deployment went into ALARM. */
export function alarmFailure(names: readonly string[], rollback: boolean): DeploymentFailure {
  return {
    event: 'alarm detected.',
    rolloutReason: 'ECS deployment failed: alarm detected.',
    backReason: 'ECS deployment failed: alarm detected: ',
    cause: `of the CloudWatch alarms that were triggered: ${names.join(', ')}.`,
    rollback,
    byBreaker: false,
  };
}

/** Somebody called StopServiceDeployment. */
export function stoppedByUser(rollback: boolean): DeploymentFailure {
  return {
    event: 'stopped by user.',
    rolloutReason: 'ECS deployment stopped by user.',
    backReason: 'ECS deployment stopped by user: ',
    cause: 'it was stopped by user.',
    rollback,
    byBreaker: false,
  };
}

/** A deployment that shifts traffic cannot go on; it always turns back. */
export function shiftFailure(cause: string): DeploymentFailure {
  return {
    event: 'traffic was not shifted.',
    rolloutReason: `ECS deployment failed because ${cause}`,
    backReason: 'ECS deployment failed: ',
    cause,
    rollback: true,
    byBreaker: false,
  };
}

/** What a failure comes to. */
export interface Failed {
  readonly service: Service;
  readonly rollout: ServiceDeployment | undefined;
  /** What is rolled back to. */
  readonly target?: Deployment;
}

/**
 * Ends the PRIMARY deployment: it launches nothing more ("DeploymentCircuitBreaker", ECS API Reference), and where a rollback is
 * asked for, the newest deployment that was COMPLETED (or `serving`, where traffic is shifted: what served before) becomes the
 * PRIMARY one again, with its own tasks as far as they still run.
 */
export function failDeployment(
  service: Service,
  rollout: ServiceDeployment | undefined,
  failure: DeploymentFailure,
  now: number,
  serving?: Deployment,
): Failed {
  const [primary, ...older] = service.deployments;
  if (primary === undefined) return { service, rollout };
  const failed: Deployment = {
    ...primary,
    rolloutState: 'FAILED',
    rolloutStateReason: failure.rolloutReason,
    updatedAt: now,
  };
  const triggered = rollout && failure.byBreaker ? { ...rollout, ...triggerOf(rollout, primary) } : rollout;
  const candidate = serving ?? service.lastCompleted;
  if (!failure.rollback || candidate === undefined || candidate.id === primary.id) {
    return {
      service: { ...service, deployments: [failed, ...older] },
      rollout: triggered && ended(triggered, failure, now),
    };
  }
  // Whether it still succeeds is found out anew.
  const { succeeded: _before, ...earlier } = older.find(({ id }) => id === candidate.id) ?? candidate;
  const back: Deployment = {
    ...earlier,
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `${failure.backReason}rolling back to deploymentId ${candidate.id}.`,
    updatedAt: now,
    failedTasks: 0,
  };
  const rest = older.filter(({ id }) => id !== candidate.id);
  const reason = `Service deployment rolled back because ${failure.cause}`;
  return {
    service: { ...service, deployments: [back, { ...failed, status: 'ACTIVE' }, ...rest], throttle: noThrottle },
    rollout: triggered && {
      ...triggered,
      status: 'ROLLBACK_IN_PROGRESS',
      statusReason: reason,
      rollback: { reason, startedAt: now, serviceRevisionArn: revisionOf(service, candidate.id) },
    },
    target: back,
  };
}

/** A rollback that has nothing to go to, or that fails itself, has failed; without one the deployment stops where it is. */
function ended(rollout: ServiceDeployment, failure: DeploymentFailure, now: number): ServiceDeployment {
  const over = { ...rollout, finishedAt: now, stoppedAt: now };
  if (rollout.status === 'ROLLBACK_IN_PROGRESS') {
    return { ...over, status: 'ROLLBACK_FAILED', statusReason: 'The rollback failed: tasks failed to start.' };
  }
  if (failure.rollback) {
    const reason = `Service deployment rolled back because ${failure.cause}`;
    return {
      ...over,
      status: 'ROLLBACK_FAILED',
      statusReason: 'No rollback candidate was found to run the rollback.',
      rollback: { reason, startedAt: now },
    };
  }
  return { ...over, status: 'STOPPED', statusReason: `Service deployment stopped because ${failure.cause}` };
}

function triggerOf(rollout: ServiceDeployment, primary: Deployment): Pick<ServiceDeployment, 'circuitBreaker'> {
  // A rollback's own failures are none of the revision that was to be deployed.
  const failureCount = rollout.target.arn.endsWith(primary.id.slice(primary.id.indexOf('/')))
    ? primary.failedTasks
    : rollout.circuitBreaker.failureCount;
  return { circuitBreaker: { ...rollout.circuitBreaker, status: 'TRIGGERED', failureCount } };
}
