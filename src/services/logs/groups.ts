import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Handlers } from '../../aws/handlers.ts';
import { scopeOf } from '../../model/tags.ts';
import type { LogGroup } from '../../model/logs/log-group.ts';
import { logGroupKey, logGroups, logStreamKey, logStreams, newLogGroup } from '../../store/tables/logs.ts';
import { AwsError } from '../../base/errors.ts';
import type { LogsDeps } from './deps.ts';
import { associated } from './encryption.ts';
import { bounded, broken, groupName, groupOf, logsErrors, nameIn } from './checks.ts';
import { page } from './paging.ts';
import { readTags } from './tags.ts';

/** The days of retention that may be chosen ("PutRetentionPolicy", CloudWatch Logs API Reference). */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Log groups and their retention. */
export function groupHandlers(deps: LogsDeps) {
  const { store, clock, ids, logs } = deps;
  return {
    CreateLogGroup(input, ctx) {
      const name = groupName(input.logGroupName);
      if (name.startsWith('aws/')) throw logsErrors.invalid('Log groups starting with AWS/ are reserved for AWS.');
      const logGroupClass = classOf(input.logGroupClass ?? 'STANDARD');
      const tags = readTags(input.tags);
      store.transact((tx) => {
        if (tx.get(logGroups, logGroupKey(ctx, name)) !== undefined) throw logsErrors.exists('group');
        const group = {
          ...newLogGroup(ctx, name, clock.now(), ids),
          logGroupClass,
          deletionProtectionEnabled: input.deletionProtectionEnabled ?? false,
          tags,
        };
        tx.put(logGroups, input.kmsKeyId === undefined ? group : associated(deps, tx, group, input.kmsKeyId));
      });
      return {};
    },

    DeleteLogGroup(input, ctx) {
      store.transact((tx) => {
        const group = groupOf(tx, ctx, input.logGroupName);
        if (group.deletionProtectionEnabled) {
          throw new AwsError(
            'ValidationException',
            `Log group ${group.name} has deletion protection: disable it with PutLogGroupDeletionProtection first.`,
          );
        }
        const key = logGroupKey(group, group.name);
        for (const { name } of tx.by(logStreams, 'group', key))
          tx.delete(logStreams, logStreamKey(group, group.name, name));
        tx.delete(logGroups, key);
      });
      return {};
    },

    async DescribeLogGroups(input, ctx) {
      const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = input;
      if (prefix !== undefined && pattern !== undefined) {
        throw logsErrors.invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
      }
      if (prefix !== undefined) groupName(prefix, 'logGroupNamePrefix');
      if (input.includeLinkedAccounts === true || (input.accountIdentifiers ?? []).some((id) => id !== ctx.account)) {
        throw logsErrors.invalid('Log groups of other accounts are not available: no monitoring account is set up.');
      }
      const only = input.logGroupIdentifiers && new Set(input.logGroupIdentifiers.map((each) => nameIn(ctx, each)));
      const wanted = store
        .by(logGroups, 'scope', scopeOf(ctx))
        .filter(
          ({ name }) => name.startsWith(prefix ?? '') && name.includes(pattern ?? '') && only?.has(name) !== false,
        )
        .filter((group) => group.logGroupClass === (input.logGroupClass ?? group.logGroupClass));
      const limit = bounded('limit', input.limit, 50, 50);
      const { rows, ...rest } = page(wanted, (group) => group.name, { limit, token: input.nextToken });
      const stored = new Map<number, number>();
      for (const { group, bytes } of await logs.stats(rows)) stored.set(group, (stored.get(group) ?? 0) + bytes);
      return { logGroups: rows.map((group) => sdkGroup(group, stored.get(group.eventsId) ?? 0)), ...rest };
    },

    PutRetentionPolicy(input, ctx) {
      const days = input.retentionInDays ?? 0;
      if (!retentions.includes(days)) {
        throw broken('retentionInDays', days, `Member must satisfy enum value set: [${retentions.join(', ')}]`);
      }
      store.transact((tx) => tx.put(logGroups, { ...groupOf(tx, ctx, input.logGroupName), retentionInDays: days }));
      return {};
    },

    DeleteRetentionPolicy(input, ctx) {
      store.transact((tx) => {
        const { retentionInDays: _gone, ...group } = groupOf(tx, ctx, input.logGroupName);
        tx.put(logGroups, group);
      });
      return {};
    },

    PutLogGroupDeletionProtection(input, ctx) {
      const deletionProtectionEnabled = input.deletionProtectionEnabled ?? false;
      store.transact((tx) => {
        const group = groupOf(tx, ctx, nameIn(ctx, input.logGroupIdentifier ?? ''));
        tx.put(logGroups, { ...group, deletionProtectionEnabled });
      });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

function classOf(given: string): LogGroup['logGroupClass'] {
  if (given === 'STANDARD' || given === 'INFREQUENT_ACCESS') return given;
  if (given === 'DELIVERY') throw logsErrors.invalid('Log groups of class DELIVERY are not available here.');
  throw broken('logGroupClass', given, 'Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]');
}

function sdkGroup(group: LogGroup, storedBytes: number) {
  return {
    logGroupName: group.name,
    creationTime: group.createdAt,
    ...(group.retentionInDays === undefined ? {} : { retentionInDays: group.retentionInDays }),
    // There are no metric filters (PutMetricFilter is not served).
    metricFilterCount: 0,
    arn: `${group.arn}:*`,
    logGroupArn: group.arn,
    logGroupClass: group.logGroupClass,
    storedBytes,
    ...(group.kmsKeyArn === undefined ? {} : { kmsKeyId: group.kmsKeyArn }),
    deletionProtectionEnabled: group.deletionProtectionEnabled,
  };
}
