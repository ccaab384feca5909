import type { Ids } from '../base/ids.ts';
import { newDeployment } from '../model/ecs/new-deployment.ts';
import type { DeploymentSpec, Service } from '../model/ecs/service.ts';
import { isOver, revisionOf, type ServiceDeployment } from '../model/ecs/service-deployment.ts';
import type { Transaction } from './store.ts';
import { serviceDeployments, serviceRevisions, services, taskSets } from './tables/ecs.ts';

/** "The last 90 days of history" ("View service history using Amazon ECS service deployments"). */
const keptMs = 90 * 24 * 3_600_000;

/**
 * Writes a service with a new deployment of `spec`, and answers the service. The deployment under way, where there is one, is
 * asked to stop: what it started is replaced with the rest.
 */
export function beginDeployment(
  tx: Transaction,
  service: Service,
  spec: DeploymentSpec,
  { ids, now }: { readonly ids: Ids; readonly now: number },
): Service {
  const begun = newDeployment(service, spec, ids, now);
  if (service.currentServiceDeployment !== undefined) {
    tx.update(serviceDeployments, service.currentServiceDeployment, (row): ServiceDeployment =>
      isOver(row) ? row : { ...row, status: 'STOP_REQUESTED', updatedAt: now },
    );
  }
  for (const { arn, createdAt, finishedAt, target } of tx.by(serviceDeployments, 'service', service.arn)) {
    if (finishedAt === undefined || createdAt > now - keptMs) continue;
    tx.delete(serviceDeployments, arn);
    if (!isInUse(service, target.arn)) tx.delete(serviceRevisions, target.arn);
  }
  tx.put(services, begun.service);
  tx.put(serviceRevisions, begun.revision);
  tx.put(serviceDeployments, begun.rollout);
  return begun.service;
}

/** Forgets the service deployments, revisions and task sets of a service, as ECS does when it is deleted. */
export function forgetDeployments(tx: Transaction, serviceArn: string): void {
  for (const { arn } of tx.by(serviceDeployments, 'service', serviceArn)) tx.delete(serviceDeployments, arn);
  for (const { arn } of tx.by(serviceRevisions, 'service', serviceArn)) tx.delete(serviceRevisions, arn);
  for (const { arn } of tx.by(taskSets, 'service', serviceArn)) tx.delete(taskSets, arn);
}

/** Whether the service runs a revision, or may roll back to it: what it runs may be older than the history. */
function isInUse(service: Service, revisionArn: string): boolean {
  const { deployments, lastCompleted } = service;
  const known = lastCompleted === undefined ? deployments : [...deployments, lastCompleted];
  return known.some(({ id }) => revisionOf(service, id) === revisionArn);
}
