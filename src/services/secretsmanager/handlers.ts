import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import type { ServiceDeps } from '../deps.ts';

/** AWS Secrets Manager. */
export function secretsManagerHandlers(_deps: ServiceDeps): Handlers<typeof sdk> {
  return {};
}
