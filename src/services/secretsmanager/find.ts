import type { Ctx } from '../../aws/handlers.ts';
import type { Secret } from '../../model/secretsmanager/secret.ts';
import { findSecret } from '../../store/secrets.ts';
import type { Reader } from '../../store/store.ts';
import { checkLength } from '../constraints.ts';
import { secretErrors } from './errors.ts';

/** A secret by its name or ARN, deleted or not. */
export function anySecret(reader: Reader, ctx: Ctx, identifier: string | undefined): Secret {
  const given = identifier ?? '';
  checkLength('secretId', given, 1, 2048);
  const secret = findSecret(reader, ctx, given);
  if (secret === undefined) throw secretErrors.notFound();
  return secret;
}

/** A secret that is not deleted. */
export function secretOf(reader: Reader, ctx: Ctx, identifier: string | undefined): Secret {
  const secret = anySecret(reader, ctx, identifier);
  if (secret.deletion !== undefined) throw secretErrors.deleted();
  return secret;
}
