import { createCipheriv, createDecipheriv } from 'node:crypto';

/** What AES-256-GCM makes of a plaintext. */
export interface Sealed {
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly data: Buffer;
}

/** Encrypts with AES-256-GCM; `aad` is authenticated with it. The `iv`, 12 random bytes, may never come twice with a key. */
export function seal(key: Uint8Array, iv: Buffer, plaintext: Uint8Array, aad: Uint8Array): Sealed {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(aad);
  const data = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, tag: cipher.getAuthTag(), data };
}

/** Decrypts; `undefined` when key, tag or `aad` are not those it was sealed with. */
export function unseal(key: Uint8Array, { iv, tag, data }: Sealed, aad: Uint8Array): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
    decipher.setAAD(aad);
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch {
    return undefined;
  }
}
