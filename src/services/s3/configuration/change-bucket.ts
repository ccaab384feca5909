import type { Ctx } from '../../../aws/handlers.ts';
import type { Bucket } from '../../../model/s3/bucket.ts';
import type { Store } from '../../../store/store.ts';
import { buckets } from '../../../store/tables/s3.ts';
import { findBucket, type BucketInput } from '../find.ts';

/** Changes the bucket that a request names, and answers what it is then. */
export function changeBucket(store: Store, ctx: Ctx, input: BucketInput, change: (bucket: Bucket) => Bucket): Bucket {
  return store.transact((tx) => {
    const bucket = change(findBucket(tx, ctx, input));
    tx.put(buckets, bucket);
    return bucket;
  });
}
