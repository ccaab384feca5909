import { given } from '../../base/given.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import { isObject, nullVersion, type ObjectContent, type ObjectVersion } from '../../model/s3/object.ts';
import type { Transaction } from '../../store/store.ts';
import { buckets, objectVersions } from '../../store/tables/s3.ts';
import type { S3Deps } from './deps.ts';
import { noSuchBucket, noSuchKey, preconditionFailed } from './errors.ts';
import { versionsOf } from './find.ts';
import { etagMatches } from './conditions.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._';

/** A write that is done, and the blobs that it may have left without a use. */
export interface Written {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  readonly garbage: readonly string[];
}

/**
 * Makes `content` (or, without, a delete marker) the newest version of a key. In a bucket that does not keep versions it
 * takes the place of the one there is ("How S3 Versioning works").
 */
export function putVersion(
  { ids, clock }: S3Deps,
  tx: Transaction,
  at: { readonly bucket: string; readonly key: string },
  content: ObjectContent | undefined,
): Written {
  const bucket = tx.get(buckets, at.bucket);
  if (bucket === undefined) throw noSuchBucket(at.bucket);
  const keeps = bucket.versioning === 'Enabled';
  const garbage = keeps ? [] : removeVersions(tx, at.bucket, at.key, nullVersion);
  const version: ObjectVersion = {
    id: ids.uuid(),
    bucket: at.bucket,
    key: at.key,
    versionId: keeps ? newVersionId(ids) : nullVersion,
    modifiedAt: Math.floor(clock.now() / 1000) * 1000,
    ...given('content', content),
  };
  tx.put(objectVersions, version);
  return { bucket, version, garbage };
}

/** Removes the version of that id, if there is one, and answers the blobs that it had. */
export function removeVersions(tx: Transaction, bucket: string, key: string, versionId: string): string[] {
  const gone = versionsOf(tx, bucket, key).filter((version) => version.versionId === versionId);
  for (const { id } of gone) tx.delete(objectVersions, id);
  return gone.flatMap(({ content }) => content?.segments.map(({ blob }) => blob) ?? []);
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
  const newest = versionsOf(tx as Transaction, bucket, key).at(-1);
  const object = isObject(newest) ? newest : undefined;
  if (IfNoneMatch !== undefined && object !== undefined && etagMatches(IfNoneMatch, object.content.etag)) {
    throw preconditionFailed('If-None-Match');
  }
  if (IfMatch === undefined) return;
  if (object === undefined) throw noSuchKey(key);
  if (!etagMatches(IfMatch, object.content.etag)) throw preconditionFailed('If-Match');
}

function newVersionId(ids: S3Deps['ids']): string {
  let text = '';
  while (text.length < 32) text += alphabet.charAt(Math.floor(ids.random() * alphabet.length));
  return text;
}
