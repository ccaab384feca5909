import type { Vault } from '../../store/keys/vault.ts';
import type { ServiceDeps } from '../deps.ts';

/** What Systems Manager is made from. */
export type SsmDeps = ServiceDeps & { readonly vault: Vault };
