import { hkdfSync } from 'node:crypto';
import { seal, unseal } from './seal.ts';

/** Random bytes at the head of what is sealed: a key of its own follows from them and the data key. */
export const sealSaltBytes = 16;
/** Plaintext bytes of each chunk but the last, which may be shorter. */
const chunkBytes = 65_536;
const tagBytes = 16;

/** Content of any length that was sealed is not what it should be: damaged, cut short, or of another key. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';

  constructor() {
    super('encrypted content is damaged, or of another key');
  }
}

const nothing = new Uint8Array();

/**
 * Encrypts a stream so that any part of it can be read alone and none can be changed, moved or cut off unseen: chunks of 64 KiB, each
 * AES-256-GCM with its number and whether it is the last for a nonce ("STREAM", Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO
 * 2015; the payload of age-encryption.org/v1 is made alike). `salt` may never come twice with a key.
 */
export async function* sealStream(
  source: AsyncIterable<Uint8Array>,
  dataKey: Uint8Array,
  salt: Uint8Array,
): AsyncGenerator<Buffer> {
  const key = ownKey(dataKey, salt);
  const sealed = (chunk: Uint8Array, index: number, isLast: boolean): Buffer => {
    const { data, tag } = seal(key, nonceOf(index, isLast), chunk, nothing);
    return Buffer.concat([data, tag]);
  };
  yield Buffer.from(salt);
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let index = 0;
  for await (const bytes of source) {
    held.push(bytes);
    heldBytes += bytes.length;
    // One whole chunk is kept back, which may be the last.
    if (heldBytes <= chunkBytes) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; all.length - at > chunkBytes; at += chunkBytes) {
      yield sealed(all.subarray(at, at + chunkBytes), index++, false);
    }
    held = [all.subarray(at)];
    heldBytes = all.length - at;
  }
  yield sealed(Buffer.concat(held), index, true);
}

/** Where sealed content is read from: bytes from `start` to `end`, both included. */
export type SealedSource = (range: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>;

/**
 * The plaintext from `start` to `end`, both included, of sealed content whose plaintext has `size` bytes. Throws `SealBroken` before
 * anything of a chunk that is not right is given out.
 */
export async function* openStream(
  source: SealedSource,
  dataKey: Uint8Array,
  size: number,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Buffer> {
  const salt = await whole(source({ start: 0, end: sealSaltBytes - 1 }));
  const key = ownKey(dataKey, salt);
  const last = Math.max(0, Math.ceil(size / chunkBytes) - 1);
  const sealedChunk = chunkBytes + tagBytes;
  let index = Math.floor(start / chunkBytes);
  const until = Math.floor(end / chunkBytes);
  const sealedEnd = Math.min(sealSaltBytes + (until + 1) * sealedChunk, sealedSizeOf(size)) - 1;
  for await (const chunk of inChunks(
    source({ start: sealSaltBytes + index * sealedChunk, end: sealedEnd }),
    sealedChunk,
  )) {
    const tagAt = chunk.length - tagBytes;
    const parts = { iv: nonceOf(index, index === last), data: chunk.subarray(0, tagAt), tag: chunk.subarray(tagAt) };
    const plain = tagAt < 0 ? undefined : unseal(key, parts, nothing);
    if (plain === undefined) throw new SealBroken();
    const from = Math.max(0, start - index * chunkBytes);
    const to = Math.min(plain.length, end + 1 - index * chunkBytes);
    yield plain.subarray(from, to);
    index += 1;
  }
  if (index <= until) throw new SealBroken();
}

/** How many bytes `size` bytes are once they are sealed. */
function sealedSizeOf(size: number): number {
  return sealSaltBytes + size + tagBytes * Math.max(1, Math.ceil(size / chunkBytes));
}

function ownKey(dataKey: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, salt, 'sealed stream', 32));
}

function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

/** Pieces of `bytes` bytes each; the last may be shorter. */
async function* inChunks(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const part of source) {
    held.push(part);
    heldBytes += part.length;
    if (heldBytes < bytes) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; all.length - at >= bytes; at += bytes) yield all.subarray(at, at + bytes);
    held = [all.subarray(at)];
    heldBytes = all.length - at;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}
