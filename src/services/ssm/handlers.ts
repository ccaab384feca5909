import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import type { SsmDeps } from './deps.ts';
import { describeParameterHandlers } from './describe-parameters.ts';
import { getParameterHandlers } from './get-parameters.ts';
import { labelHandlers } from './labels.ts';
import { putParameterHandlers } from './put-parameter.ts';
import { sessionHandlers } from './sessions.ts';
import { tagHandlers } from './tags.ts';

/** AWS Systems Manager, of which Parameter Store and sessions concern containers. */
export function ssmHandlers(deps: SsmDeps): Handlers<typeof sdk> {
  return {
    ...putParameterHandlers(deps),
    ...getParameterHandlers(deps),
    ...describeParameterHandlers(deps),
    ...labelHandlers(deps),
    ...tagHandlers(deps),
    ...sessionHandlers(deps),
  };
}
