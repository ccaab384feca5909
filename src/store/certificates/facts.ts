import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertificateFacts, KeyAlgorithm } from '../../model/acm/certificate.ts';

/** ACM's names of the bits of RFC 5280, 4.2.1.3, and of the purposes of 4.2.1.12. */
const usages: readonly (readonly [bit: x509.KeyUsageFlags, name: string])[] = [
  [x509.KeyUsageFlags.digitalSignature, 'DIGITAL_SIGNATURE'],
  [x509.KeyUsageFlags.nonRepudiation, 'NON_REPUDIATION'],
  [x509.KeyUsageFlags.keyEncipherment, 'KEY_ENCIPHERMENT'],
  [x509.KeyUsageFlags.dataEncipherment, 'DATA_ENCIPHERMENT'],
  [x509.KeyUsageFlags.keyAgreement, 'KEY_AGREEMENT'],
  [x509.KeyUsageFlags.keyCertSign, 'CERTIFICATE_SIGNING'],
  [x509.KeyUsageFlags.cRLSign, 'CRL_SIGNING'],
  [x509.KeyUsageFlags.encipherOnly, 'ENCIPHER_ONLY'],
  [x509.KeyUsageFlags.decipherOnly, 'DECIPHER_ONLY'],
];
const purposes: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'TLS_WEB_SERVER_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.2': 'TLS_WEB_CLIENT_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.3': 'CODE_SIGNING',
  '1.3.6.1.5.5.7.3.4': 'EMAIL_PROTECTION',
  '1.3.6.1.5.5.7.3.8': 'TIME_STAMPING',
  '1.3.6.1.5.5.7.3.9': 'OCSP_SIGNING',
  '2.5.29.37.0': 'ANY',
};

/** The certificates of a text of PEM, in its order; throws when one cannot be read. */
export function readPem(text: string): X509Certificate[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
}

/** What a certificate says of itself; `undefined` where its key is of a kind that ACM does not take. */
export function factsOf(certificate: X509Certificate): CertificateFacts | undefined {
  const keyAlgorithm = algorithmOf(certificate);
  if (keyAlgorithm === undefined) return undefined;
  const parsed = new x509.X509Certificate(certificate.raw);
  const subjectName = /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1];
  const alternatives = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name);
  const domainName = subjectName ?? alternatives[0] ?? '';
  const usage = parsed.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
  const extended = (parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? []).map(String);
  return {
    serial: (certificate.serialNumber.toLowerCase().match(/../g) ?? []).join(':'),
    subject: nameOf(certificate.subject),
    issuer: issuerOf(certificate),
    domainName,
    alternativeNames: [...new Set([domainName, ...alternatives])].filter((name) => name !== ''),
    keyAlgorithm,
    signatureAlgorithm: signatureOf(parsed),
    notBefore: parsed.notBefore.getTime(),
    notAfter: parsed.notAfter.getTime(),
    keyUsages: usages.filter(([bit]) => (usage & bit) !== 0).map(([, name]) => name),
    extendedKeyUsages: extended.map((oid) => ({ name: purposes[oid] ?? 'CUSTOM', oid })),
  };
}

/** ACM names an issuer by its organisation. */
function issuerOf({ issuer }: X509Certificate): string {
  return /(?:^|\n)O=([^\n]*)/.exec(issuer)?.[1] ?? /(?:^|\n)CN=([^\n]*)/.exec(issuer)?.[1] ?? '';
}

function nameOf(subject: string | undefined): string {
  return (subject ?? '').split('\n').join(',');
}

function algorithmOf({ publicKey }: X509Certificate): KeyAlgorithm | undefined {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType === 'rsa') {
    return ([1024, 2048, 3072, 4096] as const)
      .map((bits) => [bits, `RSA_${bits}` as const] as const)
      .find(([bits]) => bits === modulusLength)?.[1];
  }
  if (publicKey.asymmetricKeyType !== 'ec') return undefined;
  return (['prime256v1', 'secp384r1', 'secp521r1'] as const)
    .map((name) => [name, `EC_${name}` as const] as const)
    .find(([name]) => name === namedCurve)?.[1];
}

/** `SHA256WITHRSA`, `SHA384WITHECDSA`. */
function signatureOf({ signatureAlgorithm }: x509.X509Certificate): string {
  const { name, hash } = signatureAlgorithm as { name: string; hash?: { name: string } };
  const kind = name === 'ECDSA' ? 'ECDSA' : name.startsWith('RSA') ? 'RSA' : name;
  return hash === undefined ? kind : `${hash.name.replace('-', '')}WITH${kind}`;
}
