import type { Vault } from '../../store/keys/vault.ts';
import type { ServiceDeps } from '../deps.ts';

/** What Secrets Manager is made from. */
export type SecretsDeps = ServiceDeps & { readonly vault: Vault };
