import type * as sdk from '@aws-sdk/client-kms';
import type { Handlers } from '../../aws/handlers.ts';
import type { ServiceDeps } from '../deps.ts';

/** AWS Key Management Service. */
export function kmsHandlers(_deps: ServiceDeps): Handlers<typeof sdk> {
  return {};
}
