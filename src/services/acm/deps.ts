import type { AuthoritySource } from '../../store/certificates/open-authority.ts';
import type { Vault } from '../../store/keys/vault.ts';
import type { ServiceDeps } from '../deps.ts';

/** What Certificate Manager is made from. */
export type AcmDeps = ServiceDeps & { readonly vault: Vault; readonly authority: AuthoritySource };
