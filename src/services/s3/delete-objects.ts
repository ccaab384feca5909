import { AwsError } from '../../base/errors.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import type { Transaction } from '../../store/store.ts';
import { isObject, nullVersion, type ObjectVersion } from '../../model/s3/object.ts';
import { buckets } from '../../store/tables/s3.ts';
import { removeVersion, versionsOf } from '../../store/object-versions.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { malformedXml, preconditionFailed, refuse } from './errors.ts';
import { checkVersionId, findBucket } from './find.ts';
import { checkKey } from './metadata.ts';
import { putVersion } from './put-version.ts';
import { etagMatches } from './conditions.ts';

/** "DeleteObjects". */
const MOST_KEYS = 1000;

interface Deletion {
  readonly Key: string;
  readonly VersionId?: string | undefined;
  readonly IfMatch?: string | undefined;
}

/** What deleting one did, as S3 tells it, and the blobs that are without a use now. */
interface Deleted {
  readonly answer: { DeleteMarker?: boolean; VersionId?: string };
  readonly garbage: readonly string[];
}

/** DeleteObject and DeleteObjects ("Deleting objects", Amazon S3 User Guide). */
export function deleteObjectHandlers(deps: S3Deps) {
  const { store } = deps;
  return {
    DeleteObject: async (input, ctx) => {
      const { name } = findBucket(store, ctx, input);
      refuseLocks(input.MFA, input.BypassGovernanceRetention);
      const { IfMatch, VersionId, Key = '' } = input;
      refuseForDirectories(input.IfMatchLastModifiedTime, input.IfMatchSize);
      checkKey(Key);
      const what = { Key, VersionId, IfMatch };
      const { answer, garbage } = store.transact((tx) => remove(deps, tx, name, what));
      await collectGarbage(deps, garbage);
      return answer;
    },
    DeleteObjects: async (input, ctx) => {
      const { name } = findBucket(store, ctx, input);
      refuseLocks(input.MFA, input.BypassGovernanceRetention);
      const wanted = input.Delete?.Objects ?? [];
      if (wanted.length === 0 || wanted.length > MOST_KEYS) throw malformedXml();
      const results = store.transact((tx) =>
        wanted.map(({ Key = '', VersionId, ETag, LastModifiedTime, Size }) => {
          refuseForDirectories(LastModifiedTime, Size);
          const what = { Key, VersionId: VersionId || undefined, IfMatch: ETag };
          return { what, ...attempt(() => remove(deps, tx, name, what)) };
        }),
      );
      await collectGarbage(
        deps,
        results.flatMap(({ done }) => done?.garbage ?? []),
      );
      return {
        Deleted:
          input.Delete?.Quiet === true
            ? []
            : results.flatMap(({ what, done }) => (done === undefined ? [] : [deletedEntry(what, done)])),
        Errors: results.flatMap(({ what: { Key, VersionId }, problem }) =>
          problem === undefined ? [] : [{ Key, VersionId, Code: problem.code, Message: problem.message }],
        ),
      };
    },
  } satisfies S3Handlers;
}

function refuseLocks(mfa: string | undefined, bypass: boolean | undefined): void {
  refuse({ 'x-amz-mfa': mfa, 'x-amz-bypass-governance-retention': bypass });
}

/** Conditions that only directory buckets know. */
function refuseForDirectories(modifiedAt: Date | undefined, size: number | undefined): void {
  refuse({ 'x-amz-if-match-last-modified-time': modifiedAt, 'x-amz-if-match-size': size });
}

function deletedEntry({ Key, VersionId }: Deletion, { answer }: Deleted) {
  if (VersionId !== undefined) {
    return answer.DeleteMarker === true
      ? { Key, VersionId, DeleteMarker: true, DeleteMarkerVersionId: VersionId }
      : { Key, VersionId };
  }
  if (answer.DeleteMarker !== true) return { Key };
  return { Key, DeleteMarker: true, DeleteMarkerVersionId: answer.VersionId };
}

function attempt(work: () => Deleted): { done?: Deleted; problem?: AwsError } {
  try {
    return { done: work() };
  } catch (error) {
    if (error instanceof AwsError) return { problem: error };
    throw error;
  }
}

/** Deletes a version for good, or the newest: for good as well, or behind a delete marker, as the bucket has it. */
function remove(deps: S3Deps, tx: Transaction, bucket: string, what: Deletion): Deleted {
  const { Key, VersionId } = what;
  if (VersionId !== undefined) {
    checkVersionId(VersionId);
    const version = versionsOf(tx, bucket, Key).find((each) => each.versionId === VersionId);
    checkDelete(version, what);
    const isMarker = version !== undefined && !isObject(version);
    const garbage = removeVersion(tx, bucket, Key, VersionId);
    return { answer: { VersionId, ...(isMarker ? { DeleteMarker: true } : {}) }, garbage };
  }
  checkDelete(versionsOf(tx, bucket, Key).at(-1), what);
  if (tx.get(buckets, bucket)?.versioning === undefined) {
    return { answer: {}, garbage: removeVersion(tx, bucket, Key, nullVersion) };
  }
  const { version, garbage } = putVersion(deps, tx, { bucket, key: Key }, undefined);
  return { answer: { DeleteMarker: true, VersionId: version.versionId }, garbage };
}

/** Throws PreconditionFailed when what is to be deleted is not what its deleter takes it for. */
function checkDelete(version: ObjectVersion | undefined, { IfMatch }: Deletion): void {
  if (IfMatch === undefined) return;
  if (!isObject(version) || !etagMatches(IfMatch, version.content.etag)) throw preconditionFailed('If-Match');
}
