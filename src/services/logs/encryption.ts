import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { parseArn } from '../../base/arn.ts';
import type { LogGroup } from '../../model/logs/log-group.ts';
import { faultOf, identifyKey, isFault } from '../../store/keys/identify-key.ts';
import { keyDenied, withKey } from '../../store/logs/group-keys.ts';
import type { Reader } from '../../store/store.ts';
import { logGroups } from '../../store/tables/logs.ts';
import { broken, groupOf, logsErrors, nameIn } from './checks.ts';
import type { LogsDeps } from './deps.ts';

/**
 * Keys of KMS for log groups ("AssociateKmsKey", CloudWatch Logs API Reference): they encrypt what comes from then on, and what they encrypted
 * is read with them, whatever key the group has by then.
 */
export function encryptionHandlers(deps: LogsDeps) {
  const { store } = deps;
  return {
    AssociateKmsKey(input, ctx) {
      store.transact((tx) => {
        const group = groupNamed(tx, ctx, input);
        tx.put(logGroups, associated(deps, tx, group, input.kmsKeyId ?? ''));
      });
      return {};
    },

    DisassociateKmsKey(input, ctx) {
      store.transact((tx) => {
        const { kmsKeyArn: _gone, ...group } = groupNamed(tx, ctx, input);
        tx.put(logGroups, group);
      });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

/** The group with a key. Throws InvalidParameterException or AccessDeniedException for one that cannot be used. */
export function associated(
  deps: Pick<LogsDeps, 'vault' | 'ids'>,
  reader: Reader,
  group: LogGroup,
  kmsKeyId: string,
): LogGroup {
  if (kmsKeyId.length > 256) throw broken('kmsKeyId', kmsKeyId, 'Member must have length less than or equal to 256');
  const { service, resource = '' } = parseArn(kmsKeyId) ?? {};
  if (service !== 'kms' || !resource.startsWith('key/')) {
    throw logsErrors.invalid(`The specified KMS Key Id could not be found. '${group.name}'`);
  }
  const key = identifyKey(reader, group, kmsKeyId);
  if (isFault(key)) throw keyDenied(group);
  const fault = faultOf(key, 'ENCRYPT_DECRYPT', 'GenerateDataKey');
  // "you receive an InvalidParameterException error" ("AssociateKmsKey").
  if (fault !== undefined) throw logsErrors.invalid(fault.message);
  return withKey(deps, group, key);
}

/** The group that either of the two members names. */
function groupNamed(
  reader: Reader,
  ctx: Ctx,
  input: { readonly logGroupName?: string | undefined; readonly resourceIdentifier?: string | undefined },
): LogGroup {
  const { logGroupName: name, resourceIdentifier: identifier } = input;
  if ((name === undefined) === (identifier === undefined)) {
    throw logsErrors.invalid('Exactly one of logGroupName and resourceIdentifier must be given.');
  }
  if (identifier?.endsWith(':query-result:*') === true) {
    throw logsErrors.invalid('Results of queries are not supported by Stowage: there are no queries.');
  }
  return groupOf(reader, ctx, name ?? nameIn(ctx, identifier ?? ''));
}
