import type { ServiceDeps } from '../deps.ts';
import { accountSettingHandlers } from './account-settings.ts';
import { agentReportHandlers } from './agent-reports.ts';
import { attributeHandlers } from './attributes.ts';
import { capacityProviderHandlers } from './capacity-providers.ts';
import { clusterHandlers } from './clusters.ts';
import { containerInstanceHandlers } from './container-instances.ts';
import { executeCommandHandlers } from './execute-command.ts';
import type { EcsHandlers } from './handler-types.ts';
import { serviceDeploymentHandlers } from './service-deployments.ts';
import { serviceHandlers } from './services.ts';
import { tagHandlers } from './tags.ts';
import { taskDefinitionHandlers } from './task-definitions.ts';
import { taskProtectionHandlers } from './task-protection.ts';
import { taskSetHandlers } from './task-sets.ts';
import { taskHandlers } from './tasks.ts';

/** Every operation of ECS that is served. */
export function ecsHandlers(deps: ServiceDeps) {
  return {
    ...clusterHandlers(deps),
    ...capacityProviderHandlers(deps),
    ...taskDefinitionHandlers(deps),
    ...taskHandlers(deps),
    ...executeCommandHandlers(deps),
    ...taskProtectionHandlers(deps),
    ...serviceHandlers(deps),
    ...serviceDeploymentHandlers(deps),
    ...taskSetHandlers(deps),
    ...containerInstanceHandlers(deps),
    ...agentReportHandlers(deps),
    ...attributeHandlers(deps),
    ...tagHandlers(deps),
    ...accountSettingHandlers(deps),
  } satisfies EcsHandlers;
}
