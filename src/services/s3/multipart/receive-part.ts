import type { MultipartUpload, Segment, UploadedPart } from '../../../model/s3/object.ts';
import { collectGarbage } from '../../../store/blob-garbage.ts';
import type { Transaction } from '../../../store/store.ts';
import { multipartUploads, partKey, uploadedParts } from '../../../store/tables/s3.ts';
import { cutSegments, streamContent } from '../content.ts';
import type { CopySource } from '../copy-source.ts';
import type { S3Deps } from '../deps.ts';
import { digestContent } from '../digest-content.ts';
import { sealingOf } from '../encryption.ts';
import { noSuchUpload } from '../errors.ts';
import { openContent } from '../get-object.ts';
import type { ByteRange } from '../ranges.ts';
import { asBody, receiveBody, type BodyInput } from '../receive.ts';

/** Takes a part's content in, encrypted as its upload is. */
export async function receivePart(
  deps: S3Deps,
  upload: MultipartUpload,
  number: number,
  input: BodyInput,
): Promise<UploadedPart> {
  const algorithm = algorithmOf(upload);
  const sealing = sealingOf(deps, upload, upload, upload.encryption);
  const received = await receiveBody(deps, input, [algorithm], algorithm, sealing);
  const { sizeBytes, etag, checksums } = received;
  const rest = { uploadId: upload.id, number, etag, sizeBytes, checksums: Object.fromEntries(checksums) };
  const { part, garbage } = await received.keep((segments) => {
    const made: UploadedPart = { ...rest, modifiedAt: nowOf(deps), segments };
    return { part: made, garbage: deps.store.transact((tx) => putPart(tx, made)) };
  });
  await collectGarbage(deps, garbage);
  return part;
}

/** A part that is a range of an object: read, and encrypted anew. */
export function sealAnew(
  deps: S3Deps,
  upload: MultipartUpload,
  number: number,
  { bucket, object }: CopySource,
  range: ByteRange,
): Promise<UploadedPart> {
  const content = streamContent(deps.blobs, openContent(deps, bucket, object), range);
  return receivePart(deps, upload, number, { Body: asBody(content, range.end - range.start + 1) });
}

/** The same where neither is sealed: the part shares the object's blobs. */
export async function sharePart(
  deps: S3Deps,
  upload: MultipartUpload,
  number: number,
  { object }: CopySource,
  range: ByteRange,
): Promise<UploadedPart> {
  const algorithm = algorithmOf(upload);
  const segments = cutSegments(object.content.segments, range);
  const { md5, checksum } = await digestContent(deps.blobs, { segments }, algorithm);
  const part: UploadedPart = {
    uploadId: upload.id,
    number,
    modifiedAt: nowOf(deps),
    etag: md5,
    sizeBytes: range.end - range.start + 1,
    segments,
    checksums: { [algorithm]: checksum },
  };
  const garbage = deps.store.transact((tx) => putPart(tx, part));
  await collectGarbage(deps, garbage);
  return part;
}

function algorithmOf({ checksum }: MultipartUpload) {
  return checksum?.algorithm ?? ('CRC64NVME' as const);
}

function nowOf({ clock }: S3Deps): number {
  return Math.floor(clock.now() / 1000) * 1000;
}

/** Stores a part in the place of one of the same number, and answers the blobs of that. */
function putPart(tx: Transaction, part: UploadedPart): string[] {
  // It may have been completed or given up while the part was on its way.
  if (tx.get(multipartUploads, part.uploadId) === undefined) throw noSuchUpload(part.uploadId);
  const before: readonly Segment[] = tx.get(uploadedParts, partKey(part.uploadId, part.number))?.segments ?? [];
  tx.put(uploadedParts, part);
  return before.map(({ blob }) => blob);
}
