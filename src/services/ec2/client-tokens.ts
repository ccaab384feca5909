import { createHash } from 'node:crypto';
import { AwsError } from '../../base/errors.ts';
import { scopeOf } from '../../model/tags.ts';
import { clientTokens } from '../../store/tables/ec2.ts';
import type { Call } from './operation.ts';

/** How long a token stands for what it made, in milliseconds. */
const tokenLifeMs = 24 * 60 * 60 * 1000;

/**
 * Does `work` once for each client token: the same request again answers what the first one made, another request with
 * its token is refused ("Ensuring idempotency", EC2 Developer Guide).
 */
export function rememberedAnswer<Output>(
  call: Call,
  operation: string,
  input: { readonly ClientToken?: string },
  idempotent: { idOf(output: Output): string | undefined; again(id: string, call: Call): Output },
  work: () => Output,
): Output {
  const { tx, now } = call;
  const { ClientToken: token } = input;
  if (token === undefined || token === '') return work();
  if (token.length > 64) throw new AwsError('InvalidParameterValue', 'ClientToken may have at most 64 characters.');
  const key = `${scopeOf(call)} ${operation} ${token}`;
  const request = createHash('sha256').update(JSON.stringify(input)).digest('base64url');
  const known = tx.get(clientTokens, key);
  if (known !== undefined && now - known.at < tokenLifeMs) {
    if (known.request === request) return idempotent.again(known.resourceId, call);
    throw new AwsError(
      'IdempotentParameterMismatch',
      'The client token you have provided was used with a request whose parameters were different.',
    );
  }
  for (const old of tx.list(clientTokens)) {
    // In order of insertion: the first young one ends the old ones.
    if (now - old.at < tokenLifeMs) break;
    tx.delete(clientTokens, old.key);
  }
  const output = work();
  const resourceId = idempotent.idOf(output);
  if (resourceId !== undefined) tx.put(clientTokens, { key, request, resourceId, at: now });
  return output;
}
