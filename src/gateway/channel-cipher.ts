import type { Ids } from '../base/ids.ts';
import { seal, unseal } from '../store/keys/seal.ts';

/** How long a data key of KMS for a channel is: one half for each direction. */
export const dataKeyBytes = 64;
const nonceBytes = 12;
const tagBytes = 16;
/** How much longer a payload is once it is encrypted. */
export const cipherOverhead = nonceBytes + tagBytes;

/** Nothing but the payload itself is authenticated. */
const nothing = new Uint8Array();

/**
 * What encrypts the bytes of one data channel at one of its ends, as the SSM agent (`blockcipher.go`) and the
 * session-manager-plugin (`encrypter.go`) do: AES-256-GCM with a random nonce, which goes ahead of the ciphertext and its tag. The
 * agent's end encrypts with the first half of the data key, the client's with the second.
 */
export class ChannelCipher {
  readonly #ids: Ids;
  readonly #encrypting: Uint8Array;
  readonly #decrypting: Uint8Array;

  constructor(dataKey: Uint8Array, end: 'agent' | 'client', ids: Ids) {
    const halves = [dataKey.subarray(0, dataKeyBytes / 2), dataKey.subarray(dataKeyBytes / 2)] as const;
    [this.#encrypting, this.#decrypting] = end === 'agent' ? halves : [halves[1], halves[0]];
    this.#ids = ids;
  }

  encrypt(payload: Uint8Array): Buffer {
    const { iv, tag, data } = seal(
      this.#encrypting,
      Buffer.from(this.#ids.hex(nonceBytes * 2), 'hex'),
      payload,
      nothing,
    );
    return Buffer.concat([iv, data, tag]);
  }

  /** The payload; `undefined` when the other end did not encrypt it with this key. */
  decrypt(bytes: Uint8Array): Buffer | undefined {
    const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (sealed.length < cipherOverhead) return undefined;
    const tagAt = sealed.length - tagBytes;
    const parts = {
      iv: sealed.subarray(0, nonceBytes),
      data: sealed.subarray(nonceBytes, tagAt),
      tag: sealed.subarray(tagAt),
    };
    return unseal(this.#decrypting, parts, nothing);
  }
}
