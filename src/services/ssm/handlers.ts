import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import type { ServiceDeps } from '../deps.ts';

/** AWS Systems Manager, of which Parameter Store and sessions concern containers. */
export function ssmHandlers(_deps: ServiceDeps): Handlers<typeof sdk> {
  return {};
}
