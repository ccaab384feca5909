import { AwsError } from '../../base/errors.ts';
import type { Ctx } from '../../aws/handlers.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import { nullVersion, type ObjectVersion } from '../../model/s3/object.ts';
import type { Reader } from '../../store/store.ts';
import { versionsOf } from '../../store/object-versions.ts';
import { buckets } from '../../store/tables/s3.ts';
import { accessDenied, invalidArgument, noSuchBucket, noSuchVersion } from './errors.ts';

/** The input of whatever is asked of a bucket. */
export interface BucketInput {
  readonly Bucket: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

/**
 * The bucket, or NoSuchBucket, PermanentRedirect when it lies in another region, AccessDenied when it is somebody else's
 * or not whose the caller takes it to be ("Verifying bucket ownership with bucket owner condition").
 */
export function findBucket(reader: Reader, ctx: Ctx, input: BucketInput): Bucket {
  const bucket = findAnywhere(reader, ctx, input);
  if (ctx.region !== '' && bucket.region !== ctx.region) throw elsewhere(bucket);
  return bucket;
}

/** The same for what is answered in every region. */
export function findAnywhere(reader: Reader, ctx: Ctx, input: BucketInput): Bucket {
  const { Bucket: name = '', ExpectedBucketOwner: owner } = input;
  const bucket = reader.get(buckets, name);
  if (bucket === undefined) throw noSuchBucket(name);
  if (bucket.account !== ctx.account || (owner !== undefined && owner !== bucket.account)) throw accessDenied();
  return bucket;
}

function elsewhere({ name, region }: Bucket): AwsError {
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future ' +
    'requests to this endpoint.';
  return new AwsError('PermanentRedirect', message, {
    status: 301,
    members: { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name },
    headers: { 'x-amz-bucket-region': region },
  });
}

/** The version that is asked for, or the newest; `undefined` when the key has none. NoSuchVersion for one that is not there. */
export function findVersion(
  reader: Reader,
  bucket: string,
  key: string,
  versionId: string | undefined,
): ObjectVersion | undefined {
  const versions = versionsOf(reader, bucket, key);
  if (versionId === undefined) return versions.at(-1);
  const found = versions.find((version) => version.versionId === versionId);
  if (found !== undefined) return found;
  checkVersionId(versionId);
  throw noSuchVersion(key, versionId);
}

/** Throws InvalidArgument for what cannot be the id of a version. */
export function checkVersionId(versionId: string): void {
  if (versionId === nullVersion || /^[A-Za-z0-9._]{32}$/.test(versionId)) return;
  throw invalidArgument('Invalid version id specified', 'versionId', versionId);
}

/** The header that names a version; there is none in a bucket that never kept versions. */
export function versionHeader(bucket: Bucket, version: ObjectVersion): { VersionId?: string } {
  return bucket.versioning === undefined ? {} : { VersionId: version.versionId };
}
