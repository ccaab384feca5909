import type { Services } from '../aws/services.ts';
import type { ServiceDeps } from '../services/deps.ts';
import { ecsHandlers } from '../services/ecs/handlers.ts';
import { iamHandlers } from '../services/iam/handlers.ts';
import { stsHandlers } from '../services/sts/handlers.ts';

/** Every service that Stowage serves. What has no handler here answers that it is not served. */
export function makeServices(deps: ServiceDeps): Services {
  return {
    ecs: ecsHandlers(deps),
    iam: iamHandlers(deps),
    sts: stsHandlers(deps),
  };
}
