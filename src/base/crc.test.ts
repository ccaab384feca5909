import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineCrc, crc, type CrcName } from './crc.ts';

const sumOf = (name: CrcName, data: Uint8Array): Buffer => {
  const sum = crc(name);
  sum.update(data);
  return sum.digest();
};

// The check values of the "Catalogue of parametrised CRC algorithms".
test.each([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
] as const)('%s of 123456789', (name, expected) => {
  expect(sumOf(name, Buffer.from('123456789')).toString('hex')).toBe(expected);
});

test('CRC32 is what zlib has', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
      expect(sumOf('CRC32', data).readUInt32BE()).toBe(crc32(data));
    }),
  );
});

test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s in pieces, and combined', (name) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ maxLength: 50 }), (first, second) => {
      const whole = sumOf(name, Buffer.concat([first, second]));
      const inPieces = crc(name);
      inPieces.update(first);
      inPieces.update(second);
      expect(inPieces.digest()).toEqual(whole);
      expect(combineCrc(name, sumOf(name, first), sumOf(name, second), second.length)).toEqual(whole);
    }),
  );
});
