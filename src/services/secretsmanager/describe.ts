import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Secret, SecretVersion } from '../../model/secretsmanager/secret.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { secrets, secretVersions } from '../../store/tables/secretsmanager.ts';
import { checkEnum } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { readFilters } from './filters.ts';
import { anySecret } from './find.ts';
import { page } from './paging.ts';

/** What secrets say of themselves, without their values. */
export function describeHandlers({ store }: SecretsDeps) {
  return {
    DescribeSecret(input, ctx) {
      const secret = anySecret(store, ctx, input.SecretId);
      const stages = stagesOf(store, secret);
      return {
        ...metadataOf(secret),
        ...given('DeletedDate', secret.deletion && dateOf(secret.deletion.finalAt)),
        ...(Object.keys(stages).length === 0 ? {} : { VersionIdsToStages: stages }),
      };
    },

    ListSecrets(input, ctx) {
      checkEnum('sortOrder', input.SortOrder, ['asc', 'desc']);
      checkEnum('sortBy', input.SortBy, ['created-date', 'last-accessed-date', 'last-changed-date', 'name']);
      const matches = readFilters(input.Filters);
      const found = store
        .by(secrets, 'scope', scopeOf(ctx))
        .filter((each) => (each.deletion === undefined || input.IncludePlannedDeletion === true) && matches(each));
      const keyOf = sortKey(input.SortBy ?? 'created-date');
      const { rows, rest } = page(found, keyOf, input, 100, input.SortOrder === 'desc');
      return {
        SecretList: rows.map((secret) => {
          const stages = stagesOf(store, secret);
          return {
            ...metadataOf(secret),
            ...given('DeletedDate', secret.deletion && dateOf(secret.deletion.at)),
            ...(Object.keys(stages).length === 0 ? {} : { SecretVersionsToStages: stages }),
          };
        }),
        ...rest,
      };
    },

    ListSecretVersionIds(input, ctx) {
      const secret = anySecret(store, ctx, input.SecretId);
      const versions = store
        .by(secretVersions, 'secret', secret.arn)
        .filter(({ stages }) => stages.length > 0 || input.IncludeDeprecated === true);
      const { rows, rest } = page(versions, ({ createdAt, id }) => `${sortable(createdAt)} ${id}`, input, 100);
      return { ARN: secret.arn, Name: secret.name, Versions: rows.map(versionEntry), ...rest };
    },
  } satisfies Handlers<typeof sdk>;
}

function metadataOf(secret: Secret) {
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...given('Description', secret.description),
    ...given('KmsKeyId', secret.kmsKeyId),
    LastChangedDate: dateOf(secret.changedAt),
    ...given('LastAccessedDate', secret.accessedAt === undefined ? undefined : dateOf(secret.accessedAt)),
    ...(secret.tags.length === 0 ? {} : { Tags: secret.tags.map(({ key: Key, value: Value }) => ({ Key, Value })) }),
    CreatedDate: dateOf(secret.createdAt),
    ...rotationOf(secret),
  };
}

/** "DescribeSecret": what is said of a secret once it has a rotation function. */
function rotationOf({ rotation }: Secret) {
  if (rotation === undefined) return {};
  const { enabled, functionArn, rules, lastAt, nextAt } = rotation;
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: functionArn,
    ...given(
      'RotationRules',
      rules && {
        ...given('AutomaticallyAfterDays', rules.automaticallyAfterDays),
        ...given('Duration', rules.duration),
        ...given('ScheduleExpression', rules.scheduleExpression),
      },
    ),
    ...given('LastRotatedDate', lastAt === undefined ? undefined : dateOf(lastAt)),
    ...given('NextRotationDate', nextAt === undefined ? undefined : dateOf(nextAt)),
  };
}

function versionEntry(version: SecretVersion) {
  return {
    VersionId: version.id,
    ...(version.stages.length === 0 ? {} : { VersionStages: [...version.stages] }),
    ...given('LastAccessedDate', version.accessedAt === undefined ? undefined : dateOf(version.accessedAt)),
    CreatedDate: dateOf(version.createdAt),
    KmsKeyIds: [version.kmsKeyId ?? 'DefaultEncryptionKey'],
  };
}

/** The labels by version; deprecated ones are not shown. */
function stagesOf(reader: Reader, { arn }: Secret): Record<string, string[]> {
  const versions = reader.by(secretVersions, 'secret', arn).filter(({ stages }) => stages.length > 0);
  return Object.fromEntries(versions.map(({ id, stages }) => [id, [...stages]]));
}

function sortKey(by: sdk.SortByType): (secret: Secret) => string {
  if (by === 'name') return ({ name }) => name;
  return (secret) => {
    const at = { 'created-date': secret.createdAt, 'last-changed-date': secret.changedAt }[by as string];
    return `${sortable(at ?? secret.accessedAt ?? 0)} ${secret.arn}`;
  };
}

function sortable(at: number): string {
  return String(at).padStart(16, '0');
}
