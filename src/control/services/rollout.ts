import type { Deployment, Service } from '../../model/ecs/service.ts';
import {
  breakerThreshold,
  revisionOf,
  type RevisionCounts,
  type ServiceDeployment,
} from '../../model/ecs/service-deployment.ts';

/** A service deployment with the counts of its service's deployments; the object itself when they are what they were. */
export function counted(rollout: ServiceDeployment, service: Service): ServiceDeployment {
  const byRevision = new Map(service.deployments.map((one) => [revisionOf(service, one.id), one]));
  const target = countsOf(rollout.target, byRevision.get(rollout.target.arn));
  const sources = rollout.sources.map((source) => countsOf(source, byRevision.get(source.arn)));
  const circuitBreaker = breakerOf(rollout, service, byRevision.get(rollout.target.arn));
  return target === rollout.target &&
    circuitBreaker === rollout.circuitBreaker &&
    sources.every((source, index) => source === rollout.sources[index])
    ? rollout
    : { ...rollout, target, sources, circuitBreaker };
}

function countsOf(before: RevisionCounts, deployment: Deployment | undefined): RevisionCounts {
  const { desiredCount = 0, runningCount = 0, pendingCount = 0 } = deployment ?? {};
  return before.requestedTaskCount === desiredCount &&
    before.runningTaskCount === runningCount &&
    before.pendingTaskCount === pendingCount
    ? before
    : {
        ...before,
        requestedTaskCount: desiredCount,
        runningTaskCount: runningCount,
        pendingTaskCount: pendingCount,
      };
}

function breakerOf(
  { circuitBreaker }: ServiceDeployment,
  { desiredCount, deploymentConfiguration }: Service,
  deployment: Deployment | undefined,
): ServiceDeployment['circuitBreaker'] {
  if (circuitBreaker.status !== 'MONITORING' && circuitBreaker.status !== 'DISABLED') return circuitBreaker;
  const status = deploymentConfiguration.deploymentCircuitBreaker?.enable === true ? 'MONITORING' : 'DISABLED';
  const failureCount = status === 'DISABLED' ? 0 : (deployment?.failedTasks ?? circuitBreaker.failureCount);
  const threshold = breakerThreshold(desiredCount, deploymentConfiguration);
  return circuitBreaker.status === status &&
    circuitBreaker.failureCount === failureCount &&
    circuitBreaker.threshold === threshold
    ? circuitBreaker
    : { status, failureCount, threshold };
}

/** The service has come to a steady state: the deployment, or its rollback, was successful. */
export function completed(rollout: ServiceDeployment, now: number): ServiceDeployment {
  const { circuitBreaker } = rollout;
  return {
    ...rollout,
    status: rollout.status === 'ROLLBACK_IN_PROGRESS' ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL',
    finishedAt: now,
    circuitBreaker:
      circuitBreaker.status === 'MONITORING' ? { ...circuitBreaker, status: 'MONITORING_COMPLETE' } : circuitBreaker,
  };
}

/** Another deployment of the service took its place. */
export function superseded(rollout: ServiceDeployment, now: number): ServiceDeployment {
  return {
    ...rollout,
    status: 'STOPPED',
    statusReason: 'Service deployment stopped because a new service deployment was started.',
    stoppedAt: now,
    finishedAt: now,
    updatedAt: now,
  };
}
