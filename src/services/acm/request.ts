import type * as sdk from '@aws-sdk/client-acm';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { arn } from '../../base/arn.ts';
import { given } from '../../base/given.ts';
import { validForMs, type Certificate, type KeyAlgorithm } from '../../model/acm/certificate.ts';
import { scopeOf } from '../../model/tags.ts';
import { sealKey } from '../../store/certificates/private-keys.ts';
import { certificates } from '../../store/tables/acm.ts';
import { checkEnum, checkLength, checkPattern } from '../constraints.ts';
import type { AcmDeps } from './deps.ts';
import { acmErrors, notHere } from './errors.ts';
import { readTags } from './tags.ts';

const domainPattern = /^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/;
/** "Quotas" (ACM User Guide). */
const mostNames = 10;
const mostCertificates = 2500;
/** For how long the same token means the same certificate ("RequestCertificate"). */
const tokenMs = 3600 * 1000;
const requestable: readonly KeyAlgorithm[] = ['RSA_2048', 'EC_prime256v1', 'EC_secp384r1'];

/**
 * RequestCertificate: the installation's authority issues at once. Nobody's names need proof, for it convinces only
 * those who trust it.
 */
export function requestHandlers({ store, clock, ids, vault, authority }: AcmDeps) {
  return {
    async RequestCertificate(input, ctx) {
      const request = readRequest(input);
      const known = findRepeated(store.by(certificates, 'scope', scopeOf(ctx)), request, clock.now());
      if (known !== undefined) return { CertificateArn: known.arn };
      const issuer = await authority();
      const { names, keyAlgorithm } = request;
      const issued = await issuer.issue({ names, keyAlgorithm, validForMs });
      const { factsOf, readPem } = await import('../../store/certificates/facts.ts');
      const [parsed] = readPem(issued.certificate);
      const facts = parsed && factsOf(parsed);
      if (facts === undefined) throw new Error('the authority issued what cannot be read');
      return store.transact((tx) => {
        const rows = tx.by(certificates, 'scope', scopeOf(ctx));
        // Another may have asked the same in the meantime.
        const same = findRepeated(rows, request, clock.now());
        if (same !== undefined) return { CertificateArn: same.arn };
        checkRoom(rows.length);
        const CertificateArn = newArn(ctx, ids.uuid());
        const now = clock.now();
        tx.put(certificates, {
          account: ctx.account,
          region: ctx.region,
          arn: CertificateArn,
          type: 'AMAZON_ISSUED',
          facts,
          certificate: issued.certificate,
          chain: issued.chain,
          sealedKey: sealKey(tx, vault, ctx, CertificateArn, issued.privateKey, now),
          createdAt: now,
          madeAt: now,
          validationMethod: request.validationMethod,
          transparency: request.transparency,
          export: request.export,
          exported: false,
          ...given('idempotencyToken', request.token),
          tags: request.tags,
        });
        return { CertificateArn };
      });
    },
  } satisfies Handlers<typeof sdk>;
}

/** The ARN of a new certificate. */
export function newArn({ region, account }: Ctx, id: string): string {
  return arn('acm', region, account, `certificate/${id}`);
}

/** Refuses one more certificate than an account may have in a region. */
export function checkRoom(count: number): void {
  if (count >= mostCertificates) {
    throw acmErrors.limit(`The account has the most certificates that it may have, ${mostCertificates}.`);
  }
}

type Request = ReturnType<typeof readRequest>;

function readRequest(input: sdk.RequestCertificateRequest) {
  if (input.CertificateAuthorityArn !== undefined) throw notHere('A private certificate authority');
  if (input.ManagedBy !== undefined) throw notHere('ManagedBy');
  checkEnum('keyAlgorithm', input.KeyAlgorithm, requestable);
  checkEnum('validationMethod', input.ValidationMethod, ['EMAIL', 'DNS']);
  checkLength('idempotencyToken', input.IdempotencyToken, 1, 32);
  checkPattern('idempotencyToken', input.IdempotencyToken, /^\w+$/);
  if (input.Options?.ValidationMethod !== undefined) throw notHere('Options.ValidationMethod');
  const { CertificateTransparencyLoggingPreference: transparency, Export } = input.Options ?? {};
  checkEnum('options.certificateTransparencyLoggingPreference', transparency, ['ENABLED', 'DISABLED']);
  checkEnum('options.export', Export, ['ENABLED', 'DISABLED']);
  const names = [
    ...new Set([input.DomainName ?? '', ...(input.SubjectAlternativeNames ?? [])].map((name) => name.toLowerCase())),
  ];
  for (const [at, name] of names.entries()) {
    const member = at === 0 ? 'domainName' : `subjectAlternativeNames.${at}.member`;
    checkLength(member, name, 1, 253);
    checkPattern(member, name, domainPattern);
  }
  if ((names[0]?.length ?? 0) > 64) {
    throw acmErrors.validation('The first domain name of a certificate can have at most 64 characters.');
  }
  if (names.length > mostNames) {
    throw acmErrors.limit(
      `A certificate can have at most ${mostNames} domain names, and ${names.length} are asked for.`,
    );
  }
  const validationMethod = input.ValidationMethod === 'DNS' ? ('DNS' as const) : ('EMAIL' as const);
  for (const { DomainName = '', ValidationDomain = '' } of input.DomainValidationOptions ?? []) {
    const bare = DomainName.replace(/^\*\./, '');
    if (!names.includes(DomainName) || (bare !== ValidationDomain && !bare.endsWith(`.${ValidationDomain}`))) {
      throw acmErrors.invalidDomainOptions(
        `The validation domain ${ValidationDomain} is neither ${DomainName} nor a domain above it, or ${DomainName} is not asked for.`,
      );
    }
  }
  return {
    names,
    keyAlgorithm: input.KeyAlgorithm ?? ('RSA_2048' as const),
    validationMethod,
    transparency: transparency ?? ('ENABLED' as const),
    export: Export ?? ('DISABLED' as const),
    token: input.IdempotencyToken,
    tags: readTags(input.Tags),
  };
}

function findRepeated(rows: readonly Certificate[], { token, names }: Request, now: number): Certificate | undefined {
  if (token === undefined) return undefined;
  return rows.find(
    (row) =>
      row.idempotencyToken === token &&
      now - row.createdAt < tokenMs &&
      row.facts.alternativeNames.join(' ') === names.join(' '),
  );
}
