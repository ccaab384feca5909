import type { Bucket } from '../../model/s3/bucket.ts';
import { isObject, type ObjectContent, type ObjectVersion } from '../../model/s3/object.ts';
import type { Transaction } from '../../store/store.ts';
import { addVersion, versionsOf } from '../../store/object-versions.ts';
import { buckets } from '../../store/tables/s3.ts';
import type { S3Deps } from './deps.ts';
import { noSuchBucket, noSuchKey, preconditionFailed } from './errors.ts';
import { etagMatches } from './conditions.ts';

/** A write that is done, and the blobs that it may have left without a use. */
export interface Written {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  readonly garbage: readonly string[];
}

/** Makes `content` (or, without, a delete marker) the newest version of a key; NoSuchBucket when the bucket is gone. */
export function putVersion(
  { ids, clock }: S3Deps,
  tx: Transaction,
  at: { readonly bucket: string; readonly key: string },
  content: ObjectContent | undefined,
): Written {
  const bucket = tx.get(buckets, at.bucket);
  if (bucket === undefined) throw noSuchBucket(at.bucket);
  return { bucket, ...addVersion(tx, ids, clock.now(), bucket, at.key, content) };
}

/** What a write may depend on ("How to prevent object overwrites with conditional writes"). */
export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** Throws NoSuchKey or PreconditionFailed when the key is not as the write wants it. */
export function checkWrite(
  tx: Pick<Transaction, 'by'>,
  bucket: string,
  key: string,
  conditions: WriteConditions,
): void {
  const { IfMatch, IfNoneMatch } = conditions;
  if (IfMatch === undefined && IfNoneMatch === undefined) return;
  const newest = versionsOf(tx, bucket, key).at(-1);
  const object = isObject(newest) ? newest : undefined;
  if (IfNoneMatch !== undefined && object !== undefined && etagMatches(IfNoneMatch, object.content.etag)) {
    throw preconditionFailed('If-None-Match');
  }
  if (IfMatch === undefined) return;
  if (object === undefined) throw noSuchKey(key);
  if (!etagMatches(IfMatch, object.content.etag)) throw preconditionFailed('If-Match');
}
