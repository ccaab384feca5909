import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Ctx } from '../../aws/handlers.ts';
import { isObject, type StoredObject } from '../../model/s3/object.ts';
import { checkListing, encodeKey, PAGE } from './listing.ts';
import { versionsOf } from '../../store/object-versions.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { findBucket, type BucketInput } from './find.ts';
import type { KeyIndex } from './key-index.ts';
import { checkNumber } from './metadata.ts';
import { canonicalId } from './owner.ts';
import { pageToken, readPageToken } from './paging.ts';
import { walkKeys } from './walk-keys.ts';

interface ListInput extends BucketInput {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: string | undefined;
  readonly OptionalObjectAttributes?: readonly string[] | undefined;
}

/** ListObjectsV2 and ListObjects ("Listing object keys programmatically"). */
export function listObjectHandlers(deps: S3Deps, index: KeyIndex) {
  return {
    ListObjectsV2: (input, ctx) => {
      const after = readPageToken(input.ContinuationToken) ?? (input.StartAfter || undefined);
      const { page, last, isTruncated, common, maxKeys } = list(deps, index, ctx, input, after);
      const encode = encodeKey(input.EncodingType);
      return {
        Name: input.Bucket,
        Prefix: encode(input.Prefix ?? ''),
        ...given('Delimiter', input.Delimiter === undefined ? undefined : encode(input.Delimiter)),
        ...given('EncodingType', input.EncodingType),
        MaxKeys: maxKeys,
        KeyCount: page.length + common.length,
        IsTruncated: isTruncated,
        ...given('StartAfter', input.StartAfter === undefined ? undefined : encode(input.StartAfter)),
        ...given('ContinuationToken', input.ContinuationToken),
        ...given('NextContinuationToken', isTruncated && last !== undefined ? pageToken(last) : undefined),
        Contents: page.map((object) => summary(object, encode, input.FetchOwner === true ? ctx.account : undefined)),
        CommonPrefixes: common.map((each) => ({ Prefix: encode(each) })),
      };
    },
    ListObjects: (input, ctx) => {
      const { page, last, isTruncated, common, maxKeys } = list(deps, index, ctx, input, input.Marker || undefined);
      const encode = encodeKey(input.EncodingType);
      return {
        Name: input.Bucket,
        Prefix: encode(input.Prefix ?? ''),
        Marker: encode(input.Marker ?? ''),
        ...given('Delimiter', input.Delimiter === undefined ? undefined : encode(input.Delimiter)),
        ...given('EncodingType', input.EncodingType),
        MaxKeys: maxKeys,
        IsTruncated: isTruncated,
        // Without a delimiter the last key is the marker ("ListObjects").
        ...given('NextMarker', isTruncated && input.Delimiter && last !== undefined ? encode(last) : undefined),
        Contents: page.map((object) => summary(object, encode, ctx.account)),
        CommonPrefixes: common.map((each) => ({ Prefix: encode(each) })),
      };
    },
  } satisfies S3Handlers;
}

function list(deps: S3Deps, index: KeyIndex, ctx: Ctx, input: ListInput, after: string | undefined) {
  const { store } = deps;
  const bucket = findBucket(store, ctx, input);
  checkListing(input);
  checkNumber('max-keys', input.MaxKeys, 0, 2 ** 31 - 1);
  const maxKeys = Math.min(input.MaxKeys ?? PAGE, PAGE);
  const page: StoredObject[] = [];
  const common: string[] = [];
  const newest = (key: string) => versionsOf(store, bucket.name, key).at(-1);
  let last: string | undefined;
  const walk = { prefix: input.Prefix ?? '', delimiter: input.Delimiter ?? '', after };
  const keys = index.keysOf(bucket.name);
  for (const step of walkKeys(keys, walk)) {
    if ('key' in step) {
      const version = newest(step.key);
      if (!isObject(version)) continue;
      if (page.length + common.length === maxKeys) return { page, common, last, isTruncated: maxKeys > 0, maxKeys };
      page.push(version);
      last = step.key;
      continue;
    }
    // A prefix is common to objects, not to delete markers.
    if (!hasObject(keys, step.commonPrefix, newest)) continue;
    if (page.length + common.length === maxKeys) return { page, common, last, isTruncated: maxKeys > 0, maxKeys };
    common.push(step.commonPrefix);
    last = step.commonPrefix;
  }
  return { page, common, last, isTruncated: false, maxKeys };
}

function hasObject(
  keys: readonly string[],
  prefix: string,
  newest: (key: string) => Parameters<typeof isObject>[0],
): boolean {
  for (const step of walkKeys(keys, { prefix, delimiter: '', after: undefined })) {
    if ('key' in step && isObject(newest(step.key))) return true;
  }
  return false;
}

function summary(object: StoredObject, encode: (key: string) => string, owner: string | undefined) {
  const { content } = object;
  return {
    Key: encode(object.key),
    LastModified: dateOf(object.modifiedAt),
    ETag: `"${content.etag}"`,
    Size: content.sizeBytes,
    StorageClass: 'STANDARD' as const,
    ChecksumAlgorithm: [content.checksum.algorithm],
    ChecksumType: content.checksum.type,
    ...(owner === undefined ? {} : { Owner: { ID: canonicalId(owner) } }),
  };
}
