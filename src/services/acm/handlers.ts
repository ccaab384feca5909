import type * as sdk from '@aws-sdk/client-acm';
import type { Handlers } from '../../aws/handlers.ts';
import { certificateHandlers } from './certificates.ts';
import type { AcmDeps } from './deps.ts';
import { importHandlers } from './import.ts';
import { requestHandlers } from './request.ts';
import { tagHandlers } from './tags.ts';

/** AWS Certificate Manager: imported certificates, and those that the installation's own authority issues. */
export function acmHandlers(deps: AcmDeps): Handlers<typeof sdk> {
  return {
    ...requestHandlers(deps),
    ...importHandlers(deps),
    ...certificateHandlers(deps),
    ...tagHandlers(deps),
  };
}
