import { createCipheriv, hkdfSync } from 'node:crypto';

/** How many random bytes stand before a blob's content on the disk: its own key follows from them. */
export const saltBytes = 16;

/** Encrypts what stands at `offset` of a blob, or decrypts it, which is the same. */
export type Crypt = (data: Uint8Array, offset: number) => Buffer;

/**
 * AES-256 in counter mode under a key of the blob's own, by which any part can be read alone (NIST SP 800-38A). That the
 * content is what it should be is seen when it is written, by its digest.
 */
export function cryptOf(key: Uint8Array, salt: Uint8Array): Crypt {
  const own = Buffer.from(hkdfSync('sha256', key, salt, 'blob', 32));
  return (data, offset) => {
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt(Math.floor(offset / 16)), 8);
    const cipher = createCipheriv('aes-256-ctr', own, counter);
    cipher.update(Buffer.alloc(offset % 16));
    return cipher.update(data);
  };
}

/** What tells a key from another without telling the key. */
export function fingerprintOf(key: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', key, '', 'fingerprint', 16)).toString('hex');
}
