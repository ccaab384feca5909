// What the library for certificates is put together with needs it.
import 'reflect-metadata';
import { createPrivateKey, generateKeyPair, type KeyObject, type webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import { dateOf, type Clock } from '../../base/clock.ts';
import type { Ids } from '../../base/ids.ts';
import type { KeyAlgorithm } from '../../model/acm/certificate.ts';

const newKeyPair = promisify(generateKeyPair);
const dayMs = 24 * 3600 * 1000;
/** Clocks of those who check it may be slow. */
const backdatedMs = 60 * 60_000;

/** A certificate with what is needed to serve it, all PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  /** The authority's own certificate. */
  readonly chain: string;
  readonly privateKey: string;
}

/** The names that a certificate is for, the first as its common name, and for how long. */
export interface IssueRequest {
  readonly names: readonly string[];
  readonly keyAlgorithm: KeyAlgorithm;
  readonly validForMs: number;
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * The installation's own certificate authority: it vouches for whatever it is asked to, and convinces those who took its root
 * among what they trust, and nobody else.
 */
export class CertificateAuthority {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #certificate: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(clock: Clock, ids: Ids, certificate: x509.X509Certificate, key: webcrypto.CryptoKey) {
    this.#clock = clock;
    this.#ids = ids;
    this.#certificate = certificate;
    this.#key = key;
  }

  /** Its root certificate, as PEM. */
  get root(): string {
    return pemOf(this.#certificate);
  }

  /** A new authority, and the text from which `open` makes it again: its private key and its root certificate, as PEM. */
  static async make(clock: Clock, ids: Ids, name: string): Promise<{ authority: CertificateAuthority; text: string }> {
    const { privateKey, publicKey } = await newKeyPair('ec', { namedCurve: 'P-256' });
    const key = privateKey.toCryptoKey(ecdsa, false, ['sign']);
    const publicCryptoKey = publicKey.toCryptoKey(ecdsa, true, ['verify']);
    const now = clock.now();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(ids),
      name: [{ CN: [name] }, { O: ['Stowage'] }],
      notBefore: dateOf(now - backdatedMs),
      notAfter: dateOf(now + 10 * 365 * dayMs),
      signingAlgorithm: ecdsa,
      keys: { privateKey: key, publicKey: publicCryptoKey },
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(publicCryptoKey),
      ],
    });
    const text = `${privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}${pemOf(certificate)}`;
    return { authority: new CertificateAuthority(clock, ids, certificate, key), text };
  }

  /** The authority of a text that `make` answered. */
  static open(clock: Clock, ids: Ids, text: string): CertificateAuthority {
    const key = createPrivateKey(text).toCryptoKey(ecdsa, false, ['sign']);
    const at = text.indexOf('-----BEGIN CERTIFICATE-----');
    return new CertificateAuthority(clock, ids, new x509.X509Certificate(text.slice(at)), key);
  }

  /** A certificate for servers and clients, with a key of its own. */
  async issue({ names, keyAlgorithm, validForMs }: IssueRequest): Promise<IssuedCertificate> {
    const { privateKey, publicKey } = await keysOf(keyAlgorithm);
    const now = this.#clock.now();
    const publicCryptoKey = cryptoKeyOf(publicKey, keyAlgorithm);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(this.#ids),
      subject: [{ CN: [names[0] ?? ''] }],
      issuer: this.#certificate.subjectName,
      notBefore: dateOf(now - backdatedMs),
      notAfter: dateOf(now + validForMs),
      signingAlgorithm: ecdsa,
      signingKey: this.#key,
      publicKey: publicCryptoKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        keyUsageOf(keyAlgorithm),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
        await x509.SubjectKeyIdentifierExtension.create(publicCryptoKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
      ],
    });
    return {
      certificate: pemOf(certificate),
      chain: this.root,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }
}

const curves: Readonly<Record<string, string>> = {
  EC_prime256v1: 'P-256',
  EC_secp384r1: 'P-384',
  EC_secp521r1: 'P-521',
};

function keysOf(algorithm: KeyAlgorithm): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  const namedCurve = curves[algorithm];
  return namedCurve === undefined
    ? newKeyPair('rsa', { modulusLength: Number(algorithm.slice('RSA_'.length)) })
    : newKeyPair('ec', { namedCurve });
}

function cryptoKeyOf(key: KeyObject, algorithm: KeyAlgorithm): webcrypto.CryptoKey {
  const namedCurve = curves[algorithm];
  return namedCurve === undefined
    ? key.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['verify'])
    : key.toCryptoKey({ name: 'ECDSA', namedCurve }, true, ['verify']);
}

/** RFC 5280, 4.2.1.3: what a key of its kind is good for in TLS. */
function keyUsageOf(algorithm: KeyAlgorithm): x509.KeyUsagesExtension {
  return algorithm in curves
    ? new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)
    : new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true);
}

/** 127 random bits (RFC 5280, 4.1.2.2: a positive number). */
function serial(ids: Ids): string {
  const hex = ids.hex(32);
  return (Number.parseInt(hex.slice(0, 1), 16) & 7).toString(16) + hex.slice(1);
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}
