import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import type { SecretsDeps } from './deps.ts';
import { describeHandlers } from './describe.ts';
import { valueHandlers } from './get-values.ts';
import { randomPasswordHandlers } from './random-password.ts';
import { resourcePolicyHandlers } from './resource-policies.ts';
import { rotationHandlers } from './rotation.ts';
import { secretHandlers } from './secrets.ts';
import { tagHandlers } from './tags.ts';
import { versionStageHandlers } from './version-stages.ts';

/** AWS Secrets Manager; replication to other regions is not here. */
export function secretsManagerHandlers(deps: SecretsDeps): Handlers<typeof sdk> {
  return {
    ...secretHandlers(deps),
    ...valueHandlers(deps),
    ...describeHandlers(deps),
    ...versionStageHandlers(deps),
    ...rotationHandlers(deps),
    ...tagHandlers(deps),
    ...resourcePolicyHandlers(deps),
    ...randomPasswordHandlers(deps),
  };
}
