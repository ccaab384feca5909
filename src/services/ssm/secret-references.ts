import type { Ctx } from '../../aws/handlers.ts';
import { dateOf, isoOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { encryptionContextOf } from '../../model/secretsmanager/secret.ts';
import { parameterArn } from '../../model/ssm/parameter.ts';
import { findSecret } from '../../store/secrets.ts';
import { secretVersions } from '../../store/tables/secretsmanager.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import type { Selected } from './names.ts';

const prefix = '/aws/reference/secretsmanager/';

/**
 * A secret of Secrets Manager, read as if it were a parameter; a selector names a version by its id or label. `undefined` when
 * the name refers to none ("Referencing Secrets Manager secrets from Parameter Store parameters").
 */
export function referencedSecret({ store, vault }: SsmDeps, ctx: Ctx, { name, selector }: Selected, decrypt: boolean) {
  if (!name.startsWith(prefix)) return undefined;
  if (!decrypt) {
    throw ssmErrors.validation('WithDecryption flag must be True for retrieving a Secret Manager secret.');
  }
  const missing = new AwsError(
    'ParameterNotFound',
    `An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret ${name}${selector} not found.`,
  );
  const secret = findSecret(store, ctx, name.slice(prefix.length));
  if (secret === undefined || secret.deletion !== undefined) throw missing;
  const wanted = selector === '' ? 'AWSCURRENT' : selector.slice(1);
  const version = store
    .by(secretVersions, 'secret', secret.arn)
    .find(({ id, stages }) => id === wanted || stages.includes(wanted));
  if (version?.kind !== 'string' || version.ciphertext === undefined) throw missing;
  const context = encryptionContextOf(secret.arn, version.id);
  const opened = vault.decrypt(store, secret, Buffer.from(version.ciphertext, 'base64'), context);
  if (typeof opened === 'string' || opened.key.state !== 'Enabled') {
    throw ssmErrors.invalidKey(`The key of the secret ${secret.name} cannot be used.`);
  }
  const text = opened.plaintext.toString('utf8');
  const { arn: ARN, name: Name } = secret;
  const source = { ARN, Name, VersionId: version.id, SecretString: text, VersionStages: version.stages };
  return {
    Name: name,
    Type: 'SecureString' as const,
    Value: text,
    Version: 0,
    ...(selector === '' ? {} : { Selector: selector }),
    SourceResult: JSON.stringify({ ...source, CreatedDate: isoOf(version.createdAt) }),
    LastModifiedDate: dateOf(version.createdAt),
    ARN: parameterArn(ctx, name),
    DataType: 'text',
  };
}
