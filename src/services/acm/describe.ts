import { createHash } from 'node:crypto';
import type { CertificateDetail, CertificateSummary, DomainValidation } from '@aws-sdk/client-acm';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Certificate } from '../../model/acm/certificate.ts';

/** At most so many alternative names are in a summary ("CertificateSummary", ACM API Reference). */
const summaryNames = 100;

/** A certificate as DescribeCertificate shows it. */
export function detailOf(row: Certificate, inUseBy: readonly string[], now: number): CertificateDetail {
  const { facts, type } = row;
  return {
    CertificateArn: row.arn,
    DomainName: facts.domainName,
    SubjectAlternativeNames: [...facts.alternativeNames],
    ...(type === 'AMAZON_ISSUED' ? { DomainValidationOptions: validationsOf(row) } : {}),
    Serial: facts.serial,
    Subject: facts.subject,
    Issuer: facts.issuer,
    CreatedAt: dateOf(row.createdAt),
    ...(type === 'AMAZON_ISSUED' ? { IssuedAt: dateOf(row.madeAt) } : { ImportedAt: dateOf(row.madeAt) }),
    Status: statusOf(row, now),
    NotBefore: dateOf(facts.notBefore),
    NotAfter: dateOf(facts.notAfter),
    // With a hyphen, where requests have an underscore: so ACM answers here, and here alone.
    KeyAlgorithm: facts.keyAlgorithm.replace('RSA_', 'RSA-') as 'RSA_2048',
    SignatureAlgorithm: facts.signatureAlgorithm,
    InUseBy: [...inUseBy],
    Type: type,
    ...given(
      'RenewalSummary',
      row.renewedAt === undefined
        ? undefined
        : {
            RenewalStatus: 'SUCCESS' as const,
            DomainValidationOptions: validationsOf(row),
            UpdatedAt: dateOf(row.renewedAt),
          },
    ),
    KeyUsages: facts.keyUsages.map((Name) => ({ Name: Name as 'ANY' })),
    ExtendedKeyUsages: facts.extendedKeyUsages.map(({ name, oid }) => ({ Name: name as 'ANY', OID: oid })),
    RenewalEligibility: eligibilityOf(row, inUseBy),
    Options: { CertificateTransparencyLoggingPreference: row.transparency, Export: row.export },
  };
}

/** A certificate as ListCertificates shows it. */
export function summaryOf(row: Certificate, inUseBy: readonly string[], now: number): CertificateSummary {
  const { facts, type } = row;
  return {
    CertificateArn: row.arn,
    DomainName: facts.domainName,
    SubjectAlternativeNameSummaries: facts.alternativeNames.slice(0, summaryNames),
    HasAdditionalSubjectAlternativeNames: facts.alternativeNames.length > summaryNames,
    Status: statusOf(row, now),
    Type: type,
    KeyAlgorithm: facts.keyAlgorithm,
    KeyUsages: facts.keyUsages as 'ANY'[],
    ExtendedKeyUsages: facts.extendedKeyUsages.map(({ name }) => name as 'ANY'),
    ExportOption: row.export,
    InUse: inUseBy.length > 0,
    ...(row.export === 'ENABLED' ? { Exported: row.exported } : {}),
    RenewalEligibility: eligibilityOf(row, inUseBy),
    NotBefore: dateOf(facts.notBefore),
    NotAfter: dateOf(facts.notAfter),
    CreatedAt: dateOf(row.createdAt),
    ...(type === 'AMAZON_ISSUED' ? { IssuedAt: dateOf(row.madeAt) } : { ImportedAt: dateOf(row.madeAt) }),
  };
}

/** Whether it is good at a time: what ends is never again. */
export function statusOf({ facts }: Certificate, now: number): 'ISSUED' | 'EXPIRED' {
  return now > facts.notAfter ? 'EXPIRED' : 'ISSUED';
}

/** "Managed certificate renewal" (ACM User Guide): one that is used, or was exported. */
function eligibilityOf(row: Certificate, inUseBy: readonly string[]): 'ELIGIBLE' | 'INELIGIBLE' {
  return row.type === 'AMAZON_ISSUED' && (inUseBy.length > 0 || row.exported) ? 'ELIGIBLE' : 'INELIGIBLE';
}

/** The records that would prove that the names are the account's: the same for the same account and name, as with ACM. */
function validationsOf({ account, facts, validationMethod = 'DNS' }: Certificate): DomainValidation[] {
  return facts.alternativeNames.map((DomainName) => {
    const bare = DomainName.replace(/^\*\./, '');
    const token = (kind: string): string =>
      createHash('sha256').update(`${kind} ${account} ${bare}`).digest('hex').slice(0, 32);
    return {
      DomainName,
      ValidationDomain: bare,
      ValidationStatus: 'SUCCESS',
      ValidationMethod: validationMethod,
      ...(validationMethod === 'DNS'
        ? {
            ResourceRecord: {
              Name: `_${token('name')}.${bare}.`,
              Type: 'CNAME' as const,
              Value: `_${token('value')}.acm-validations.aws.`,
            },
          }
        : {
            ValidationEmails: ['administrator', 'hostmaster', 'postmaster', 'webmaster', 'admin'].map(
              (name) => `${name}@${bare}`,
            ),
          }),
    };
  });
}
