import { checksumNames, headerOfChecksum, type ChecksumName } from '../../base/checksums.ts';
import type { ObjectChecksum } from '../../model/s3/object.ts';
import { invalidArgument, invalidRequest, refuse } from './errors.ts';

/** The members of requests and answers that carry checksums, as the SDK has them. */
export interface ChecksumMembers {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumCRC32C?: string | undefined;
  readonly ChecksumCRC64NVME?: string | undefined;
  readonly ChecksumSHA1?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
  readonly ChecksumSHA512?: string | undefined;
  readonly ChecksumMD5?: string | undefined;
  readonly ChecksumXXHASH64?: string | undefined;
  readonly ChecksumXXHASH3?: string | undefined;
  readonly ChecksumXXHASH128?: string | undefined;
}

/** How many bytes each has. */
const lengths: Readonly<Record<ChecksumName, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
};

/** A checksum by which a client knows what it sends. */
export interface ClaimedChecksum {
  readonly name: ChecksumName;
  /** In base64; `undefined` when it comes after the body. */
  readonly value: string | undefined;
}

/** The checksum in a request's headers; InvalidRequest for several, or for one that is none. */
export function claimedChecksum(input: ChecksumMembers): ClaimedChecksum | undefined {
  refuse({
    'x-amz-checksum-xxhash64': input.ChecksumXXHASH64,
    'x-amz-checksum-xxhash3': input.ChecksumXXHASH3,
    'x-amz-checksum-xxhash128': input.ChecksumXXHASH128,
  });
  const values: Readonly<Record<ChecksumName, string | undefined>> = {
    CRC32: input.ChecksumCRC32,
    CRC32C: input.ChecksumCRC32C,
    CRC64NVME: input.ChecksumCRC64NVME,
    SHA1: input.ChecksumSHA1,
    SHA256: input.ChecksumSHA256,
    SHA512: input.ChecksumSHA512,
    MD5: input.ChecksumMD5,
  };
  const given = checksumNames.filter((name) => values[name] !== undefined);
  const [name] = given;
  if (given.length > 1) {
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  if (name === undefined) return undefined;
  checkChecksumForm(name, values[name] ?? '');
  return { name, value: values[name] };
}

/** Throws InvalidRequest for what is no value of that checksum. A composite one ends with the number of its parts. */
export function checkChecksumForm(name: ChecksumName, value: string): void {
  const base64 = value.replace(/-\d+$/, '');
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(base64) && base64.length % 4 === 0;
  if (isBase64 && Buffer.from(base64, 'base64').length === lengths[name]) return;
  throw invalidRequest(`Value for ${headerOfChecksum(name)} header is invalid.`);
}

/** An algorithm by the name that requests have for it. */
export function checksumName(algorithm: string): ChecksumName {
  const name = algorithm.toUpperCase();
  refuse({ [`checksum algorithm ${name}`]: name.startsWith('XXHASH') || undefined });
  const found = checksumNames.find((each) => each === name);
  if (found !== undefined) return found;
  throw invalidArgument(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    'x-amz-checksum-algorithm',
    algorithm,
  );
}

/** The member that carries a checksum in an answer. */
export function checksumMember(algorithm: string, value: string): ChecksumMembers {
  return { [`Checksum${algorithm}`]: value };
}

/** An object's checksum in an answer, with its type. */
export function checksumAnswer({ algorithm, value, type }: ObjectChecksum) {
  return { ...checksumMember(algorithm, value), ChecksumType: type };
}
