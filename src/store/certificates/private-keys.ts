import { acmKeyAlias, keyContext, type Certificate } from '../../model/acm/certificate.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Vault } from '../keys/vault.ts';
import type { Reader, Transaction } from '../store.ts';

/** Encrypts the private key of the certificate `arn`: what its row holds. */
export function sealKey(tx: Transaction, vault: Vault, scope: Scoped, arn: string, pem: string, now: number): string {
  const key = vault.managed(tx, scope, acmKeyAlias, now);
  return vault.encrypt(key, Buffer.from(pem), keyContext(arn)).toString('base64');
}

/** The private key of a certificate, as PEM. */
export function privateKeyOf(reader: Reader, vault: Vault, certificate: Certificate): string {
  const { arn, sealedKey } = certificate;
  const opened = vault.decrypt(reader, certificate, Buffer.from(sealedKey, 'base64'), keyContext(arn));
  if (typeof opened === 'string') throw new Error(`the private key of ${arn} cannot be decrypted: ${opened}`);
  return opened.plaintext.toString();
}
