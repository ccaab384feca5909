import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import { defaultSecretKey, type Secret } from '../../model/secretsmanager/secret.ts';
import { scopeOf } from '../../model/tags.ts';
import { deleteSecret, findSecret } from '../../store/secrets.ts';
import { secretNameKey, secrets, secretVersions } from '../../store/tables/secretsmanager.ts';
import { checkLength } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { notHere, secretErrors } from './errors.ts';
import { anySecret, secretOf } from './find.ts';
import { rotatedByHand } from './rotation.ts';
import { readTags } from './tags.ts';
import { addVersion, encryptAgain, readToken, readValue } from './values.ts';

const dayMs = 24 * 3600 * 1000;
/** "Secrets Manager quotas". */
const mostSecrets = 500_000;

/** Secrets: made, changed, deleted and restored. */
export function secretHandlers(deps: SecretsDeps) {
  const { store, clock, ids } = deps;
  return {
    CreateSecret(input, ctx) {
      refuseForeign(input);
      const name = readName(input.Name);
      checkLength('description', input.Description, 0, 2048);
      checkLength('kmsKeyId', input.KmsKeyId, 0, 2048);
      const tags = readTags(input.Tags);
      const value = readValue(input);
      const id = value === undefined ? undefined : readToken(input.ClientRequestToken);
      const now = clock.now();
      return store.transact((tx) => {
        const [known] = tx.by(secrets, 'name', secretNameKey(ctx, name));
        if (known?.deletion !== undefined) {
          throw secretErrors.request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
          );
        }
        if (known !== undefined) {
          // The same request again: its version is there, with the same value.
          const again = id !== undefined && tx.by(secretVersions, 'secret', known.arn).some((each) => each.id === id);
          if (!again || value === undefined) {
            throw secretErrors.exists(`The operation failed because the secret ${name} already exists.`);
          }
          addVersion(deps, tx, ctx, known, { id, value, stages: ['AWSCURRENT'] });
          return { ARN: known.arn, Name: name, VersionId: id };
        }
        if (tx.countBy(secrets, 'scope', scopeOf(ctx)) >= mostSecrets) {
          throw secretErrors.limit('The request failed because it would exceed one of the Secrets Manager quotas.');
        }
        const secret: Secret = {
          account: ctx.account,
          region: ctx.region,
          name,
          arn: arn('secretsmanager', ctx.region, ctx.account, `secret:${name}-${suffix(ids)}`),
          ...given('description', input.Description),
          ...given('kmsKeyId', keyIdOf(input.KmsKeyId)),
          createdAt: now,
          changedAt: now,
          tags,
        };
        tx.put(secrets, secret);
        if (value === undefined || id === undefined) return { ARN: secret.arn, Name: name };
        addVersion(deps, tx, ctx, secret, { id, value, stages: ['AWSCURRENT'] });
        return { ARN: secret.arn, Name: name, VersionId: id };
      });
    },

    UpdateSecret(input, ctx) {
      if (input.Type !== undefined) throw notHere('Type');
      checkLength('description', input.Description, 0, 2048);
      checkLength('kmsKeyId', input.KmsKeyId, 0, 2048);
      const value = readValue(input);
      const id = value === undefined ? undefined : readToken(input.ClientRequestToken);
      return store.transact((tx) => {
        const before = secretOf(tx, ctx, input.SecretId);
        const { kmsKeyId: _, ...rest } = before;
        const key = input.KmsKeyId === undefined ? before.kmsKeyId : keyIdOf(input.KmsKeyId);
        const after: Secret = {
          ...rest,
          ...given('description', input.Description ?? before.description),
          ...given('kmsKeyId', key),
          changedAt: clock.now(),
        };
        tx.put(secrets, after);
        if (key !== before.kmsKeyId) encryptAgain(deps, tx, ctx, before, after);
        if (value === undefined || id === undefined) return { ARN: after.arn, Name: after.name };
        addVersion(deps, tx, ctx, after, { id, value, stages: ['AWSCURRENT'] });
        tx.put(secrets, rotatedByHand(after, clock.now()));
        return { ARN: after.arn, Name: after.name, VersionId: id };
      });
    },

    DeleteSecret(input, ctx) {
      const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force = false } = input;
      if (force && days !== undefined) {
        throw secretErrors.parameter(
          "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        );
      }
      if (days !== undefined && (days < 7 || days > 30)) {
        throw secretErrors.parameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
      }
      const now = clock.now();
      return store.transact((tx) => {
        const found = findSecret(tx, ctx, input.SecretId ?? '');
        if (force) {
          // "If you forcibly delete an already deleted or nonexistent secret, the operation does not return an error."
          if (found !== undefined) deleteSecret(tx, found);
          const name = found?.name ?? input.SecretId ?? '';
          const noArn = name.startsWith('arn:')
            ? name
            : arn('secretsmanager', ctx.region, ctx.account, `secret:${name}`);
          return { ARN: found?.arn ?? noArn, Name: name, DeletionDate: dateOf(now) };
        }
        const secret = anySecret(tx, ctx, input.SecretId);
        if (secret.deletion !== undefined) {
          throw secretErrors.request(
            "You can't perform this operation on the secret because it was already scheduled for deletion.",
          );
        }
        const finalAt = now + (days ?? 30) * dayMs;
        tx.put(secrets, { ...secret, deletion: { at: now, finalAt } });
        return { ARN: secret.arn, Name: secret.name, DeletionDate: dateOf(finalAt) };
      });
    },

    RestoreSecret(input, ctx) {
      return store.transact((tx) => {
        const { deletion: _, ...secret } = anySecret(tx, ctx, input.SecretId);
        tx.put(secrets, secret);
        return { ARN: secret.arn, Name: secret.name };
      });
    },
  } satisfies Handlers<typeof sdk>;
}

function refuseForeign(input: sdk.CreateSecretRequest): void {
  if ((input.AddReplicaRegions?.length ?? 0) > 0) throw notHere('AddReplicaRegions');
  if (input.ForceOverwriteReplicaSecret === true) throw notHere('ForceOverwriteReplicaSecret');
  if (input.Type !== undefined) throw notHere('Type');
}

function readName(name: string | undefined): string {
  const value = name ?? '';
  checkLength('name', value, 1, 512);
  if (!/^[A-Za-z0-9/_+=.@!-]+$/.test(value)) {
    throw secretErrors.validation(
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
  }
  return value;
}

/** AWS's own key need not be named; naming it is the same. */
function keyIdOf(given: string | undefined): string | undefined {
  return given === undefined || given === '' || given === defaultSecretKey ? undefined : given;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function suffix(ids: Ids): string {
  return Array.from({ length: 6 }, () => letters[Math.floor(ids.random() * letters.length)]).join('');
}
