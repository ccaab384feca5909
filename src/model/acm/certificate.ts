import type { Scoped, Tag } from '../tags.ts';

/** The algorithms and sizes of keys that ACM takes ("Certificate characteristics", ACM User Guide). */
export const keyAlgorithms = [
  'RSA_1024',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'EC_prime256v1',
  'EC_secp384r1',
  'EC_secp521r1',
] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** In hexadecimal bytes with colons, as ACM shows it. */
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  /** Its subject's common name, or its first alternative name. */
  readonly domainName: string;
  /** With the domain name, first. */
  readonly alternativeNames: readonly string[];
  readonly keyAlgorithm: KeyAlgorithm;
  readonly signatureAlgorithm: string;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** By ACM's names: `DIGITAL_SIGNATURE`; none where the certificate does not limit itself. */
  readonly keyUsages: readonly string[];
  readonly extendedKeyUsages: readonly { readonly name: string; readonly oid: string }[];
}

/** A certificate of ACM with its key. */
export interface Certificate extends Scoped {
  readonly arn: string;
  readonly type: 'IMPORTED' | 'AMAZON_ISSUED';
  readonly facts: CertificateFacts;
  /** PEM. */
  readonly certificate: string;
  /** The certificates between it and a root, perhaps with the root, as PEM; absent for a self-signed one. */
  readonly chain?: string;
  /** The private key's PEM, encrypted by the key that ACM has in KMS (base64). */
  readonly sealedKey: string;
  readonly createdAt: number;
  /** When it was issued or imported, the last time. */
  readonly madeAt: number;
  /** How the names of an issued one would be validated. */
  readonly validationMethod?: 'DNS' | 'EMAIL';
  readonly transparency: 'ENABLED' | 'DISABLED';
  readonly export: 'ENABLED' | 'DISABLED';
  readonly exported: boolean;
  /** What repeats a request: within an hour the same token and names are the same certificate. */
  readonly idempotencyToken?: string;
  readonly renewedAt?: number;
  readonly tags: readonly Tag[];
}

/** What encrypts the private keys: the alias of ACM's key in KMS, and the context that names the certificate. */
export const acmKeyAlias = 'alias/aws/acm';

/** The encryption context of a certificate's private key. */
export function keyContext(arn: string): Record<string, string> {
  return { 'aws:acm:arn': arn };
}

/** A managed certificate is renewed so long before it ends ("Managed certificate renewal", ACM User Guide). */
export const renewBeforeMs = 60 * 24 * 3600 * 1000;
/** For how long one is issued: 198 days ("Certificate characteristics"). */
export const validForMs = 198 * 24 * 3600 * 1000;
