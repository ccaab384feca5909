import type { KmsAlias, KmsKey } from '../../model/kms/key.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** KMS keys, by ARN. */
export const kmsKeys = table<KmsKey>()({
  name: 'kms.keys',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    /** Those whose time comes without anybody asking: they rotate, or go. */
    due: (row) => (row.rotation === undefined && row.deletionAt === undefined ? undefined : 'due'),
  },
});

/** Aliases, by account, region and name. */
export const kmsAliases = table<KmsAlias>()({
  name: 'kms.aliases',
  key: (row) => aliasKey(row, row.name),
  indexes: { scope: scopeOf, key: (row) => `${scopeOf(row)}/${row.keyId}` },
});

/** The key of an alias. */
export function aliasKey(scope: Scoped, name: string): string {
  return `${scopeOf(scope)}/${name}`;
}
