import type { Certificate } from '../../model/acm/certificate.ts';
import { scopeOf } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Certificates, by ARN. */
export const certificates = table<Certificate>()({
  name: 'acm.certificates',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    /** Those that are renewed without anybody asking. */
    renewed: (row) => (row.type === 'AMAZON_ISSUED' ? 'renewed' : undefined),
  },
});
