import { objectVersions, buckets } from '../../store/tables/s3.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { s3Error } from './errors.ts';
import { findBucket, versionHeader } from './find.ts';
import { findObject } from './get-object.ts';
import { checkTags, sdkTags } from './tag-rules.ts';
import type { Tag } from '../../model/tags.ts';
import type { StoredObject } from '../../model/s3/object.ts';

/** Tags of buckets and of versions of objects. */
export function taggingHandlers({ store }: S3Deps) {
  return {
    PutBucketTagging: (input, ctx) => {
      const tags = checkTags(input.Tagging?.TagSet, 50);
      store.transact((tx) => {
        const { name } = findBucket(tx, ctx, input);
        tx.update(buckets, name, (row) => ({ ...row, tags }));
      });
      return {};
    },
    GetBucketTagging: (input, ctx) => {
      const { name, tags } = findBucket(store, ctx, input);
      if (tags.length === 0) throw s3Error(404, 'NoSuchTagSet', 'The TagSet does not exist', { BucketName: name });
      return { TagSet: sdkTags(tags) };
    },
    DeleteBucketTagging: (input, ctx) => {
      store.transact((tx) => {
        const { name } = findBucket(tx, ctx, input);
        tx.update(buckets, name, (row) => ({ ...row, tags: [] }));
      });
      return {};
    },
    PutObjectTagging: (input, ctx) => {
      const tags = checkTags(input.Tagging?.TagSet, 10);
      return store.transact((tx) => {
        const bucket = findBucket(tx, ctx, input);
        const object = findObject({ store: tx }, bucket, input);
        tx.put(objectVersions, tagged(object, tags));
        return versionHeader(bucket, object);
      });
    },
    GetObjectTagging: (input, ctx) => {
      const bucket = findBucket(store, ctx, input);
      const object = findObject({ store }, bucket, input);
      return { ...versionHeader(bucket, object), TagSet: sdkTags(object.content.tags) };
    },
    DeleteObjectTagging: (input, ctx) =>
      store.transact((tx) => {
        const bucket = findBucket(tx, ctx, input);
        const object = findObject({ store: tx }, bucket, input);
        tx.put(objectVersions, tagged(object, []));
        return versionHeader(bucket, object);
      }),
  } satisfies S3Handlers;
}

function tagged(object: StoredObject, tags: readonly Tag[]): StoredObject {
  return { ...object, content: { ...object.content, tags } };
}
