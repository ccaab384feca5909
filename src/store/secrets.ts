import { parseArn } from '../base/arn.ts';
import type { Secret } from '../model/secretsmanager/secret.ts';
import type { Scoped } from '../model/tags.ts';
import type { Reader, Transaction } from './store.ts';
import { secretNameKey, secrets, secretVersionKey, secretVersions } from './tables/secretsmanager.ts';

/**
 * The secret that a name, an ARN or an ARN without its last six characters names. An ARN that ends like a whole one is taken
 * for whole ("SecretId", GetSecretValue, Secrets Manager API Reference).
 */
export function findSecret(reader: Reader, scope: Scoped, identifier: string): Secret | undefined {
  if (!identifier.startsWith('arn:')) return reader.by(secrets, 'name', secretNameKey(scope, identifier))[0];
  const whole = reader.get(secrets, identifier);
  if (whole !== undefined) return whole.account === scope.account && whole.region === scope.region ? whole : undefined;
  const parsed = parseArn(identifier);
  const name = parsed?.resource.replace(/^secret:/, '') ?? '';
  const here =
    parsed?.service === 'secretsmanager' && parsed.region === scope.region && parsed.account === scope.account;
  if (!here || /-[A-Za-z0-9]{6}$/.test(name)) return undefined;
  return reader.by(secrets, 'name', secretNameKey(scope, name))[0];
}

/** Deletes a secret for good, with all its values. */
export function deleteSecret(tx: Transaction, { arn }: Secret): void {
  for (const { id } of tx.by(secretVersions, 'secret', arn)) tx.delete(secretVersions, secretVersionKey(arn, id));
  tx.delete(secrets, arn);
}
