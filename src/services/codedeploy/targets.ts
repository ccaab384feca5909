import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import type { CodeDeployment } from '../../model/codedeploy/deployment.ts';
import { hasStarted, targetIdOf, targetOutput, targetStatus } from './deployment-output.ts';
import type { CodeDeployDeps } from './deps.ts';
import { refused } from './errors.ts';
import { findDeployment } from './find.ts';

const mostInBatch = 25;

/** The targets of deployments: each has one, its ECS service. */
export function targetHandlers({ store }: CodeDeployDeps) {
  const find = (ctx: Ctx, id: string | undefined): CodeDeployment => {
    const row = findDeployment(store, ctx, id);
    if (!hasStarted(row)) throw refused('DeploymentNotStarted', `The deployment ${row.id} has not started.`);
    return row;
  };
  return {
    GetDeploymentTarget(input, ctx) {
      const row = find(ctx, input.deploymentId);
      checkTarget(row, input.targetId);
      return { deploymentTarget: targetOutput(store, row) };
    },

    BatchGetDeploymentTargets(input, ctx) {
      const row = find(ctx, input.deploymentId);
      const asked = input.targetIds ?? [];
      if (asked.length === 0) throw refused('DeploymentTargetIdRequired', 'A deployment target ID must be specified');
      if (asked.length > mostInBatch) {
        throw refused('DeploymentTargetListSizeExceeded', `At most ${mostInBatch} targets can be requested.`);
      }
      for (const id of asked) checkTarget(row, id);
      return { deploymentTargets: asked.map(() => targetOutput(store, row)) };
    },

    ListDeploymentTargets(input, ctx) {
      const row = find(ctx, input.deploymentId);
      if (input.nextToken !== undefined) throw refused('InvalidNextToken', 'The next token is invalid.');
      const filters = Object.entries(input.targetFilters ?? {});
      const unknown = filters.find(([name]) => name !== 'TargetStatus');
      if (unknown !== undefined) throw refused('InvalidTargetFilterName', `The target filter ${unknown[0]} is invalid`);
      const matches = filters.every(([, values]) => values?.includes(targetStatus(row)));
      return { targetIds: matches ? [targetIdOf(row)] : [] };
    },
  } satisfies Handlers<typeof sdk>;
}

function checkTarget(row: CodeDeployment, id: string | undefined): void {
  if (id === undefined || id === '') {
    throw refused('DeploymentTargetIdRequired', 'A deployment target ID must be specified');
  }
  if (id !== targetIdOf(row)) {
    throw refused('DeploymentTargetDoesNotExist', `The deployment target ${id} could not be found`);
  }
}
