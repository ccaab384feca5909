import type { Ctx } from '../../aws/handlers.ts';
import { encryptionContextOf, type ParameterVersion } from '../../model/ssm/parameter.ts';
import { faultOf, identifyKey, isFault, type KeyFault } from '../../store/keys/identify-key.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';

/** The key of those who name none. */
export const defaultKey = 'alias/aws/ssm';

/** What KMS makes of a SecureString's value, base64. Throws InvalidKeyId. */
export function encryptValue(
  deps: SsmDeps,
  tx: Transaction,
  ctx: Ctx,
  what: { readonly name: string; readonly keyId: string; readonly value: string },
): string {
  const { vault, clock } = deps;
  const key =
    what.keyId === defaultKey ? vault.managed(tx, ctx, defaultKey, clock.now()) : identifyKey(tx, ctx, what.keyId);
  if (isFault(key)) throw invalidKey(key, ctx);
  const fault = faultOf(key, 'ENCRYPT_DECRYPT', 'Encrypt');
  if (fault !== undefined) throw invalidKey(fault, ctx);
  return vault.encrypt(key, Buffer.from(what.value, 'utf8'), encryptionContextOf(ctx, what.name)).toString('base64');
}

/** A version's value as it is answered: a SecureString's in clear only when that is asked for. Throws InvalidKeyId. */
export function valueOf(deps: SsmDeps, reader: Reader, ctx: Ctx, version: ParameterVersion, decrypt: boolean): string {
  if (version.type !== 'SecureString' || !decrypt) return version.value;
  const context = encryptionContextOf(version, version.name);
  const opened = deps.vault.decrypt(reader, version, Buffer.from(version.value, 'base64'), context);
  if (typeof opened === 'string') {
    throw ssmErrors.invalidKey(`The key that encrypted ${version.name} does not exist any more.`);
  }
  const fault = faultOf(opened.key, 'ENCRYPT_DECRYPT', 'Decrypt');
  if (fault !== undefined) throw invalidKey(fault, ctx);
  return opened.plaintext.toString('utf8');
}

/** KMS's error inside of Systems Manager's, as AWS nests it. */
function invalidKey({ code, message }: KeyFault, ctx: Ctx): Error {
  const nested = `(Service: AWSKMS; Status Code: 400; Error Code: ${code}; Request ID: ${ctx.requestId})`;
  return ssmErrors.invalidKey(`${message} ${nested}`);
}
