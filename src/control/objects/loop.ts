import { messageOf } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import { planLifecycle, type LifecycleStep } from '../../model/s3/lifecycle.ts';
import type { ObjectVersion } from '../../model/s3/object.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import { addVersion, removeUpload, removeVersion } from '../../store/object-versions.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { buckets, multipartUploads, objectVersions } from '../../store/tables/s3.ts';
import type { Loop } from '../loop.ts';

/** What the loop is made from. */
export interface ObjectDeps {
  readonly store: Store;
  readonly ids: Ids;
  readonly blobs: Pick<Blobs, 'collect'>;
  readonly log: Log;
}

/**
 * Does what the lifecycles of buckets say, once an hour: AWS does it once a day ("Managing the lifecycle of objects", Amazon
 * S3 User Guide).
 */
export function objectLoop(deps: ObjectDeps): Loop {
  return {
    name: 'objects',
    tables: [],
    rescanMs: 3_600_000,
    tick(now) {
      for (const bucket of deps.store.list(buckets)) {
        if (bucket.lifecycle !== undefined) runLifecycle(deps, bucket, now);
      }
      return undefined;
    },
  };
}

function runLifecycle({ store, ids, blobs, log }: ObjectDeps, { name, lifecycle = [] }: Bucket, now: number): void {
  const garbage = store.transact((tx) => {
    const bucket = tx.get(buckets, name);
    if (bucket === undefined) return [];
    const uploads = tx.by(multipartUploads, 'bucket', name);
    const steps = planLifecycle(lifecycle, byKey(tx.by(objectVersions, 'bucket', name)), uploads, now);
    return steps.flatMap((step) => apply(tx, ids, now, bucket, step));
  });
  collectGarbage({ store, blobs }, garbage).catch((error: unknown) => {
    log.error('the content of expired objects was not deleted', { bucket: name, error: messageOf(error) });
  });
}

/** Does a step, and answers the blobs that may be without a use. */
function apply(tx: Transaction, ids: Ids, now: number, bucket: Bucket, step: LifecycleStep): readonly string[] {
  if (step.kind === 'abort') return removeUpload(tx, step.upload.id);
  const { key, versionId } = step.version;
  // Where versions are kept, or once were, what expires is only hidden.
  if (step.kind === 'remove' || bucket.versioning === undefined) return removeVersion(tx, bucket.name, key, versionId);
  return addVersion(tx, ids, now, bucket, key, undefined).garbage;
}

function byKey(versions: readonly ObjectVersion[]): Iterable<readonly ObjectVersion[]> {
  const keys = new Map<string, ObjectVersion[]>();
  for (const version of versions) {
    const same = keys.get(version.key);
    if (same === undefined) keys.set(version.key, [version]);
    else same.push(version);
  }
  return keys.values();
}
