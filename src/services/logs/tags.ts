import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import type { LogGroup } from '../../model/logs/log-group.ts';
import type { Tag } from '../../model/tags.ts';
import type { Transaction } from '../../store/store.ts';
import { logGroups } from '../../store/tables/logs.ts';
import type { LogsDeps } from './deps.ts';
import { broken, groupOf, logsErrors, nameIn } from './checks.ts';

/** Tags of log groups, by ARN and, as before 2022, by name. */
export function tagHandlers({ store }: LogsDeps) {
  const change = (group: (tx: Transaction) => LogGroup, to: (tags: readonly Tag[]) => readonly Tag[]) => {
    store.transact((tx) => {
      const row = group(tx);
      const tags = to(row.tags);
      if (tags.length > 50) {
        throw new AwsError('TooManyTagsException', 'A resource can have no more than 50 tags.', {
          members: { resourceName: row.arn },
        });
      }
      tx.put(logGroups, { ...row, tags });
    });
    return {};
  };
  const merge = (given: readonly Tag[]) => (before: readonly Tag[]) => [
    ...new Map([...before, ...given].map((tag) => [tag.key, tag])).values(),
  ];
  const drop = (keys: readonly string[]) => (before: readonly Tag[]) => before.filter((tag) => !keys.includes(tag.key));
  const byArn = (ctx: Ctx, resourceArn: string | undefined): string => {
    if (resourceArn?.startsWith('arn:') !== true) throw logsErrors.invalid(`Invalid ARN: ${resourceArn}`);
    return nameIn(ctx, resourceArn);
  };
  return {
    TagResource: (input, ctx) =>
      change((tx) => groupOf(tx, ctx, byArn(ctx, input.resourceArn)), merge(readTags(input.tags))),
    UntagResource: (input, ctx) =>
      change((tx) => groupOf(tx, ctx, byArn(ctx, input.resourceArn)), drop(input.tagKeys ?? [])),
    ListTagsForResource: (input, ctx) => ({ tags: sdkTags(groupOf(store, ctx, byArn(ctx, input.resourceArn))) }),
    TagLogGroup: (input, ctx) => change((tx) => groupOf(tx, ctx, input.logGroupName), merge(readTags(input.tags))),
    UntagLogGroup: (input, ctx) => change((tx) => groupOf(tx, ctx, input.logGroupName), drop(input.tags ?? [])),
    ListTagsLogGroup: (input, ctx) => ({ tags: sdkTags(groupOf(store, ctx, input.logGroupName)) }),
  } satisfies Handlers<typeof sdk>;
}

/** Checks tags as CloudWatch Logs does (TagKey and TagValue, API Reference). */
export function readTags(given: Readonly<Record<string, string>> | undefined): Tag[] {
  const tags = Object.entries(given ?? {}).map(([key, value]) => ({ key, value }));
  if (tags.length > 50) throw broken('tags', given, 'Member must have length less than or equal to 50');
  const characters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
  for (const { key, value } of tags) {
    if (key === '' || key.length > 128 || !characters.test(key)) {
      throw broken(
        'tags',
        given,
        `Map keys must have 1 to 128 characters of the pattern ${characters.source.slice(1, -1)}`,
      );
    }
    if (key.toLowerCase().startsWith('aws:')) {
      throw logsErrors.invalid('aws: prefixed tag key names are not allowed for external use.');
    }
    if (value.length > 256 || !characters.test(value)) {
      throw broken(
        'tags',
        given,
        `Map values must have at most 256 characters of the pattern ${characters.source.slice(1, -1)}`,
      );
    }
  }
  return tags;
}

function sdkTags(group: LogGroup): Record<string, string> {
  return Object.fromEntries(group.tags.map(({ key, value }) => [key, value]));
}
