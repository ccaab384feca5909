import type { Bucket } from '../../model/s3/bucket.ts';
import type { MultipartUpload, ObjectVersion, Segment, UploadedPart } from '../../model/s3/object.ts';
import { table } from '../table.ts';

/** Buckets, by name. */
export const buckets = table<Bucket>()({
  name: 's3.buckets',
  key: (row) => row.name,
  indexes: { account: (row) => row.account },
});

/** Versions of objects and delete markers, by an id of their own; those of a key stand in the order in which they were put. */
export const objectVersions = table<ObjectVersion>()({
  name: 's3.object-versions',
  key: (row) => row.id,
  indexes: {
    bucket: (row) => row.bucket,
    key: (row) => objectKey(row.bucket, row.key),
    content: (row) => blobsOf(row.content?.segments),
  },
});

/** Uploads in parts, by id. */
export const multipartUploads = table<MultipartUpload>()({
  name: 's3.multipart-uploads',
  key: (row) => row.id,
  indexes: { bucket: (row) => row.bucket },
});

/** Their parts, by upload and number. */
export const uploadedParts = table<UploadedPart>()({
  name: 's3.uploaded-parts',
  key: (row) => partKey(row.uploadId, row.number),
  indexes: { upload: (row) => row.uploadId, content: (row) => blobsOf(row.segments) },
});

/** What the versions of one key are found under: no bucket's name has a slash. */
export function objectKey(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}

/** The key of a part. */
export function partKey(uploadId: string, number: number): string {
  return `${uploadId} ${number}`;
}

function blobsOf(segments: readonly Segment[] | undefined): string[] | undefined {
  return segments === undefined ? undefined : [...new Set(segments.map(({ blob }) => blob))];
}
