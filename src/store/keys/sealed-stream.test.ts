import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { openStream, sealStream, type SealedSource } from './sealed-stream.ts';

const key = Buffer.alloc(32, 'k');
const salt = Buffer.alloc(16, 's');
const chunk = 65_536;

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

async function* pieces(content: Buffer, size: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const sealed = (content: Buffer, size = 10_000): Promise<Buffer> => whole(sealStream(pieces(content, size), key, salt));
const from =
  (bytes: Buffer, size = 7_000): SealedSource =>
  ({ start, end }) =>
    pieces(bytes.subarray(start, end + 1), size);

it('opens any part of what was sealed in any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(300_000), fc.constantFrom(1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk)),
      fc.integer({ min: 500, max: 200_000 }),
      fc.nat(),
      fc.nat(),
      async (size, pieceSize, a, b) => {
        const content = randomBytes(size + 1);
        const stored = await sealed(content, pieceSize);
        const [start = 0, end = 0] = [a % content.length, b % content.length].toSorted((x, y) => x - y);
        const open = (range: { start: number; end: number }): Promise<Buffer> =>
          whole(openStream(from(stored, pieceSize), key, content.length, range));
        expect((await open({ start, end })).equals(content.subarray(start, end + 1))).toBe(true);
        expect((await open({ start: 0, end: content.length - 1 })).equals(content)).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

it('gives out nothing of what was changed, moved, cut off or sealed with another key', async () => {
  const content = randomBytes(3 * chunk + 100);
  const stored = await sealed(content);
  const open = (bytes: Buffer, size = content.length, with_ = key): Promise<Buffer> =>
    whole(openStream(from(bytes), with_, size, { start: 0, end: size - 1 }));
  expect((await open(stored)).equals(content)).toBe(true);
  const changed = Buffer.from(stored);
  changed[16 + chunk + 16 + 5]! ^= 1;
  const sealedChunk = chunk + 16;
  const at = (index: number): Buffer => stored.subarray(16 + index * sealedChunk, 16 + (index + 1) * sealedChunk);
  const moved = Buffer.concat([stored.subarray(0, 16), at(1), at(0), at(2), at(3)]);
  const cut = stored.subarray(0, 16 + 2 * sealedChunk);
  await expect(open(changed)).rejects.toThrow('damaged');
  await expect(open(moved)).rejects.toThrow('damaged');
  await expect(open(cut)).rejects.toThrow('damaged');
  // Neither when it is told to be shorter.
  await expect(open(cut, 2 * chunk)).rejects.toThrow('damaged');
  await expect(open(stored, content.length, Buffer.alloc(32, 'x'))).rejects.toThrow('damaged');
});
