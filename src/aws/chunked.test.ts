import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeChunks } from './chunked.ts';

const frame = (chunk: Uint8Array, extension: string): Buffer =>
  Buffer.concat([Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n')]);

/** Decodes a body that arrives in pieces of `size` bytes. */
async function decode(body: Buffer, size: number, trailers = new Map<string, string>()): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
  return Buffer.concat(await Readable.from(decodeChunks(Readable.from(pieces), trailers)).toArray());
}

test('aws-chunked frames are taken off, signed or not, with or without trailers, in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })),
      fc.constantFrom('', `;chunk-signature=${'0'.repeat(64)}`),
      fc.constantFrom('\r\n', 'x-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
      fc.integer({ min: 1, max: 400 }),
      async (chunks, extension, trailer, size) => {
        const frames = chunks.map((chunk) => frame(chunk, extension));
        const body = Buffer.concat([...frames, Buffer.from(`0${extension}\r\n${trailer}`)]);
        const trailers = new Map<string, string>();
        expect(await decode(body, size, trailers)).toEqual(Buffer.concat(chunks));
        expect([...trailers]).toEqual(trailer === '\r\n' ? [] : [['x-amz-checksum-crc32', 'AAAAAA==']]);
      },
    ),
  );
});

test.each(['', 'abc', 'zz\r\n', '5\r\nabc', '3\r\nabc\r\n', '3\r\nabcdef\r\n0\r\n\r\n'])(
  '%j is refused',
  async (text) => {
    await expect(decode(Buffer.from(text), 2)).rejects.toMatchObject({ name: 'BadChunks' });
  },
);
