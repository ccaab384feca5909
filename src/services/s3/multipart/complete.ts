import { createHash } from 'node:crypto';
import { combineCrc, type CrcName } from '../../../base/crc.ts';
import { given } from '../../../base/given.ts';
import { checksumOf } from '../../../base/checksums.ts';
import { badChecksum } from '../../../aws/body-checks.ts';
import {
  isObject,
  type MultipartUpload,
  type ObjectChecksum,
  type StoredObject,
  type UploadedPart,
} from '../../../model/s3/object.ts';
import type { Bucket } from '../../../model/s3/bucket.ts';
import { collectGarbage } from '../../../store/blob-garbage.ts';
import { removeUpload, versionsOf } from '../../../store/object-versions.ts';
import type { Transaction } from '../../../store/store.ts';
import { multipartUploads } from '../../../store/tables/s3.ts';
import { checksumAnswer, claimedChecksum, type ChecksumMembers } from '../checksums.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { invalidRequest, malformedXml, s3Error } from '../errors.ts';
import { findBucket, versionHeader } from '../find.ts';
import { encryptionAnswer, refuseCustomerKey } from '../encryption.ts';
import { checkWrite, putVersion, type WriteConditions } from '../put-version.ts';
import { partsOf } from './parts.ts';
import { findUpload } from './uploads.ts';

/** "Amazon S3 multipart upload limits": of every part but the last. */
const LEAST_BYTES = 5 * 1024 * 1024;

interface NamedPart extends ChecksumMembers {
  readonly PartNumber?: number | undefined;
  readonly ETag?: string | undefined;
}

interface CompleteInput extends WriteConditions, ChecksumMembers {
  readonly MultipartUpload?: { readonly Parts?: readonly NamedPart[] | undefined } | undefined;
  readonly ChecksumType?: string | undefined;
  readonly MpuObjectSize?: number | undefined;
}

/** CompleteMultipartUpload. Nothing is copied: the object is made of the blobs of its parts. */
export function completeHandlers(deps: S3Deps) {
  const { store } = deps;
  return {
    CompleteMultipartUpload: async (input, ctx) => {
      refuseCustomerKey(input);
      const { bucket, version, garbage } = store.transact((tx) => {
        const done = completedBefore(tx, findBucket(tx, ctx, input), input);
        if (done !== undefined) return done;
        const upload = findUpload(tx, ctx, input);
        return complete(deps, tx, upload, input);
      });
      await collectGarbage(deps, garbage);
      const { content } = version;
      return {
        Location: `${ctx.endpoint}/${bucket.name}/${encodeURIComponent(version.key)}`,
        Bucket: bucket.name,
        Key: version.key,
        ETag: `"${content.etag}"`,
        ...encryptionAnswer(content.encryption),
        ...checksumAnswer(content.checksum),
        ...versionHeader(bucket, version),
      };
    },
  } satisfies S3Handlers;
}

/** A client that did not hear the answer asks once more: the object of that upload is there. */
function completedBefore(
  tx: Transaction,
  bucket: Bucket,
  { Key: key = '', UploadId: id = '' }: { Key?: string | undefined; UploadId?: string | undefined },
) {
  if (tx.get(multipartUploads, id) !== undefined) return undefined;
  const made = versionsOf(tx, bucket.name, key).find(({ content }) => content?.uploadId === id);
  return isObject(made) ? { bucket, version: made, garbage: [] } : undefined;
}

function complete(deps: S3Deps, tx: Transaction, upload: MultipartUpload, input: CompleteInput) {
  const { bucket, key, metadata, tags, encryption } = upload;
  const parts = chosenParts(partsOf(tx, upload), upload, input.MultipartUpload?.Parts ?? []);
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== sizeBytes) {
    throw invalidRequest("The provided 'x-amz-mp-object-size' header value does not match what was computed.");
  }
  const checksum = checksumOfParts(upload, parts);
  checkClaim(checksum, input);
  checkWrite(tx, bucket, key, input);
  const md5s = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')));
  const garbage = removeUpload(tx, upload.id);
  const written = putVersion(
    deps,
    tx,
    { bucket, key },
    {
      etag: `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`,
      sizeBytes,
      segments: parts.flatMap(({ segments }) => segments),
      checksum,
      metadata,
      tags,
      ...given('encryption', encryption),
      parts: parts.map((part) => ({
        number: part.number,
        sizeBytes: part.sizeBytes,
        ...given('checksum', part.checksums[checksum.algorithm]),
      })),
      uploadId: upload.id,
    },
  );
  return {
    bucket: written.bucket,
    version: written.version as StoredObject,
    garbage: [...garbage, ...written.garbage],
  };
}

