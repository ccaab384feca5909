import type { RegisterTaskDefinitionCommandInput, TaskDefinition as TaskDefinitionOutput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { taskDefinitionArn } from '../../model/ecs/arns.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Transaction } from '../../store/store.ts';
import { families, familyKey, taskDefinitions } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { clientException, invalidParameter } from './errors.ts';
import { familyAndRevision, findTaskDefinition } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';
import { checkOneOf } from './one-of.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';
import { compatibilities, requiredAttributes } from './task-definition-attributes.ts';
import { withDefaults } from './task-definition-defaults.ts';
import { refuseUnsupported } from './task-definition-members.ts';
import { checkTaskDefinition, suitsFargate } from './task-definition-rules.ts';

/** Task definitions: registering, describing, listing, deregistering and deleting their revisions. */
export function taskDefinitionHandlers({ store, clock }: ServiceDeps) {
  return {
    RegisterTaskDefinition(input, ctx) {
      const registryHost = new URL(ctx.endpoint).host;
      checkTaskDefinition(input, registryHost);
      refuseUnsupported(input);
      if (input.tags?.length === 0) throw clientException('Tags can not be empty.');
      const registered = store.transact((tx) => register(tx, input, ctx, registryHost, clock.now()));
      return { taskDefinition: output(registered), tags: [...registered.tags] };
    },

    DescribeTaskDefinition(input, ctx) {
      if (input.taskDefinition === undefined || input.taskDefinition === '') {
        throw invalidParameter('TaskDefinition can not be blank.');
      }
      const row = findTaskDefinition(store, ctx, input.taskDefinition);
      if (row === undefined) throw clientException('Unable to describe task definition.');
      const tags = input.include?.includes('TAGS') === true ? { tags: [...row.tags] } : {};
      return { taskDefinition: output(row), ...tags };
    },

    ListTaskDefinitions(input, ctx) {
      checkOneOf('status', input.status, ['ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS']);
      checkOneOf('sort', input.sort, ['ASC', 'DESC']);
      const rows =
        input.familyPrefix === undefined
          ? store.by(taskDefinitions, 'scope', scopeOf(ctx))
          : store.by(taskDefinitions, 'family', familyKey(ctx, input.familyPrefix));
      const status = input.status ?? 'ACTIVE';
      const { items, ...rest } = page(
        rows.filter((row) => row.status === status),
        // In order of family, then of revision as a number.
        (row) => `${row.family}:${String(row.revision).padStart(10, '0')}`,
        input,
        { descending: input.sort === 'DESC' },
      );
      return { taskDefinitionArns: items.map((row) => row.arn), ...rest };
    },

    ListTaskDefinitionFamilies(input, ctx) {
      checkOneOf('status', input.status, ['ACTIVE', 'INACTIVE', 'ALL']);
      const status = input.status ?? 'ALL';
      const names = store
        .by(families, 'scope', scopeOf(ctx))
        .map((row) => row.family)
        .filter((family) => family.startsWith(input.familyPrefix ?? ''))
        .filter((family) => {
          const active = store.by(taskDefinitions, 'family', familyKey(ctx, family)).some((r) => r.status === 'ACTIVE');
          return status === 'ALL' || active === (status === 'ACTIVE');
        });
      const { items, ...rest } = page(names, (family) => family, input);
      return { families: items, ...rest };
    },

    DeregisterTaskDefinition(input, ctx) {
      const { revision } = familyAndRevision(input.taskDefinition ?? '');
      if (revision === undefined) throw clientException('Revision is missing.');
      const row = findTaskDefinition(store, ctx, input.taskDefinition ?? '');
      if (row === undefined) {
        throw clientException(
          'The specified task definition does not exist. Specify a valid account, family, revision and try again.',
        );
      }
      if (row.status === 'DELETE_IN_PROGRESS') throw clientException('TaskDefinition is being deleted.');
      const inactive: TaskDefinition = {
        ...row,
        status: 'INACTIVE',
        deregisteredAt: row.deregisteredAt ?? clock.now(),
      };
      store.transact((tx) => tx.put(taskDefinitions, inactive));
      return { taskDefinition: output(inactive) };
    },

    DeleteTaskDefinitions(input, ctx) {
      const asked = input.taskDefinitions ?? [];
      if (asked.length === 0) throw invalidParameter('TaskDefinitions cannot be empty.');
      if (asked.length > 10) throw invalidParameter('taskDefinitions can have at most 10 items.');
      const deleted: TaskDefinition[] = [];
      const failures: { arn: string; reason: string }[] = [];
      for (const reference of asked) {
        const { family, revision } = familyAndRevision(reference);
        const row = revision === undefined ? undefined : findTaskDefinition(store, ctx, reference);
        const arn = row?.arn ?? (revision === undefined ? reference : taskDefinitionArn(ctx, family, revision));
        if (row === undefined) {
          failures.push({
            arn,
            reason:
              'The specified task definition does not exist. Specify a valid account, family, revision and try again.',
          });
        } else if (row.status === 'ACTIVE') {
          failures.push({
            arn,
            reason:
              'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
          });
        } else {
          deleted.push({
            ...row,
            status: 'DELETE_IN_PROGRESS',
            deleteRequestedAt: row.deleteRequestedAt ?? clock.now(),
          });
        }
      }
      store.transact((tx) => {
        for (const row of deleted) tx.put(taskDefinitions, row);
      });
      return { taskDefinitions: deleted.map(output), failures };
    },
  } satisfies EcsHandlers;
}

function register(
  tx: Transaction,
  input: RegisterTaskDefinitionCommandInput,
  ctx: Ctx,
  registryHost: string,
  now: number,
): TaskDefinition {
  const scope = { account: ctx.account, region: ctx.region };
  const family = input.family ?? '';
  const revision = (tx.get(families, familyKey(scope, family))?.lastRevision ?? 0) + 1;
  const document = withDefaults(input);
  const row: TaskDefinition = {
    ...scope,
    arn: taskDefinitionArn(scope, family, revision),
    family,
    revision,
    status: 'ACTIVE',
    document,
    requiresAttributes: requiredAttributes(document, registryHost),
    compatibilities: compatibilities(document, suitsFargate(input, registryHost)),
    registeredAt: now,
    registeredBy: ctx.caller.arn,
    tags: readTags(input.tags),
  };
  tx.put(families, { ...scope, family, lastRevision: revision });
  tx.put(taskDefinitions, row);
  return row;
}

/** A revision as DescribeTaskDefinition shows it. */
function output(row: TaskDefinition): TaskDefinitionOutput {
  return {
    taskDefinitionArn: row.arn,
    ...row.document,
    family: row.family,
    revision: row.revision,
    status: row.status,
    requiresAttributes: [...row.requiresAttributes],
    compatibilities: [...row.compatibilities],
    registeredAt: dateOf(row.registeredAt),
    ...given('deregisteredAt', row.deregisteredAt === undefined ? undefined : dateOf(row.deregisteredAt)),
    ...given('deleteRequestedAt', row.deleteRequestedAt === undefined ? undefined : dateOf(row.deleteRequestedAt)),
    registeredBy: row.registeredBy,
  };
}
