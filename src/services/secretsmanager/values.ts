import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import {
  defaultSecretKey,
  encryptionContextOf,
  type Secret,
  type SecretVersion,
} from '../../model/secretsmanager/secret.ts';
import { movedTo } from '../../model/secretsmanager/stages.ts';
import type { KmsKey } from '../../model/kms/key.ts';
import { faultOf, identifyKey, isFault } from '../../store/keys/identify-key.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { secretVersionKey, secretVersions } from '../../store/tables/secretsmanager.ts';
import { checkLength } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { secretErrors } from './errors.ts';

/** The largest value, in bytes ("Secrets Manager quotas", Secrets Manager User Guide). */
const largestValue = 65_536;
/** As many versions without a label as are kept beside those with one. */
const deprecatedKept = 100;

/** A value as a caller gives it, and as it is answered. */
export interface SecretValue {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/** Checks a value; `undefined` when none is given. */
export function readValue(input: SecretValue): { kind: SecretVersion['kind']; bytes: Buffer } | undefined {
  const { SecretString, SecretBinary } = input;
  if (SecretString !== undefined && SecretBinary !== undefined) {
    throw secretErrors.parameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (SecretString === undefined && SecretBinary === undefined) return undefined;
  const bytes = SecretString === undefined ? Buffer.from(SecretBinary ?? []) : Buffer.from(SecretString, 'utf8');
  const member = SecretString === undefined ? 'secretBinary' : 'secretString';
  checkLength(member, bytes, 1, largestValue, { sensitive: true });
  return { kind: SecretString === undefined ? 'binary' : 'string', bytes };
}

/** Checks the token that becomes the id of a version. */
export function readToken(token: string | undefined): string {
  if (token === undefined) throw secretErrors.noToken();
  if (token.length < 32 || token.length > 64) {
    throw secretErrors.parameter('ClientRequestToken must be 32-64 characters long.');
  }
  return token;
}

/**
 * Adds a value to a secret. The same one under the same id again changes nothing; another one is refused. Labels are taken
 * from the versions that had them; the first version of all is the current one.
 */
export function addVersion(
  deps: SecretsDeps,
  tx: Transaction,
  ctx: Ctx,
  secret: Secret,
  version: {
    readonly id: string;
    readonly value: { readonly kind: SecretVersion['kind']; readonly bytes: Buffer };
    readonly stages: readonly string[];
  },
): SecretVersion {
  const { id, value, stages } = version;
  const known = tx.get(secretVersions, secretVersionKey(secret.arn, id));
  // That of a rotation waits for its value.
  if (known?.ciphertext !== undefined) {
    if (known.kind === value.kind && openVersion(deps, tx, secret, known).equals(value.bytes)) return known;
    throw secretErrors.exists(
      `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  const before = tx.by(secretVersions, 'secret', secret.arn).filter((each) => each.id !== id);
  const current = before.some((each) => each.stages.includes('AWSCURRENT'));
  const row: SecretVersion = {
    secretArn: secret.arn,
    id,
    ciphertext: encrypt(deps, tx, ctx, secret, id, value.bytes),
    kind: value.kind,
    ...given('kmsKeyId', secret.kmsKeyId),
    stages: known?.stages ?? [],
    createdAt: deps.clock.now(),
  };
  const labels = [...new Set(current ? stages : [...stages, 'AWSCURRENT'])];
  let all: readonly SecretVersion[] = [...before, row];
  for (const label of labels) all = movedTo(all, label, id);
  for (const each of all) tx.put(secretVersions, each);
  const deprecated = all.filter((each) => each.stages.length === 0).toSorted((a, b) => b.createdAt - a.createdAt);
  for (const each of deprecated.slice(deprecatedKept)) {
    tx.delete(secretVersions, secretVersionKey(secret.arn, each.id));
  }
  return all.find((each) => each.id === id) ?? row;
}

/** Encrypts the labelled versions of a secret again, whose key was changed. */
export function encryptAgain(deps: SecretsDeps, tx: Transaction, ctx: Ctx, before: Secret, after: Secret): void {
  for (const version of tx.by(secretVersions, 'secret', after.arn)) {
    if (version.stages.length === 0 || version.ciphertext === undefined) continue;
    const bytes = openVersion(deps, tx, before, version);
    const { kmsKeyId: _, ...rest } = version;
    const ciphertext = encrypt(deps, tx, ctx, after, version.id, bytes);
    tx.put(secretVersions, { ...rest, ...given('kmsKeyId', after.kmsKeyId), ciphertext });
  }
}

/** The value of a version in clear. Throws DecryptionFailure, and ResourceNotFoundException for one that a rotation has not made yet. */
export function openVersion(deps: SecretsDeps, reader: Reader, secret: Secret, version: SecretVersion): Buffer {
  if (version.ciphertext === undefined) throw secretErrors.noValue(`VersionId: ${version.id}`);
  const context = encryptionContextOf(secret.arn, version.id);
  const opened = deps.vault.decrypt(reader, secret, Buffer.from(version.ciphertext, 'base64'), context);
  if (typeof opened === 'string') throw secretErrors.decryption('The key does not exist any more.');
  const fault = faultOf(opened.key, 'ENCRYPT_DECRYPT', 'Decrypt');
  if (fault !== undefined) throw secretErrors.decryption(fault.message);
  return opened.plaintext;
}

/** The key of a secret, AWS's own unless it names one. Throws EncryptionFailure. */
function keyOf({ vault, clock }: SecretsDeps, tx: Transaction, ctx: Ctx, keyId: string | undefined): KmsKey {
  const key =
    keyId === undefined || keyId === defaultSecretKey
      ? vault.managed(tx, ctx, defaultSecretKey, clock.now())
      : identifyKey(tx, ctx, keyId);
  if (isFault(key)) throw secretErrors.encryption(key.message);
  const fault = faultOf(key, 'ENCRYPT_DECRYPT', 'Encrypt');
  if (fault !== undefined) throw secretErrors.encryption(fault.message);
  return key;
}

function encrypt(deps: SecretsDeps, tx: Transaction, ctx: Ctx, secret: Secret, versionId: string, bytes: Buffer) {
  const key = keyOf(deps, tx, ctx, secret.kmsKeyId);
  return deps.vault.encrypt(key, bytes, encryptionContextOf(secret.arn, versionId)).toString('base64');
}
