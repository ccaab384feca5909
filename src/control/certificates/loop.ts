import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { renewBeforeMs, type Certificate } from '../../model/acm/certificate.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { certificates } from '../../store/tables/acm.ts';
import { listeners } from '../../store/tables/elbv2.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';

/** How long after a renewal that failed the next is tried. */
const retryMs = 3600 * 1000;
const rescanMs = 3600 * 1000;

export interface CertificateLoopDeps {
  readonly store: Store;
  readonly log: Log;
  /** Issues a certificate anew; what it answers puts it in the place of the old one. */
  readonly renewCertificate: (row: Certificate) => Promise<(tx: Transaction) => void>;
}

/** Renews issued certificates that are used, or were exported, before they end ("Managed certificate renewal", ACM User Guide). */
export function certificateLoop({ store, log, renewCertificate }: CertificateLoopDeps): Loop {
  const underWay = new Set<string>();
  const renew = (row: Certificate): void => {
    if (underWay.has(row.arn)) return;
    underWay.add(row.arn);
    renewCertificate(row)
      .then((put) => store.transact(put))
      .catch((error: unknown) => log.error('a certificate was not renewed', { arn: row.arn, error: messageOf(error) }))
      .finally(() => underWay.delete(row.arn));
  };
  return subjectLoop(
    {
      name: 'certificates',
      sources: [
        source(certificates, (row) => [row.arn]),
        source(listeners, (row) => row.certificates.map(({ certificateArn }) => certificateArn)),
      ],
      rescanMs,
      all: () => store.by(certificates, 'renewed', 'renewed').map(({ arn }) => arn),
      reconcile(arn, now) {
        const row = store.get(certificates, arn);
        if (row === undefined || row.type !== 'AMAZON_ISSUED') return undefined;
        if (!row.exported && store.by(listeners, 'certificate', arn).length === 0) return undefined;
        const dueAt = row.facts.notAfter - renewBeforeMs;
        if (now < dueAt) return dueAt;
        renew(row);
        return now + retryMs;
      },
    },
    log,
  );
}
