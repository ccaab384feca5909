import { given } from '../base/given.ts';
import type { Ids } from '../base/ids.ts';
import type { Bucket } from '../model/s3/bucket.ts';
import { nullVersion, type ObjectContent, type ObjectVersion } from '../model/s3/object.ts';
import type { Reader, Transaction } from './store.ts';
import { multipartUploads, objectKey, objectVersions, uploadedParts } from './tables/s3.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._';

/** The versions of a key, oldest first. */
export function versionsOf(reader: Pick<Reader, 'by'>, bucket: string, key: string): ObjectVersion[] {
  return reader.by(objectVersions, 'key', objectKey(bucket, key));
}

/**
 * Makes `content` (or, without, a delete marker) the newest version of a key. In a bucket that does not keep versions it
 * takes the place of the one there is ("How S3 Versioning works"). Answers it, and the blobs that may be without a use.
 */
export function addVersion(
  tx: Transaction,
  ids: Ids,
  now: number,
  bucket: Bucket,
  key: string,
  content: ObjectContent | undefined,
): { readonly version: ObjectVersion; readonly garbage: readonly string[] } {
  const keeps = bucket.versioning === 'Enabled';
  const garbage = keeps ? [] : removeVersion(tx, bucket.name, key, nullVersion);
  const version: ObjectVersion = {
    id: ids.uuid(),
    bucket: bucket.name,
    key,
    versionId: keeps ? newVersionId(ids) : nullVersion,
    modifiedAt: Math.floor(now / 1000) * 1000,
    ...given('content', content),
  };
  tx.put(objectVersions, version);
  return { version, garbage };
}

/** Removes the version of that id, if there is one, and answers the blobs that it had. */
export function removeVersion(tx: Transaction, bucket: string, key: string, versionId: string): string[] {
  const gone = versionsOf(tx, bucket, key).filter((version) => version.versionId === versionId);
  for (const { id } of gone) tx.delete(objectVersions, id);
  return gone.flatMap(({ content }) => content?.segments.map(({ blob }) => blob) ?? []);
}

/** Removes an upload with its parts, and answers their blobs. */
export function removeUpload(tx: Transaction, id: string): string[] {
  const parts = tx.by(uploadedParts, 'upload', id);
  for (const part of parts) tx.delete(uploadedParts, uploadedParts.key(part));
  tx.delete(multipartUploads, id);
  return parts.flatMap(({ segments }) => segments.map(({ blob }) => blob));
}

function newVersionId(ids: Ids): string {
  let text = '';
  while (text.length < 32) text += alphabet.charAt(Math.floor(ids.random() * alphabet.length));
  return text;
}
