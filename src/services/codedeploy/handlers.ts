import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Handlers } from '../../aws/handlers.ts';
import { applicationHandlers } from './applications.ts';
import { deploymentConfigHandlers } from './deployment-configs.ts';
import { deploymentGroupHandlers } from './deployment-groups.ts';
import { deploymentHandlers } from './deployments.ts';
import type { CodeDeployDeps } from './deps.ts';
import { tagHandlers } from './tags.ts';
import { targetHandlers } from './targets.ts';

/** AWS CodeDeploy for ECS services. */
export function codeDeployHandlers(deps: CodeDeployDeps): Handlers<typeof sdk> {
  return {
    ...applicationHandlers(deps),
    ...deploymentConfigHandlers(deps),
    ...deploymentGroupHandlers(deps),
    ...deploymentHandlers(deps),
    ...targetHandlers(deps),
    ...tagHandlers(deps),
  };
}
