import type { Vault } from '../../store/keys/vault.ts';
import type { LogStore } from '../../store/logs/log-store.ts';
import type { ServiceDeps } from '../deps.ts';

/** What CloudWatch Logs is made from. */
export type LogsDeps = ServiceDeps & { readonly logs: LogStore; readonly vault: Vault };
