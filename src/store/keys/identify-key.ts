import { parseArn } from '../../base/arn.ts';
import { aliasArn, keyArn, keySpecs, type KmsKey } from '../../model/kms/key.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../store.ts';
import { findKey } from './vault.ts';

/** Why KMS will not do what it is asked with a key: its error. Other services hand it on inside of theirs. */
export interface KeyFault {
  readonly code:
    | 'NotFoundException'
    | 'InvalidArnException'
    | 'DisabledException'
    | 'KMSInvalidStateException'
    | 'InvalidKeyUsageException';
  readonly message: string;
}

/** The key that an id, key ARN, alias name or alias ARN names, or what KMS says when it names none. */
export function identifyKey(reader: Reader, scope: Scoped, identifier: string): KmsKey | KeyFault {
  const key = findKey(reader, scope, identifier);
  if (key !== undefined) return key;
  const parsed = parseArn(identifier);
  if (identifier.startsWith('arn:') && parsed?.service !== 'kms') {
    return { code: 'InvalidArnException', message: `Invalid arn ${identifier}` };
  }
  const notFound = (message: string): KeyFault => ({ code: 'NotFoundException', message });
  if (parsed !== undefined && parsed.region !== scope.region) return notFound(`Invalid arn ${parsed.region}`);
  const name = parsed?.resource ?? identifier;
  if (name.startsWith('alias/')) {
    return notFound(`Alias ${parsed === undefined ? aliasArn(scope, name) : identifier} is not found.`);
  }
  const id = name.replace(/^key\//, '');
  if (!/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/.test(id)) {
    return notFound(`Invalid keyId '${id}'`);
  }
  return notFound(`Key '${parsed === undefined ? keyArn(scope, id) : identifier}' does not exist`);
}

/** Why a key cannot be used as it is, or not for this; `undefined` when it can. */
export function faultOf(
  key: KmsKey,
  usage: (typeof keySpecs)[keyof typeof keySpecs]['usage'],
  operation: string,
): KeyFault | undefined {
  const own = keySpecs[key.spec].usage;
  if (own !== usage) {
    const message = `${key.arn} key usage is ${own} which is not valid for ${operation}.`;
    return { code: 'InvalidKeyUsageException', message };
  }
  if (key.state === 'PendingDeletion') {
    return { code: 'KMSInvalidStateException', message: `${key.arn} is pending deletion.` };
  }
  return key.state === 'Disabled' ? { code: 'DisabledException', message: `${key.arn} is disabled.` } : undefined;
}

/** Whether what was looked for is a fault. */
export function isFault(found: KmsKey | KeyFault): found is KeyFault {
  return 'code' in found;
}
