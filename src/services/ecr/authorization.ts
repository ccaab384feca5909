import { dateOf } from '../../base/clock.ts';
import { mintRegistryCredentials } from '../../store/registry-credentials.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { registryOf } from './find.ts';

/** GetAuthorizationToken: what `docker login` needs. */
export function authorizationHandlers({ store, clock, ids }: EcrDeps): EcrHandlers {
  return {
    GetAuthorizationToken(input, ctx) {
      const registries = input.registryIds ?? [ctx.account];
      const authorizationData = registries.map((registryId) => {
        const scope = registryOf(ctx, registryId);
        const { username, password, expiresAt } = mintRegistryCredentials(store, clock, ids, scope);
        return {
          authorizationToken: Buffer.from(`${username}:${password}`).toString('base64'),
          expiresAt: dateOf(expiresAt),
          proxyEndpoint: ctx.endpoint,
        };
      });
      return { authorizationData };
    },
  };
}
