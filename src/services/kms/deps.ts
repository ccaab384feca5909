import type { Vault } from '../../store/keys/vault.ts';
import type { ServiceDeps } from '../deps.ts';

/** What KMS is made from. */
export type KmsDeps = ServiceDeps & { readonly vault: Vault };
