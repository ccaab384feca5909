import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { isOver, type CodeDeployment } from '../../model/codedeploy/deployment.ts';
import type { LifecycleEvent } from '../../model/codedeploy/lifecycle-event.ts';
import { endEarly } from '../../model/codedeploy/rollback.ts';
import { taskSetRecords } from '../../model/codedeploy/task-set-records.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';
import { taskSetsOf } from '../../store/task-sets.ts';
import { createDeployment } from './create-deployment.ts';
import { deploymentOutput } from './deployment-output.ts';
import type { CodeDeployDeps } from './deps.ts';
import { refused } from './errors.ts';
import { findApplication, findDeployment, findGroup } from './find.ts';
import { page } from './paging.ts';

const mostInBatch = 25;
const statuses = ['Created', 'Queued', 'InProgress', 'Baking', 'Succeeded', 'Failed', 'Stopped', 'Ready'];

/** Deployments: beginning, watching, stopping and continuing them, and what their hooks report. */
export function deploymentHandlers(deps: CodeDeployDeps) {
  const { store, clock, ids } = deps;
  return {
    async CreateDeployment(input, ctx) {
      return { deploymentId: await createDeployment(deps, input, ctx) };
    },

    GetDeployment: (input, ctx) => ({
      deploymentInfo: deploymentOutput(store, findDeployment(store, ctx, input.deploymentId)),
    }),

    BatchGetDeployments(input, ctx) {
      const asked = input.deploymentIds ?? [];
      if (asked.length > mostInBatch) {
        throw refused('BatchLimitExceeded', `The maximum number of ids that can be requested is ${mostInBatch}.`);
      }
      return { deploymentsInfo: asked.map((id) => deploymentOutput(store, findDeployment(store, ctx, id))) };
    },

    ListDeployments(input, ctx) {
      const rows = listedDeployments(store, input, ctx);
      const newestFirst = rows.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
      const { items, next } = page(newestFirst, ({ id }) => id, input.nextToken);
      return { deployments: items.map(({ id }) => id), ...next };
    },

    /** What it shifted stays as it is, unless it is to be rolled back. */
    StopDeployment(input, ctx) {
      const now = clock.now();
      store.transact((tx) => {
        const row = findDeployment(tx, ctx, input.deploymentId);
        checkOpen(row);
        const { deployment, rollback } = endEarly(
          row,
          {
            status: 'Stopped',
            event: 'DEPLOYMENT_STOP_ON_REQUEST',
            error: { code: 'MANUAL_STOP', message: 'The deployment was manually stopped.' },
            ...(input.autoRollbackEnabled === undefined ? {} : { rollback: input.autoRollbackEnabled }),
          },
          ids,
          now,
        );
        const taskSets = taskSetRecords(deployment, taskSetsOf(tx, row.serviceArn));
        tx.put(codeDeployments, { ...deployment, taskSets });
        if (rollback !== undefined) tx.put(codeDeployments, rollback);
      });
      return { status: 'Succeeded' as const, statusMessage: 'The deployment was stopped.' };
    },

    /** Lets a deployment shift production traffic, or terminate the original task set, before its time. */
    ContinueDeployment(input, ctx) {
      const type = input.deploymentWaitType ?? 'READY_WAIT';
      if (type !== 'READY_WAIT' && type !== 'TERMINATION_WAIT') {
        throw refused('InvalidDeploymentWaitType', `The wait type ${String(type)} is invalid`);
      }
      store.transact((tx) => {
        const row = findDeployment(tx, ctx, input.deploymentId);
        checkOpen(row);
        if (type === 'READY_WAIT') {
          if (row.status !== 'Ready') {
            throw refused('DeploymentIsNotInReadyState', `The deployment ${row.id} is not in a ready state.`);
          }
          tx.put(codeDeployments, { ...row, continued: { ...row.continued, ready: true } });
          return;
        }
        if (row.terminationSince === undefined) {
          throw refused('DeploymentIsNotInReadyState', `The deployment ${row.id} does not wait for its termination.`);
        }
        tx.put(codeDeployments, { ...row, continued: { ...row.continued, termination: true } });
      });
      return {};
    },

    /** "PutLifecycleEventHookExecutionStatus": what a hook says of how it went. */
    PutLifecycleEventHookExecutionStatus(input, ctx) {
      const { status, lifecycleEventHookExecutionId: executionId = '' } = input;
      if (status !== 'Succeeded' && status !== 'Failed') {
        throw refused(
          'InvalidLifecycleEventHookExecutionStatus',
          `The status ${String(status)} is invalid: it must be Succeeded or Failed.`,
        );
      }
      store.transact((tx) => {
        const row = findDeployment(tx, ctx, input.deploymentId);
        const event = row.events.find(({ hook }) => hook?.id === executionId);
        if (event?.hook === undefined) {
          throw refused(
            'InvalidLifecycleEventHookExecutionId',
            `The lifecycle event hook execution ${executionId} could not be found`,
          );
        }
        if (event.status !== 'InProgress' || event.hook.outcome !== undefined) {
          throw refused('LifecycleEventAlreadyCompleted', `The lifecycle event ${event.name} is already completed`);
        }
        const hook = { ...event.hook, outcome: status };
        const events = row.events.map((one): LifecycleEvent => (one === event ? { ...one, hook } : one));
        tx.put(codeDeployments, { ...row, events });
      });
      return { lifecycleEventHookExecutionId: executionId };
    },
  } satisfies Handlers<typeof sdk>;
}

function checkOpen(row: CodeDeployment): void {
  if (isOver(row)) {
    throw refused('DeploymentAlreadyCompleted', `The deployment ${row.id} has already completed.`);
  }
}

/** The deployments that a request asks for, in any order. */
function listedDeployments(store: Reader, input: sdk.ListDeploymentsInput, ctx: Ctx): CodeDeployment[] {
  const { applicationName, deploymentGroupName, includeOnlyStatuses = [], createTimeRange, externalId } = input;
  if (externalId !== undefined) {
    throw refused('InvalidExternalId', 'externalId is only for deployments of CloudFormation.');
  }
  const unknown = includeOnlyStatuses.find((status) => !statuses.includes(status));
  if (unknown !== undefined) throw refused('InvalidDeploymentStatus', `The deployment status ${unknown} is invalid`);
  const { start, end } = createTimeRange ?? {};
  if (start !== undefined && end !== undefined && start > end) {
    throw refused('InvalidTimeRange', 'The start of the time range is after its end');
  }
  if (applicationName === undefined && deploymentGroupName !== undefined) {
    throw refused('ApplicationNameRequired', 'Application name must be specified');
  }
  const application = applicationName === undefined ? undefined : findApplication(store, ctx, applicationName);
  if (application !== undefined && deploymentGroupName === undefined) {
    throw refused('DeploymentGroupNameRequired', 'Deployment group name must be specified');
  }
  const rows =
    application === undefined
      ? store.by(codeDeployments, 'scope', scopeOf(ctx))
      : store.by(codeDeployments, 'group', findGroup(store, application, deploymentGroupName).id);
  return rows.filter(
    ({ status, createdAt }) =>
      (includeOnlyStatuses.length === 0 || includeOnlyStatuses.includes(status)) &&
      (start === undefined || createdAt >= start.getTime()) &&
      (end === undefined || createdAt <= end.getTime()),
  );
}
