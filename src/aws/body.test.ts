import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeChunks } from './body.ts';

const frame = (chunk: Uint8Array, extension: string): Buffer =>
  Buffer.concat([Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n')]);

test('aws-chunked frames are taken off, signed or not, with or without trailers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })),
      fc.constantFrom('', `;chunk-signature=${'0'.repeat(64)}`),
      fc.constantFrom('\r\n', 'x-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
      (chunks, extension, trailer) => {
        const frames = chunks.map((chunk) => frame(chunk, extension));
        const body = Buffer.concat([...frames, Buffer.from(`0${extension}\r\n${trailer}`)]);
        expect(decodeChunks(body)).toEqual(Buffer.concat(chunks));
      },
    ),
  );
});

test.each(['', 'abc', 'zz\r\n', '5\r\nabc', '3\r\nabc\r\n'])('%j is refused', (text) => {
  expect(() => decodeChunks(Buffer.from(text))).toThrow(/aws-chunked/);
});
