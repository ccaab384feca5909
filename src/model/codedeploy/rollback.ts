import type { Ids } from '../../base/ids.ts';
import type { RollbackEvent } from './deployment-group.ts';
import { isOver, type CodeDeployment } from './deployment.ts';
import { pendingEvents, type LifecycleEvent } from './lifecycle-event.ts';

/** How a deployment comes to an end before its time. */
export interface EarlyEnd {
  readonly status: 'Failed' | 'Stopped';
  readonly event: RollbackEvent;
  readonly error?: { readonly code: string; readonly message: string };
  /** Whether to roll back, where that is not left to the deployment's own configuration. */
  readonly rollback?: boolean;
}

/** A deployment that ended, and the one that takes back what it did. */
export interface Ended {
  readonly deployment: CodeDeployment;
  readonly rollback?: CodeDeployment;
}

/**
 * Ends a deployment early. What it has not begun it will never do; where it is to be rolled back and has begun anything, a
 * deployment of CodeDeploy's own gives the traffic back to what served before and takes the replacement away ("Redeploy and
 * roll back a deployment with CodeDeploy", CodeDeploy User Guide). A rollback is not rolled back itself.
 */
export function endEarly(deployment: CodeDeployment, end: EarlyEnd, ids: Ids, now: number): Ended {
  const { autoRollback, creator, originalArn, work } = deployment;
  const wanted = end.rollback ?? (autoRollback.enabled && autoRollback.events.includes(end.event));
  const over: CodeDeployment = {
    ...deployment,
    status: end.status,
    completedAt: now,
    ...(end.error === undefined ? {} : { error: end.error }),
    events: deployment.events.map((event) => abandoned(event, end, now)),
  };
  if (isOver(deployment) || !wanted || creator === 'codeDeployRollback' || work === undefined) {
    return { deployment: over };
  }
  if (originalArn === undefined) return { deployment: over };
  const { id, completedAt: _completed, error: _error, readySince: _ready, terminationSince: _wait, ...kept } = over;
  const { continued: _continued, description: _description, previousRevision, ...rest } = kept;
  const rollbackId = newDeploymentId(ids);
  return {
    deployment: { ...over, rollbackInfo: { rollbackDeploymentId: rollbackId } },
    rollback: {
      ...rest,
      id: rollbackId,
      creator: 'codeDeployRollback',
      description: `Rollback deployment for deployment ID: ${id}`,
      // What served before: where nothing was ever deployed, the service as it was created.
      revision: previousRevision ?? deployment.revision,
      status: 'Created',
      createdAt: now,
      rollbackInfo: { rollbackTriggeringDeploymentId: id },
      events: pendingEvents(work.route.testListenerArn !== undefined),
    },
  };
}

function abandoned(event: LifecycleEvent, { status, error }: EarlyEnd, now: number): LifecycleEvent {
  if (event.status === 'Pending') return { ...event, status: 'Skipped' };
  if (event.status !== 'InProgress') return event;
  const message = error?.message ?? 'The deployment was stopped.';
  return { ...event, status: status === 'Failed' ? 'Failed' : 'Skipped', endedAt: now, message };
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `d-` and nine letters or digits, as CodeDeploy writes the ids of deployments. */
export function newDeploymentId(ids: Ids): string {
  return `d-${Array.from({ length: 9 }, () => letters[Math.floor(ids.random() * letters.length)]).join('')}`;
}
