import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isoOf, type Clock } from '../../base/clock.ts';
import { der } from '../../base/der.ts';
import type { Ids } from '../../base/ids.ts';
import { writeSecretFile } from '../keys/secret-file.ts';

/** The file in the installation's home that holds the key of instance identity documents and its certificate. */
export const instanceIdentityFile = 'instance-identity.pem';

const oids = {
  commonName: '2.5.4.3',
  data: '1.2.840.113549.1.7.1',
  rsa: '1.2.840.113549.1.1.1',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  signedData: '1.2.840.113549.1.7.2',
} as const;

const dayMs = 24 * 3_600_000;

/** What vouches for an instance identity document: base64, in lines of 64 characters. */
export interface IdentitySignatures {
  /** RSASSA-PKCS1-v1_5 with SHA-256 over the document. */
  readonly signature: string;
  /** PKCS #7, with the document inside. */
  readonly pkcs7: string;
}

/** Vouches for instance identity documents, and knows those that it vouched for. */
export interface InstanceIdentity {
  /** The certificate that they are verified with, PEM. */
  readonly certificate: string;
  sign(document: string): IdentitySignatures;
  /** Whether `signature` (of `sign`) is of this very document. */
  isSigned(document: string, signature: string): boolean;
}

/** Answers the installation's, made when it is first asked for. */
export type InstanceIdentitySource = () => InstanceIdentity;

/**
 * What the installation signs instance identity documents with ("Verify the identity document", EC2 User Guide): an RSA key of 2048 bits
 * with a certificate of its own signature, as each of AWS's regions has one. It lies beside the rows and outlives a reset.
 */
export function instanceIdentityOf({
  home,
  clock,
  ids,
}: {
  home: string;
  clock: Clock;
  ids: Ids;
}): InstanceIdentitySource {
  const path = join(home, instanceIdentityFile);
  let opened: InstanceIdentity | undefined;
  return () => {
    if (opened !== undefined) return opened;
    if (!existsSync(path)) writeSecretFile(path, makeIdentity(clock, ids));
    opened = openIdentity(readFileSync(path, 'utf8'));
    return opened;
  };
}

/** A new key and its certificate, as the PEM text that `openIdentity` reads. */
export function makeIdentity(clock: Clock, ids: Ids): string {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = clock.now();
  const own = name(`Stowage instance identity ${ids.hex(8)}`);
  const algorithm = der.sequence(der.oid(oids.sha256WithRsa), der.null());
  // RFC 5280, 4.1: version 3, a random serial number, and nobody above it.
  const body = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.from(`4${ids.hex(15)}`, 'hex')),
    algorithm,
    own,
    der.sequence(der.time(isoOf(now - dayMs)), der.time(isoOf(now + 30 * 365 * dayMs))),
    own,
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  const certificate = der.sequence(body, algorithm, der.bits(sign('sha256', body, privateKey)));
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return `${key}-----BEGIN CERTIFICATE-----\n${lines(certificate)}\n-----END CERTIFICATE-----\n`;
}

/** The identity of a text that `makeIdentity` answered. */
export function openIdentity(text: string): InstanceIdentity {
  const key = createPrivateKey(text);
  const certificate = text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'));
  const { issuer, serialNumber } = new X509Certificate(certificate);
  const publicKey = createPublicKey(certificate);
  const named = der.sequence(name(issuer.replace('CN=', '')), der.integer(Buffer.from(serialNumber, 'hex')));
  const hash = der.sequence(der.oid(oids.sha256), der.null());
  return {
    certificate,
    sign(document) {
      const content = Buffer.from(document);
      const signature = sign('sha256', content, key);
      // RFC 2315, 9: one signer, who is named by certificate and signs the content itself.
      const signer = der.sequence(
        der.integer(Buffer.from([1])),
        named,
        hash,
        der.sequence(der.oid(oids.rsa), der.null()),
        der.octets(signature),
      );
      const signed = der.sequence(
        der.integer(Buffer.from([1])),
        der.set(hash),
        der.sequence(der.oid(oids.data), der.tagged(0, der.octets(content))),
        der.set(signer),
      );
      const message = der.sequence(der.oid(oids.signedData), der.tagged(0, signed));
      return { signature: lines(signature), pkcs7: lines(message) };
    },
    isSigned: (document, signature) =>
      verify('sha256', Buffer.from(document), publicKey, Buffer.from(signature, 'base64')),
  };
}

function name(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(oids.commonName), der.utf8(commonName))));
}

function lines(bytes: Uint8Array): string {
  return (
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n');
}
