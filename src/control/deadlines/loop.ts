import type { Vault } from '../../store/keys/vault.ts';
import type { Store } from '../../store/store.ts';
import { kmsKeys } from '../../store/tables/kms.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import { parameters } from '../../store/tables/ssm.ts';
import type { Loop } from '../loop.ts';
import { applyDeadline } from './apply.ts';
import { observeDeadlines } from './observe.ts';
import { planDeadlines } from './plan.ts';

/** What the loop is made from. */
export interface DeadlineDeps {
  readonly store: Store;
  readonly vault: Pick<Vault, 'rotated'>;
}

/** Rotates and deletes KMS keys, expires parameters and deletes secrets when their time has come. */
export function deadlineLoop({ store, vault }: DeadlineDeps): Loop {
  return {
    name: 'deadlines',
    tables: [kmsKeys, parameters, secrets],
    rescanMs: 3_600_000,
    tick(now) {
      const { due, next } = planDeadlines(observeDeadlines(store), now);
      for (const deadline of due) store.transact((tx) => applyDeadline(tx, deadline, now, vault));
      return next;
    },
  };
}
