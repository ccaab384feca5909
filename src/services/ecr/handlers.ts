import { authorizationHandlers } from './authorization.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { imageHandlers } from './images.ts';
import { layerHandlers } from './layers.ts';
import { policyHandlers } from './policies.ts';
import { repositoryHandlers } from './repositories.ts';
import { scanningHandlers } from './scanning.ts';
import { tagHandlers } from './tags.ts';

/** The operations of Amazon ECR that are served. */
export function ecrHandlers(deps: EcrDeps): EcrHandlers {
  return {
    ...authorizationHandlers(deps),
    ...repositoryHandlers(deps),
    ...tagHandlers(deps),
    ...policyHandlers(deps),
    ...imageHandlers(deps),
    ...layerHandlers(deps),
    ...scanningHandlers(deps),
  };
}