/** The parts that the request names, which need not be all; InvalidPart, InvalidPartOrder or EntityTooSmall. */
function chosenParts(parts: readonly UploadedPart[], upload: MultipartUpload, named: readonly NamedPart[]) {
  if (named.length === 0 || named.length > 10_000) throw malformedXml();
  const byNumber = new Map(parts.map((part) => [part.number, part]));
  if (named.some(({ PartNumber: number = 0 }, index) => number <= (named[index - 1]?.PartNumber ?? 0))) {
    const message = 'The list of parts was not in ascending order. Parts must be ordered by part number.';
    throw s3Error(400, 'InvalidPartOrder', message, { UploadId: upload.id });
  }
  return named.map((name, index) => {
    const number = name.PartNumber ?? 0;
    const part = byNumber.get(number);
    const etag = (name.ETag ?? '').replaceAll('"', '');
    if (part === undefined || part.etag !== etag || !hasChecksum(part, upload, name)) {
      const message =
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
      throw s3Error(400, 'InvalidPart', message, { UploadId: upload.id, PartNumber: number, ETag: etag });
    }
    if (part.sizeBytes < LEAST_BYTES && index < named.length - 1) {
      throw s3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: part.sizeBytes,
        MinSizeAllowed: LEAST_BYTES,
        PartNumber: number,
        ETag: part.etag,
      });
    }
    return part;
  });
}

/** Whether the checksum that is given for a part is the part's; a composite one has to be given. */
function hasChecksum(part: UploadedPart, { checksum }: MultipartUpload, name: NamedPart): boolean {
  const claim = claimedChecksum(name);
  if (claim !== undefined) return part.checksums[claim.name] === claim.value;
  if (checksum?.type !== 'COMPOSITE') return true;
  const algorithm = checksum.algorithm.toLowerCase();
  throw invalidRequest(
    `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
  );
}

/** A checksum of the checksums, or that of the whole, which CRCs let one compute from those of the parts. */
function checksumOfParts({ checksum }: MultipartUpload, parts: readonly UploadedPart[]): ObjectChecksum {
  const { algorithm, type } = checksum ?? { algorithm: 'CRC64NVME' as const, type: 'FULL_OBJECT' as const };
  const values = parts.map((part) => Buffer.from(part.checksums[algorithm] ?? '', 'base64'));
  if (type === 'COMPOSITE') {
    const sum = checksumOf(algorithm);
    for (const value of values) sum.update(value);
    return { algorithm, type, value: `${sum.digest().toString('base64')}-${parts.length}` };
  }
  const [first = Buffer.alloc(8), ...rest] = values;
  const whole = rest.reduce<Buffer>(
    (sum, value, index) => combineCrc(algorithm as CrcName, sum, value, parts[index + 1]?.sizeBytes ?? 0),
    first,
  );
  return { algorithm, type, value: whole.toString('base64') };
}

/** Holds the object's checksum against the one in the request's headers. */
function checkClaim(checksum: ObjectChecksum, input: CompleteInput): void {
  if (input.ChecksumType !== undefined && input.ChecksumType !== checksum.type) {
    throw invalidRequest(
      `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const claim = claimedChecksum(input);
  if (claim === undefined) return;
  const bare = (value: string | undefined): string | undefined => value?.replace(/-\d+$/, '');
  if (claim.name !== checksum.algorithm || bare(claim.value) !== bare(checksum.value)) throw badChecksum(claim.name);
}
