import type { ListServiceDeploymentsCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { clusterArn } from '../../model/ecs/arns.ts';
import type { HookRun } from '../../model/ecs/lifecycle.ts';
import type { Service } from '../../model/ecs/service.ts';
import { isOver, serviceDeploymentStatuses, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import type { Reader } from '../../store/store.ts';
import { serviceDeployments, serviceRevisions, services } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter, serviceNotFound } from './errors.ts';
import { needCluster, needService } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';
import { checkOneOf } from './one-of.ts';
import { page } from './paging.ts';
import { serviceDeploymentBrief, serviceDeploymentOutput, serviceRevisionOutput } from './service-deployment-output.ts';

/** How many ARNs a request may name ("DescribeServiceDeployments", "DescribeServiceRevisions"). */
const most = 20;

/** The history of services: their deployments and revisions, and stopping a deployment under way. */
export function serviceDeploymentHandlers({ store, clock }: ServiceDeps) {
  return {
    ListServiceDeployments(input, ctx) {
      const service = needServiceOf(store, input, ctx);
      for (const status of input.status ?? []) checkOneOf('status', status, serviceDeploymentStatuses);
      const { before, after } = input.createdAt ?? {};
      const matching = store
        .by(serviceDeployments, 'service', service.arn)
        .filter(
          (row) =>
            (input.status === undefined || input.status.length === 0 || input.status.includes(row.status)) &&
            (before === undefined || row.createdAt < before.getTime()) &&
            (after === undefined || row.createdAt > after.getTime()),
        );
      const { items, ...rest } = page(matching, newestFirst, input, { defaultSize: most, descending: true });
      return { serviceDeployments: items.map(serviceDeploymentBrief), ...rest };
    },

    DescribeServiceDeployments(input) {
      const arns = readArns('serviceDeploymentArns', input.serviceDeploymentArns);
      const { found, failures } = findAll(arns, (arn) => store.get(serviceDeployments, arn));
      return { serviceDeployments: found.map(serviceDeploymentOutput), failures };
    },

    DescribeServiceRevisions(input) {
      const arns = readArns('serviceRevisionArns', input.serviceRevisionArns);
      const { found, failures } = findAll(arns, (arn) => store.get(serviceRevisions, arn));
      return { serviceRevisions: found.map((row) => serviceRevisionOutput(store, row)), failures };
    },

    /** "Stopping Amazon ECS service deployments" (ECS Developer Guide): what is on its way to its end goes on as it does. */
    StopServiceDeployment(input) {
      const stopType = input.stopType ?? 'ROLLBACK';
      checkOneOf('stopType', stopType, ['ABORT', 'ROLLBACK']);
      const arn = input.serviceDeploymentArn ?? '';
      return store.transact((tx) => {
        const row = needServiceDeployment(tx, arn);
        if (isOver(row)) {
          throw new AwsError(
            'ConflictException',
            `Cannot stop a service deployment in ${row.status} state. The service deployment is already complete.`,
          );
        }
        if (row.status === 'PENDING' || row.status === 'IN_PROGRESS') {
          const status = stopType === 'ABORT' ? 'STOP_REQUESTED' : 'ROLLBACK_REQUESTED';
          tx.put(serviceDeployments, { ...row, status, updatedAt: clock.now() });
        }
        return { serviceDeploymentArn: arn };
      });
    },

    /** "Pause hooks for Amazon ECS service deployments": a deployment that waits goes on, or turns back. */
    ContinueServiceDeployment(input) {
      const action = input.action ?? 'CONTINUE';
      checkOneOf('action', action, ['CONTINUE', 'ROLLBACK']);
      const arn = input.serviceDeploymentArn ?? '';
      return store.transact((tx) => {
        const row = needServiceDeployment(tx, arn);
        const paused = row.lifecycle?.hooks.find(({ id }) => id === input.hookId);
        if (row.lifecycle === undefined || paused?.status !== 'AWAITING_ACTION' || isOver(row)) {
          throw invalidParameter(`The lifecycle hook ${input.hookId ?? ''} is not awaiting an action.`);
        }
        const hooks = row.lifecycle.hooks.map((hook): HookRun =>
          hook !== paused
            ? hook
            : action === 'CONTINUE'
              ? { ...hook, status: 'SUCCEEDED' }
              : { ...hook, status: 'FAILED', reason: 'A rollback was requested.' },
        );
        tx.put(serviceDeployments, { ...row, lifecycle: { ...row.lifecycle, hooks }, updatedAt: clock.now() });
        return { serviceDeploymentArn: arn };
      });
    },
  } satisfies EcsHandlers;
}

function needServiceDeployment(reader: Reader, arn: string): ServiceDeployment {
  const row = reader.get(serviceDeployments, arn);
  if (row === undefined) throw new AwsError('ServiceDeploymentNotFoundException', 'Service deployment not found.');
  return row;
}

/** By the ARN of a service, its cluster is known. */
function needServiceOf(reader: Reader, input: ListServiceDeploymentsCommandInput, ctx: Ctx): Service {
  const name = input.service ?? '';
  const [, clusterName, serviceName] = name.startsWith('arn:') ? (name.split(':')[5] ?? '').split('/') : [];
  if (input.cluster === undefined && clusterName !== undefined && serviceName !== undefined) {
    needCluster(reader, ctx, clusterArn(ctx, clusterName));
    const service = reader.get(services, name);
    if (service === undefined) throw serviceNotFound();
    return service;
  }
  return needService(reader, needCluster(reader, ctx, input.cluster), name);
}

function newestFirst({ createdAt, arn }: ServiceDeployment): string {
  return `${String(createdAt).padStart(16, '0')} ${arn}`;
}

function readArns(member: string, arns: readonly string[] | undefined): readonly string[] {
  if (arns === undefined || arns.length === 0) throw invalidParameter(`${member} cannot be empty.`);
  if (arns.length > most) throw invalidParameter(`${member} can have at most ${most} items.`);
  return arns;
}

function findAll<Row>(
  arns: readonly string[],
  get: (arn: string) => Row | undefined,
): { readonly found: Row[]; readonly failures: { arn: string; reason: string }[] } {
  const rows = arns.map((arn) => ({ arn, row: get(arn) }));
  return {
    found: rows.flatMap(({ row }) => (row === undefined ? [] : [row])),
    failures: rows.flatMap(({ arn, row }) => (row === undefined ? [{ arn, reason: 'MISSING' }] : [])),
  };
}
