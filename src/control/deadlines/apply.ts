import { deleteParameter } from '../../store/delete-parameter.ts';
import type { Vault } from '../../store/keys/vault.ts';
import { deleteSecret } from '../../store/secrets.ts';
import type { Transaction } from '../../store/store.ts';
import { aliasKey, kmsAliases, kmsKeys } from '../../store/tables/kms.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import { parameters } from '../../store/tables/ssm.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Deadline } from './plan.ts';

const dayMs = 24 * 3600 * 1000;

/** Does what is due to a row, if it still is. */
export function applyDeadline(tx: Transaction, deadline: Deadline, now: number, vault: Pick<Vault, 'rotated'>): void {
  switch (deadline.kind) {
    case 'delete-key': {
      const key = tx.get(kmsKeys, deadline.key);
      if (key?.deletionAt !== deadline.at) return;
      for (const alias of tx.by(kmsAliases, 'key', `${scopeOf(key)}/${key.id}`)) {
        tx.delete(kmsAliases, aliasKey(alias, alias.name));
      }
      tx.delete(kmsKeys, key.arn);
      return;
    }
    case 'rotate-key': {
      const key = tx.get(kmsKeys, deadline.key);
      if (key?.rotation?.nextAt !== deadline.at || key.state !== 'Enabled') return;
      const { periodDays } = key.rotation;
      tx.put(kmsKeys, {
        ...vault.rotated(key, 'AUTOMATIC', now),
        rotation: { periodDays, nextAt: now + periodDays * dayMs },
      });
      return;
    }
    case 'expire-parameter': {
      const parameter = tx.get(parameters, deadline.key);
      if (parameter?.expiresAt === deadline.at) deleteParameter(tx, parameter);
      return;
    }
    case 'delete-secret': {
      const secret = tx.get(secrets, deadline.key);
      if (secret?.deletion?.finalAt === deadline.at) deleteSecret(tx, secret);
      return;
    }
    default:
      deadline satisfies never;
  }
}
