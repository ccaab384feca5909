import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import type * as sdk from '@aws-sdk/client-acm';
import type { Handlers } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import { scopeOf } from '../../model/tags.ts';
import { sealKey } from '../../store/certificates/private-keys.ts';
import { certificates } from '../../store/tables/acm.ts';
import type { AcmDeps } from './deps.ts';
import { acmErrors } from './errors.ts';
import { findCertificate } from './find.ts';
import { checkRoom, newArn } from './request.ts';
import { readTags } from './tags.ts';

/** ImportCertificate ("Prerequisites for importing ACM certificates", ACM User Guide). */
export function importHandlers({ store, clock, ids, vault }: AcmDeps) {
  return {
    async ImportCertificate(input, ctx) {
      const { factsOf, readPem } = await import('../../store/certificates/facts.ts');
      const read = (bytes: Uint8Array | undefined, what: string): X509Certificate[] => {
        try {
          return readPem(Buffer.from(bytes ?? []).toString());
        } catch {
          throw acmErrors.validation(`The ${what} cannot be read: it must be PEM-encoded X.509.`);
        }
      };
      const [certificate, ...more] = read(input.Certificate, 'certificate');
      if (certificate === undefined) {
        throw acmErrors.validation('The certificate field contains no certificate: it must be PEM-encoded X.509.');
      }
      if (more.length > 0) {
        throw acmErrors.validation(
          'The certificate field contains more than one certificate. You can specify only one certificate in this field.',
        );
      }
      const facts = factsOf(certificate);
      if (facts === undefined) {
        throw acmErrors.validation('The key of the certificate is of an algorithm or a size that is not supported.');
      }
      const key = readKey(input.PrivateKey);
      if (!certificate.checkPrivateKey(key)) {
        throw acmErrors.validation('The private key does not belong to the certificate.');
      }
      if (clock.now() > facts.notAfter) throw acmErrors.validation('The certificate has expired.');
      if (clock.now() < facts.notBefore) throw acmErrors.validation('The certificate is not in effect yet.');
      const chain = read(input.CertificateChain, 'certificate chain');
      if (input.CertificateChain !== undefined) checkChain([certificate, ...chain]);
      const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
      const now = clock.now();
      const made = {
        facts,
        certificate: certificate.toString(),
        ...given('chain', chain.length === 0 ? undefined : chain.map(String).join('')),
        madeAt: now,
      };
      return store.transact((tx) => {
        if (input.CertificateArn !== undefined) {
          const before = findCertificate(tx, ctx, input.CertificateArn);
          if (before.type !== 'IMPORTED') {
            throw acmErrors.validation(`Certificate ${before.arn} was not imported, and so cannot be imported again.`);
          }
          if (input.Tags !== undefined) {
            throw acmErrors.invalidParameter('Tags cannot be given when a certificate is imported again.');
          }
          const { chain: _old, ...kept } = before;
          tx.put(certificates, { ...kept, ...made, sealedKey: sealKey(tx, vault, ctx, before.arn, pem, now) });
          return { CertificateArn: before.arn };
        }
        checkRoom(tx.by(certificates, 'scope', scopeOf(ctx)).length);
        const arn = newArn(ctx, ids.uuid());
        tx.put(certificates, {
          account: ctx.account,
          region: ctx.region,
          arn,
          type: 'IMPORTED',
          ...made,
          sealedKey: sealKey(tx, vault, ctx, arn, pem, now),
          createdAt: now,
          transparency: 'DISABLED',
          export: 'DISABLED',
          exported: false,
          tags: readTags(input.Tags),
        });
        return { CertificateArn: arn };
      });
    },
  } satisfies Handlers<typeof sdk>;
}

function readKey(bytes: Uint8Array | undefined): KeyObject {
  try {
    return createPrivateKey(Buffer.from(bytes ?? []).toString());
  } catch {
    throw acmErrors.validation('The private key cannot be read: it must be PEM-encoded, and without a passphrase.');
  }
}

/** Each is signed by the next. */
function checkChain(path: readonly X509Certificate[]): void {
  for (const [at, certificate] of path.entries()) {
    const issuer = path[at + 1];
    if (issuer === undefined) continue;
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      throw acmErrors.validation(
        'The certificate chain does not lead from the certificate to its issuers, in this order.',
      );
    }
  }
}
