import { dateOf } from '../../../base/clock.ts';
import { given } from '../../../base/given.ts';
import type { MultipartUpload, UploadedPart } from '../../../model/s3/object.ts';
import { uploadedParts } from '../../../store/tables/s3.ts';
import type { Transaction } from '../../../store/store.ts';
import { checksumMember, claimedChecksum } from '../checksums.ts';
import { findSource, holdSource } from '../copy-source.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { invalidArgument, invalidRequest } from '../errors.ts';
import { encryptionAnswer, refuseCustomerKey } from '../encryption.ts';
import { PAGE } from '../listing.ts';
import { checkNumber } from '../metadata.ts';
import type { ByteRange } from '../ranges.ts';
import { checkSize } from '../receive.ts';
import { receivePart, sealAnew, sharePart } from './receive-part.ts';
import { findUpload, uploadPeople } from './uploads.ts';

/** Parts of an upload: UploadPart, UploadPartCopy and ListParts. */
export function partHandlers(deps: S3Deps) {
  const { store } = deps;
  return {
    UploadPart: async (input, ctx) => {
      refuseCustomerKey(input);
      const number = checkPartNumber(input.PartNumber);
      const upload = findUpload(store, ctx, input);
      const algorithm = upload.checksum?.algorithm ?? 'CRC64NVME';
      const claim = claimedChecksum(input);
      if (upload.checksum !== undefined && claim !== undefined && claim.name !== algorithm) {
        throw invalidRequest(
          `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${claim.name.toLowerCase()}`,
        );
      }
      const { etag, checksums } = await receivePart(deps, upload, number, input);
      const answered = claim?.name ?? (upload.checksum === undefined ? undefined : algorithm);
      const value = answered === undefined ? undefined : checksums[answered];
      return {
        ETag: `"${etag}"`,
        ...encryptionAnswer(upload.encryption),
        ...(answered === undefined || value === undefined ? {} : checksumMember(answered, value)),
      };
    },
    UploadPartCopy: async (input, ctx) => {
      refuseCustomerKey(input);
      const number = checkPartNumber(input.PartNumber);
      const upload = findUpload(store, ctx, input);
      const source = findSource(store, ctx, input);
      const { content } = source.object;
      const range = copyRange(input.CopySourceRange, content.sizeBytes);
      checkSize(range.end - range.start + 1);
      return holdSource(deps, source, async () => {
        const isSealed = (upload.encryption ?? content.encryption) !== undefined;
        const part = await (isSealed ? sealAnew : sharePart)(deps, upload, number, source, range);
        const { algorithm } = upload.checksum ?? {};
        const checksum = algorithm && part.checksums[algorithm];
        return {
          CopyPartResult: {
            ETag: `"${part.etag}"`,
            LastModified: dateOf(part.modifiedAt),
            ...(algorithm === undefined || checksum === undefined ? {} : checksumMember(algorithm, checksum)),
          },
          ...encryptionAnswer(upload.encryption),
          ...given('CopySourceVersionId', source.bucket.versioning === undefined ? undefined : source.object.versionId),
        };
      });
    },
    ListParts: (input, ctx) => {
      refuseCustomerKey(input);
      const upload = findUpload(store, ctx, input);
      checkNumber('max-parts', input.MaxParts, 0, 2 ** 31 - 1);
      const after = Number(input.PartNumberMarker ?? '0');
      checkNumber('part-number-marker', after, 0, 2 ** 31 - 1);
      const most = Math.min(input.MaxParts ?? PAGE, PAGE);
      const all = partsOf(store, upload).filter(({ number }) => number > after);
      const page = all.slice(0, most);
      const isTruncated = page.length < all.length && most > 0;
      return {
        Bucket: upload.bucket,
        Key: upload.key,
        UploadId: upload.id,
        PartNumberMarker: String(after),
        ...given('NextPartNumberMarker', page.length === 0 ? undefined : String(page.at(-1)?.number)),
        MaxParts: most,
        IsTruncated: isTruncated,
        Parts: page.map((part) => sdkPart(part, upload)),
        ...uploadPeople(upload),
        ...(upload.checksum === undefined
          ? {}
          : { ChecksumAlgorithm: upload.checksum.algorithm, ChecksumType: upload.checksum.type }),
      };
    },
  } satisfies S3Handlers;
}

/** The parts of an upload in the order of their numbers. */
export function partsOf(reader: Pick<Transaction, 'by'>, upload: MultipartUpload): UploadedPart[] {
  return reader.by(uploadedParts, 'upload', upload.id).sort((a, b) => a.number - b.number);
}

function sdkPart(part: UploadedPart, { checksum }: MultipartUpload) {
  const value = checksum === undefined ? undefined : part.checksums[checksum.algorithm];
  return {
    PartNumber: part.number,
    LastModified: dateOf(part.modifiedAt),
    ETag: `"${part.etag}"`,
    Size: part.sizeBytes,
    ...(checksum === undefined || value === undefined ? {} : checksumMember(checksum.algorithm, value)),
  };
}

function checkPartNumber(number: number | undefined): number {
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= 10_000) return number;
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', number);
}

/** `bytes=first-last`, both of them inside the source. */
function copyRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return { start: 0, end: size - 1 };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const [start, end] = [Number(first), Number(last)];
  if (first === undefined || start > end) {
    const message =
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy';
    throw invalidArgument(message, 'x-amz-copy-source-range', header);
  }
  if (end >= size) {
    const message = `Range specified is not valid for source object of size: ${size}`;
    throw invalidArgument(message, 'x-amz-copy-source-range', header);
  }
  return { start, end };
}
