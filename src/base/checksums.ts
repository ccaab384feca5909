import { createHash } from 'node:crypto';
import { crc } from './crc.ts';

/** The checksums of S3 that are computed here ("Checking object integrity", Amazon S3 User Guide). */
export const checksumNames = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256', 'SHA512', 'MD5'] as const;

/** A checksum's name, as `x-amz-checksum-algorithm` has it. */
export type ChecksumName = (typeof checksumNames)[number];

/** One in progress. */
export interface Checksum {
  update(data: Uint8Array): void;
  digest(): Buffer;
}

/** Begins one. */
export function checksumOf(name: ChecksumName): Checksum {
  switch (name) {
    case 'CRC32':
    case 'CRC32C':
    case 'CRC64NVME':
      return crc(name);
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return createHash(name.toLowerCase());
  }
}

/** The header, or trailer, that carries its value in base64. */
export function headerOfChecksum(name: ChecksumName): string {
  return `x-amz-checksum-${name.toLowerCase()}`;
}
