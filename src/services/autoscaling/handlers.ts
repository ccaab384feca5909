import type { ServiceDeps } from '../deps.ts';
import { activityHandlers } from './activities.ts';
import { groupHandlers } from './groups.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { hookHandlers } from './hooks.ts';
import { instanceHandlers } from './instances.ts';
import { launchConfigurationHandlers } from './launch-configurations.ts';
import { processHandlers } from './processes.ts';
import { tagHandlers } from './tags.ts';
import { targetGroupHandlers } from './target-groups.ts';
import { typeHandlers } from './types.ts';

/** Every operation of Amazon EC2 Auto Scaling (version 2011-01-01) that is served. */
export function autoScalingHandlers(deps: ServiceDeps) {
  return {
    ...groupHandlers(deps),
    ...instanceHandlers(deps),
    ...targetGroupHandlers(deps),
    ...processHandlers(deps),
    ...activityHandlers(deps),
    ...hookHandlers(deps),
    ...launchConfigurationHandlers(deps),
    ...tagHandlers(deps),
    ...typeHandlers(deps),
  } satisfies AutoScalingHandlers;
}
