import { AwsError } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { KmsKey } from '../../model/kms/key.ts';
import type { LogDataKey, LogGroup } from '../../model/logs/log-group.ts';
import { faultOf } from '../keys/identify-key.ts';
import type { Vault } from '../keys/vault.ts';
import type { Reader } from '../store.ts';
import type { EventKey } from './event-cipher.ts';

const groupKeyBytes = 32;

interface KeyDeps {
  readonly store: Reader;
  readonly vault: Vault;
}

/** What CloudWatch Logs says of a key that it cannot use for a log group. */
export function keyDenied(group: Pick<LogGroup, 'arn'>): AwsError {
  const message = `The specified KMS key does not exist or is not allowed to be used with Arn '${group.arn}'`;
  return new AwsError('AccessDeniedException', message);
}

/** The group with a key of KMS, by which events are encrypted from now on; those that came before stay as they are. */
export function withKey(deps: { readonly vault: Vault; readonly ids: Ids }, group: LogGroup, key: KmsKey): LogGroup {
  const { vault, ids } = deps;
  const before = group.dataKeys ?? [];
  const had = before.some(({ kmsKeyArn }) => kmsKeyArn === key.arn);
  if (had) return { ...group, kmsKeyArn: key.arn };
  const wrapped = vault.encrypt(key, vault.random(groupKeyBytes), contextOf(group)).toString('base64');
  const dataKey = { id: Number.parseInt(ids.hex(8), 16), kmsKeyArn: key.arn, wrapped };
  return { ...group, kmsKeyArn: key.arn, dataKeys: [...before, dataKey] };
}

/** The data key for events that come now; `undefined` for a group without one. Throws AccessDeniedException. */
export function writingKey(deps: KeyDeps, group: LogGroup): EventKey | undefined {
  if (group.kmsKeyArn === undefined) return undefined;
  const dataKey = group.dataKeys?.find(({ kmsKeyArn }) => kmsKeyArn === group.kmsKeyArn);
  const opened = dataKey && opensWith(deps, group, dataKey);
  if (opened === undefined) throw keyDenied(group);
  return opened;
}

/** Those data keys that can be used, now, for events that came before. */
export function readingKeys(deps: KeyDeps, group: LogGroup): EventKey[] {
  return (group.dataKeys ?? []).flatMap((dataKey) => opensWith(deps, group, dataKey) ?? []);
}

/** KMS is asked each time: a key that is disabled is of no use from that moment on. */
function opensWith({ store, vault }: KeyDeps, group: LogGroup, { id, wrapped }: LogDataKey): EventKey | undefined {
  const opened = vault.decrypt(store, group, Buffer.from(wrapped, 'base64'), contextOf(group));
  if (typeof opened === 'string' || faultOf(opened.key, 'ENCRYPT_DECRYPT', 'Decrypt') !== undefined) return undefined;
  return { id, key: opened.plaintext };
}

/** "Encrypt log data in CloudWatch Logs using AWS Key Management Service", CloudWatch Logs User Guide. */
function contextOf({ arn }: LogGroup): Record<string, string> {
  return { 'aws:logs:arn': arn };
}
