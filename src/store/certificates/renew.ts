import type { Clock } from '../../base/clock.ts';
import { validForMs, type Certificate } from '../../model/acm/certificate.ts';
import type { Vault } from '../keys/vault.ts';
import type { Transaction } from '../store.ts';
import { certificates } from '../tables/acm.ts';
import type { AuthoritySource } from './open-authority.ts';
import { sealKey } from './private-keys.ts';

/**
 * Issues a certificate anew, under its ARN and with a new key. What it answers puts it in the place of the old one, unless that was
 * deleted in the meantime.
 */
export async function renewed(
  row: Certificate,
  deps: { readonly clock: Clock; readonly vault: Vault; readonly authority: AuthoritySource },
): Promise<(tx: Transaction) => void> {
  const { clock, vault, authority } = deps;
  const { alternativeNames: names, keyAlgorithm } = row.facts;
  const issuer = await authority();
  const issued = await issuer.issue({ names, keyAlgorithm, validForMs });
  const { factsOf, readPem } = await import('./facts.ts');
  const [parsed] = readPem(issued.certificate);
  const facts = parsed && factsOf(parsed);
  if (facts === undefined) throw new Error('the authority issued what cannot be read');
  return (tx) => {
    const now = clock.now();
    const before = tx.get(certificates, row.arn);
    if (before === undefined) return;
    tx.put(certificates, {
      ...before,
      facts,
      certificate: issued.certificate,
      chain: issued.chain,
      sealedKey: sealKey(tx, vault, row, row.arn, issued.privateKey, now),
      madeAt: now,
      renewedAt: now,
    });
  };
}
