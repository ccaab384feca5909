import type { Ctx } from '../../aws/handlers.ts';
import { parseArn } from '../../base/arn.ts';
import { aliasArn, keyArn, keySpecs, managedKeys, type KmsAlias, type KmsKey } from '../../model/kms/key.ts';
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

/** The same for a key that exists. Throws NotFoundException as KMS words it. */
export function existingKey(reader: Reader, ctx: Ctx, identifier: string | undefined): KmsKey {
  const given = identifier ?? '';
  checkLength('keyId', given, 1, 2048);
  const key = findKey(reader, ctx, given);
  if (key !== undefined) return key;
  const parsed = parseArn(given);
  if (given.startsWith('arn:') && (parsed === undefined || parsed.service !== 'kms')) {
    throw kmsErrors.invalidArn(`Invalid arn ${given}`);
  }
  if (parsed !== undefined && parsed.region !== ctx.region) throw kmsErrors.notFound(`Invalid arn ${parsed.region}`);
  const name = parsed?.resource ?? given;
  if (name.startsWith('alias/')) {
    throw kmsErrors.notFound(`Alias ${parsed === undefined ? aliasArn(ctx, name) : given} is not found.`);
  }
  const id = name.replace(/^key\//, '');
  if (!/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/.test(id)) {
    throw kmsErrors.notFound(`Invalid keyId '${id}'`);
  }
  throw kmsErrors.notFound(`Key '${parsed === undefined ? keyArn(ctx, id) : given}' does not exist`);
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
  const own = keySpecs[key.spec].usage;
  if (own !== usage) {
    throw kmsErrors.usage(`${key.arn} key usage is ${own} which is not valid for ${operation}.`);
  }
  notPending(key);
  if (key.state === 'Disabled') throw kmsErrors.disabled(key.arn);
  return key;
}

/** An alias by its name. */
export function aliasOf(reader: Reader, ctx: Ctx, name: string): KmsAlias {
  const alias = reader.get(kmsAliases, aliasKey(ctx, name));
  if (alias === undefined) throw kmsErrors.notFound(`Alias ${aliasArn(ctx, name)} is not found.`);
  return alias;
}
