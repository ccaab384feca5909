import { hkdfSync } from 'node:crypto';
import type { Ids } from '../../base/ids.ts';
import { seal, unseal } from '../keys/seal.ts';
import { sizeOf } from './events.ts';

/** A data key of a log group, in clear: on its way to the thread that has the events, and nowhere else. */
export interface EventKey {
  readonly id: number;
  readonly key: Uint8Array;
}

interface EventPlace {
  readonly stream: number;
  readonly at: number;
}

/** Before a message's ciphertext: its data key's number, the nonce and the tag. */
const idBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = idBytes + nonceBytes + tagBytes;

/**
 * Encrypts messages of log events with AES-256-GCM, each by itself and bound to the stream and the time that it is of. Every stream
 * has a key of its own, derived from the data key, so that random nonces last (2^32 of them, NIST SP 800-38D).
 */
export class EventCipher {
  readonly #keys: ReadonlyMap<number, Uint8Array>;
  readonly #own = new Map<string, Buffer>();

  constructor(keys: readonly EventKey[]) {
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  /** What is stored of a message; `keyId` is that of a key which this was made with. */
  seal(keyId: number, event: EventPlace & { readonly message: string }, ids: Ids): Buffer {
    const key = this.#ownKey(keyId, event.stream);
    if (key === undefined) throw new Error(`there is no data key ${keyId}`);
    const nonce = Buffer.from(ids.hex(nonceBytes * 2), 'hex');
    const { iv, tag, data } = seal(key, nonce, Buffer.from(event.message, 'utf8'), placeOf(event));
    const number = Buffer.alloc(idBytes);
    number.writeUInt32BE(keyId);
    return Buffer.concat([number, iv, tag, data]);
  }

  /** The message; `undefined` when there is no key for it, or it is not what was stored there. */
  open(event: EventPlace & { readonly message: Uint8Array }): string | undefined {
    const sealed = Buffer.from(event.message.buffer, event.message.byteOffset, event.message.byteLength);
    if (sealed.length < headBytes) return undefined;
    const key = this.#ownKey(sealed.readUInt32BE(0), event.stream);
    if (key === undefined) return undefined;
    const iv = sealed.subarray(idBytes, idBytes + nonceBytes);
    const tag = sealed.subarray(idBytes + nonceBytes, headBytes);
    return unseal(key, { iv, tag, data: sealed.subarray(headBytes) }, placeOf(event))?.toString('utf8');
  }

  #ownKey(id: number, stream: number): Buffer | undefined {
    const name = `${id} ${stream}`;
    const known = this.#own.get(name);
    const key = this.#keys.get(id);
    if (known !== undefined || key === undefined) return known;
    const own = Buffer.from(hkdfSync('sha256', key, '', `log stream ${stream}`, 32));
    this.#own.set(name, own);
    return own;
  }
}

/** `sizeOf` for what is stored: a message, or what it was encrypted to. */
export function storedSizeOf(message: string | Uint8Array): number {
  return typeof message === 'string' ? sizeOf(message) : sizeOf('') + message.length - headBytes;
}

function placeOf({ stream, at }: EventPlace): Buffer {
  return Buffer.from(`${stream} ${at}`);
}
