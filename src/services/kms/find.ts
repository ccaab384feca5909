import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { aliasArn, managedKeys, type KmsAlias, type KmsKey } from '../../model/kms/key.ts';
import { faultOf, identifyKey, isFault } from '../../store/keys/identify-key.ts';
import { findKey } from '../../store/keys/vault.ts';
import type { Reader } from '../../store/store.ts';
import { aliasKey, kmsAliases } from '../../store/tables/kms.ts';
import { checkLength } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { kmsErrors } from './errors.ts';

/** The key that any of its names names ("Key identifiers", KMS Developer Guide), AWS's own made on first use. */
export function keyOf({ store, vault, clock }: KmsDeps, ctx: Ctx, identifier: string | undefined): KmsKey {
  const name = (identifier ?? '').replace(/^arn:[^/]*:(?=alias\/)/, '');
  const isOurs = !identifier?.startsWith('arn:') || identifier === aliasArn(ctx, name);
  if (name in managedKeys && isOurs && findKey(store, ctx, name) === undefined) {
    return store.transact((tx) => vault.managed(tx, ctx, name, clock.now()));
  }
  return existingKey(store, ctx, identifier);
}

/** The same for a key that exists. */
export function existingKey(reader: Reader, ctx: Ctx, identifier: string | undefined): KmsKey {
  const given = identifier ?? '';
  checkLength('keyId', given, 1, 2048);
  const key = identifyKey(reader, ctx, given);
  if (isFault(key)) throw new AwsError(key.code, key.message);
  return key;
}

/** A key by its id or key ARN, as the operations want it that change keys: an alias will not do. */
export function keyById(reader: Reader, ctx: Ctx, identifier: string | undefined): KmsKey {
  if (/(^|:)alias\//.test(identifier ?? '')) throw kmsErrors.notFound(`Invalid keyId '${identifier}'`);
  return existingKey(reader, ctx, identifier);
}

/** Refuses to change a key that AWS manages ("AWS managed keys", KMS Developer Guide). */
export function ownKey(reader: Reader, ctx: Ctx, identifier: string | undefined, operation: string): KmsKey {
  const key = keyById(reader, ctx, identifier);
  if (key.manager === 'CUSTOMER') return key;
  throw kmsErrors.denied(
    `User: ${ctx.caller.arn} is not authorized to perform: kms:${operation} on resource: ${key.arn} because no resource-based policy allows the kms:${operation} action`,
  );
}

/** Throws what KMS says of a key that waits to be deleted. */
export function notPending(key: KmsKey): KmsKey {
  if (key.state === 'PendingDeletion') throw kmsErrors.state(`${key.arn} is pending deletion.`);
  return key;
}

/** Throws what KMS says of a key that cannot be used as it is, or not for this. */
export function usableKey(key: KmsKey, usage: 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC', operation: string): KmsKey {
  const fault = faultOf(key, usage, operation);
  if (fault !== undefined) throw new AwsError(fault.code, fault.message);
  return key;
}

/** An alias by its name. */
export function aliasOf(reader: Reader, ctx: Ctx, name: string): KmsAlias {
  const alias = reader.get(kmsAliases, aliasKey(ctx, name));
  if (alias === undefined) throw kmsErrors.notFound(`Alias ${aliasArn(ctx, name)} is not found.`);
  return alias;
}
