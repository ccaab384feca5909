import type { Reader } from '../../store/store.ts';
import { kmsKeys } from '../../store/tables/kms.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import { parameterKey, parameters } from '../../store/tables/ssm.ts';
import type { Deadline } from './plan.ts';

/** Every deadline that a row of KMS, Parameter Store or Secrets Manager has. */
export function observeDeadlines(reader: Reader): Deadline[] {
  const keys = reader.by(kmsKeys, 'due', 'due').flatMap(({ arn, deletionAt, rotation, state }): Deadline[] => {
    if (deletionAt !== undefined) return [{ kind: 'delete-key', key: arn, at: deletionAt }];
    // "AWS KMS does not rotate the key material of disabled KMS keys" (Rotate AWS KMS keys, KMS Developer Guide).
    return rotation === undefined || state !== 'Enabled' ? [] : [{ kind: 'rotate-key', key: arn, at: rotation.nextAt }];
  });
  const expiring = reader
    .by(parameters, 'due', 'due')
    .flatMap((row): Deadline[] =>
      row.expiresAt === undefined
        ? []
        : [{ kind: 'expire-parameter', key: parameterKey(row, row.name), at: row.expiresAt }],
    );
  const deleted = reader
    .by(secrets, 'due', 'due')
    .flatMap(({ arn, deletion }): Deadline[] =>
      deletion === undefined ? [] : [{ kind: 'delete-secret', key: arn, at: deletion.finalAt }],
    );
  return [...keys, ...expiring, ...deleted];
}
