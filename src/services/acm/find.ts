import { parseArn } from '../../base/arn.ts';
import type { Certificate } from '../../model/acm/certificate.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { certificates } from '../../store/tables/acm.ts';
import { listeners } from '../../store/tables/elbv2.ts';
import { acmErrors } from './errors.ts';

/** The caller's certificate of an ARN. */
export function findCertificate(reader: Reader, scope: Scoped, arn: string | undefined): Certificate {
  const parsed = parseArn(arn ?? '');
  if (parsed?.service !== 'acm' || !/^certificate\/[\w-]+$/.test(parsed.resource)) {
    throw acmErrors.invalidArn(`${arn} is not a valid certificate ARN.`);
  }
  const found = reader.get(certificates, arn ?? '');
  if (found === undefined || found.account !== scope.account || found.region !== scope.region) {
    throw acmErrors.notFound(arn ?? '');
  }
  return found;
}

/** The load balancers that serve a certificate, by ARN. */
export function usersOf(reader: Reader, arn: string): string[] {
  return [...new Set(reader.by(listeners, 'certificate', arn).map((row) => row.loadBalancerArn))];
}
