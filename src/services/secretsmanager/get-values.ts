import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Secret, SecretVersion } from '../../model/secretsmanager/secret.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { secrets, secretVersionKey, secretVersions } from '../../store/tables/secretsmanager.ts';
import { checkLength, checkRange } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { secretErrors } from './errors.ts';
import { readFilters } from './filters.ts';
import { secretOf } from './find.ts';
import { rotatedByHand } from './rotation.ts';
import { page } from './paging.ts';
import { addVersion, openVersion, readToken, readValue } from './values.ts';

const dayMs = 24 * 3600 * 1000;

/** The values of secrets: read and added. */
export function valueHandlers(deps: SecretsDeps) {
  const { store, clock } = deps;
  return {
    GetSecretValue(input, ctx) {
      checkLength('versionId', input.VersionId, 32, 64);
      checkLength('versionStage', input.VersionStage, 1, 256);
      const secret = secretOf(store, ctx, input.SecretId);
      const version = versionOf(store, secret, input.VersionId, input.VersionStage);
      return readOut(deps, secret, version);
    },

    BatchGetSecretValue(input, ctx) {
      const { SecretIdList: list = [], Filters: filters = [] } = input;
      if (list.length > 0 === filters.length > 0) {
        throw secretErrors.parameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
      }
      checkLength('secretIdList', input.SecretIdList, 1, 20);
      checkRange('maxResults', input.MaxResults, 1, 20);
      if (input.MaxResults !== undefined && filters.length === 0) {
        throw secretErrors.parameter(
          "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
        );
      }
      const matches = readFilters(filters);
      const found = store
        .by(secrets, 'scope', scopeOf(ctx))
        .filter((each) => each.deletion === undefined && matches(each));
      const { rows, rest } = page(found, ({ arn }) => arn, input, 20);
      const wanted = list.length > 0 ? list : rows.map(({ arn }) => arn);
      const values: sdk.SecretValueEntry[] = [];
      const errors: sdk.APIErrorType[] = [];
      for (const id of wanted) {
        try {
          const secret = secretOf(store, ctx, id);
          values.push(readOut(deps, secret, versionOf(store, secret, undefined, undefined)));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message });
        }
      }
      return { SecretValues: values, Errors: errors, ...(list.length > 0 ? {} : rest) };
    },

    PutSecretValue(input, ctx) {
      const value = readValue(input);
      if (value === undefined) throw secretErrors.request('You must provide either SecretString or SecretBinary.');
      const id = readToken(input.ClientRequestToken);
      checkLength('versionStages', input.VersionStages, 1, 20);
      for (const stage of input.VersionStages ?? []) checkLength('versionStages', stage, 1, 256);
      return store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        const { RotationToken: token } = input;
        if (token !== undefined && token !== secret.rotation?.run?.token) {
          throw secretErrors.parameter('The RotationToken is not that of a rotation of this secret that is under way.');
        }
        const stages = input.VersionStages ?? ['AWSCURRENT'];
        const version = addVersion(deps, tx, ctx, secret, { id, value, stages });
        const now = clock.now();
        const written = version.stages.includes('AWSCURRENT') ? rotatedByHand(secret, now) : secret;
        tx.put(secrets, { ...written, changedAt: now });
        return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...version.stages] };
      });
    },
  } satisfies Handlers<typeof sdk>;
}

/** The version that is asked for: by its id, by a label, or the current one. */
export function versionOf(
  reader: Reader,
  secret: Secret,
  id: string | undefined,
  stage: string | undefined,
): SecretVersion {
  if (id !== undefined) {
    const version = reader.get(secretVersions, secretVersionKey(secret.arn, id));
    if (version === undefined) throw secretErrors.noValue(`VersionId: ${id}`);
    if (stage !== undefined && !version.stages.includes(stage)) {
      throw secretErrors.request('You provided a VersionStage that is not associated to the provided VersionId.');
    }
    return version;
  }
  const wanted = stage ?? 'AWSCURRENT';
  const version = reader.by(secretVersions, 'secret', secret.arn).find(({ stages }) => stages.includes(wanted));
  if (version === undefined) throw secretErrors.noValue(`staging label: ${wanted}`);
  return version;
}

/** A value as it is answered; the day of the reading is noted. */
function readOut(deps: SecretsDeps, secret: Secret, version: SecretVersion) {
  const bytes = openVersion(deps, deps.store, secret, version);
  const today = Math.floor(deps.clock.now() / dayMs) * dayMs;
  if (secret.accessedAt !== today || version.accessedAt !== today) {
    deps.store.transact((tx) => {
      tx.put(secrets, { ...secret, accessedAt: today });
      tx.put(secretVersions, { ...version, accessedAt: today });
    });
  }
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    ...(version.kind === 'string' ? { SecretString: bytes.toString('utf8') } : { SecretBinary: bytes }),
    VersionStages: [...version.stages],
    CreatedDate: dateOf(version.createdAt),
  };
}
