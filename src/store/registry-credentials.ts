import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import { mintPassword, readPassword, REGISTRY_USER, TOKEN_LIFETIME_MS } from '../model/ecr/registry-token.ts';
import type { Scoped } from '../model/tags.ts';
import type { Store } from './store.ts';
import { registrySecrets } from './tables/ecr.ts';

/** What `docker login` and the engine's pulls take. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Credentials for the registry of an account and region, good for 12 hours. Not for use inside a transaction. */
export function mintRegistryCredentials(store: Store, clock: Clock, ids: Ids, scope: Scoped): RegistryCredentials {
  const expiresAt = clock.now() + TOKEN_LIFETIME_MS;
  return { username: REGISTRY_USER, password: mintPassword(secretOf(store, ids), scope, expiresAt), expiresAt };
}

/** The registry that a user name and password open; `undefined` when they are not ours or no longer good. */
export function readRegistryCredentials(
  store: Store,
  clock: Clock,
  username: string,
  password: string,
): Scoped | undefined {
  const secret = store.get(registrySecrets, 'registry')?.secret;
  return secret === undefined || username !== REGISTRY_USER ? undefined : readPassword(secret, password, clock.now());
}

function secretOf(store: Store, ids: Ids): string {
  const known = store.get(registrySecrets, 'registry');
  if (known !== undefined) return known.secret;
  const secret = ids.hex(64);
  store.transact((tx) => tx.put(registrySecrets, { id: 'registry', secret }));
  return secret;
}
