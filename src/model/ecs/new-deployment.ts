import type { Ids } from '../../base/ids.ts';
import { serviceDeploymentArn, shortName } from './arns.ts';
import type { Deployment, DeploymentSpec, Service } from './service.ts';
import { breakerThreshold, revisionOf, type ServiceDeployment, type ServiceRevision } from './service-deployment.ts';

/** A deployment as it begins: the service with it in front, and its two rows. */
export interface NewDeployment {
  readonly service: Service;
  readonly revision: ServiceRevision;
  readonly rollout: ServiceDeployment;
}

/**
 * Begins a deployment of `spec`: it is the service's PRIMARY one, and those before it become ACTIVE, to be drained. Nothing
 * of it runs yet: the service loop brings it up.
 */
export function newDeployment(service: Service, spec: DeploymentSpec, ids: Ids, now: number): NewDeployment {
  const id = deploymentId(ids);
  const { account, region, arn: serviceArn, clusterArn } = service;
  const revisionArn = revisionOf(service, id);
  const deployment: Deployment = {
    ...spec,
    id,
    status: 'PRIMARY',
    createdAt: now,
    updatedAt: now,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    desiredCount: service.desiredCount,
    pendingCount: 0,
    runningCount: 0,
    failedTasks: 0,
  };
  const earlier = service.deployments.map((one): Deployment =>
    one.status === 'PRIMARY' ? { ...one, status: 'ACTIVE', updatedAt: now } : one,
  );
  const arn = serviceDeploymentArn(service, shortName(clusterArn), service.name, nanoid(ids));
  const { deploymentConfiguration } = service;
  const enabled = deploymentConfiguration.deploymentCircuitBreaker?.enable === true;
  const { alarms } = deploymentConfiguration;
  return {
    service: { ...service, deployments: [deployment, ...earlier], currentServiceDeployment: arn },
    revision: { ...spec, account, region, arn: revisionArn, serviceArn, clusterArn, createdAt: now },
    rollout: {
      account,
      region,
      arn,
      serviceArn,
      clusterArn,
      createdAt: now,
      updatedAt: now,
      sources: earlier.map((one) => ({
        arn: revisionOf(service, one.id),
        requestedTaskCount: one.desiredCount,
        runningTaskCount: one.runningCount,
        pendingTaskCount: one.pendingCount,
      })),
      target: { arn: revisionArn, requestedTaskCount: service.desiredCount, runningTaskCount: 0, pendingTaskCount: 0 },
      status: 'PENDING',
      deploymentConfiguration,
      circuitBreaker: {
        status: enabled ? 'MONITORING' : 'DISABLED',
        failureCount: 0,
        threshold: breakerThreshold(service.desiredCount, deploymentConfiguration),
      },
      ...(alarms?.enable === true
        ? { alarms: { status: 'MONITORING', names: alarms.alarmNames ?? [], ignored: [], triggered: [] } }
        : {}),
    },
  };
}

/** The id of a new deployment or task set: `ecs-svc/` and a number of 19 digits that does not begin with 0. */
export function deploymentId(ids: Ids): string {
  const digits = Array.from({ length: 19 }, (_, index) =>
    index === 0 ? 1 + Math.floor(ids.random() * 9) : Math.floor(ids.random() * 10),
  );
  return `ecs-svc/${digits.join('')}`;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** 21 letters, digits, `_` and `-`, as ECS writes the ids of service deployments. */
function nanoid(ids: Ids): string {
  return Array.from({ length: 21 }, () => letters[Math.floor(ids.random() * letters.length)]).join('');
}
