import type { Services } from '../aws/services.ts';
import type { ServiceDeps } from '../services/deps.ts';

/** Every service that Stowage serves. What has no handler here answers that it is not served. */
export function makeServices(_deps: ServiceDeps): Services {
  return {};
}
