import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import { activationHandlers } from './activations.ts';
import type { SsmDeps } from './deps.ts';
import { describeParameterHandlers } from './describe-parameters.ts';
import { getParameterHandlers } from './get-parameters.ts';
import { labelHandlers } from './labels.ts';
import { managedNodeHandlers } from './managed-nodes.ts';
import { nodeAgentHandlers } from './node-agents.ts';
import { putParameterHandlers } from './put-parameter.ts';
import { sessionHandlers } from './sessions.ts';
import { tagHandlers } from './tags.ts';

/**
 * AWS Systems Manager, of which Parameter Store, sessions, and the machines outside of EC2 that register for ECS Anywhere concern
 * containers.
 */
export function ssmHandlers(deps: SsmDeps): Handlers<typeof sdk> & ReturnType<typeof nodeAgentHandlers> {
  return {
    ...putParameterHandlers(deps),
    ...getParameterHandlers(deps),
    ...describeParameterHandlers(deps),
    ...labelHandlers(deps),
    ...tagHandlers(deps),
    ...sessionHandlers(deps),
    ...activationHandlers(deps),
    ...managedNodeHandlers(deps),
    ...nodeAgentHandlers(deps),
  };
}
