import type * as sdk from '@aws-sdk/client-kms';
import type { Handlers } from '../../aws/handlers.ts';
import { aliasHandlers } from './aliases.ts';
import { cryptographyHandlers } from './cryptography.ts';
import type { KmsDeps } from './deps.ts';
import { keyHandlers } from './keys.ts';
import { macHandlers } from './macs.ts';
import { policyHandlers } from './policies.ts';
import { rotationHandlers } from './rotation.ts';
import { tagHandlers } from './tags.ts';

/** AWS Key Management Service: symmetric and HMAC keys, aliases, rotation; grants and asymmetric keys are not here. */
export function kmsHandlers(deps: KmsDeps): Handlers<typeof sdk> {
  return {
    ...keyHandlers(deps),
    ...aliasHandlers(deps),
    ...cryptographyHandlers(deps),
    ...macHandlers(deps),
    ...policyHandlers(deps),
    ...rotationHandlers(deps),
    ...tagHandlers(deps),
  };
}
