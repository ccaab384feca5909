import type { Secret, SecretVersion } from '../../model/secretsmanager/secret.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Secrets, by ARN. */
export const secrets = table<Secret>()({
  name: 'secretsmanager.secrets',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    name: (row) => secretNameKey(row, row.name),
    due: (row) => (row.deletion === undefined ? undefined : 'due'),
    rotation: (row) => (row.rotation === undefined ? undefined : 'on'),
  },
});

/** Their values. */
export const secretVersions = table<SecretVersion>()({
  name: 'secretsmanager.versions',
  key: (row) => secretVersionKey(row.secretArn, row.id),
  indexes: { secret: (row) => row.secretArn },
});

/** The value of the secrets' `name` index. */
export function secretNameKey(scope: Scoped, name: string): string {
  return `${scopeOf(scope)}/${name}`;
}

/** The key of a version. */
export function secretVersionKey(secretArn: string, versionId: string): string {
  return `${secretArn} ${versionId}`;
}
