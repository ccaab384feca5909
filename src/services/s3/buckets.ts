import type { BucketLocationConstraint } from '@aws-sdk/client-s3';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import { compareKeys } from '../../model/s3/key-order.ts';
import { removeUpload } from '../../store/object-versions.ts';
import { buckets, multipartUploads, objectVersions } from '../../store/tables/s3.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { checkAcl } from './acls.ts';
import { checkBucketName } from './bucket-names.ts';
import { checkTags } from './tag-rules.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { invalidArgument, refuse, s3Error } from './errors.ts';
import { findAnywhere, findBucket } from './find.ts';
import { canonicalId } from './owner.ts';
import { pageToken, readPageToken } from './paging.ts';

/** "Quotas": of buckets in an account. */
const BUCKETS_PER_ACCOUNT = 10_000;
const ownerships: readonly string[] = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'];

/** The operations on buckets as such ("Working with buckets", Amazon S3 User Guide). */
export function bucketHandlers(deps: S3Deps) {
  const { store, clock } = deps;
  return {
    CreateBucket: (input, ctx) => {
      const name = input.Bucket ?? '';
      checkBucketName(name);
      checkAcl(input);
      const { LocationConstraint, Location, Bucket: kind, Tags } = input.CreateBucketConfiguration ?? {};
      refuse({
        'x-amz-bucket-object-lock-enabled': input.ObjectLockEnabledForBucket,
        'x-amz-bucket-namespace': input.BucketNamespace === 'global' ? undefined : input.BucketNamespace,
        'CreateBucketConfiguration.Location': Location,
        'CreateBucketConfiguration.Bucket': kind,
      });
      const region = regionOf(LocationConstraint, ctx.region);
      const ownership = input.ObjectOwnership ?? 'BucketOwnerEnforced';
      if (!ownerships.includes(ownership)) {
        throw invalidArgument(
          `Invalid x-amz-object-ownership header: ${ownership}`,
          'x-amz-object-ownership',
          ownership,
        );
      }
      store.transact((tx) => {
        const there = tx.get(buckets, name);
        if (there !== undefined) {
          // Where all began, asking again is no error ("CreateBucket").
          if (there.account === ctx.account && there.region === region && region === 'us-east-1') return;
          throw taken(there, ctx.account);
        }
        if (tx.countBy(buckets, 'account', ctx.account) >= BUCKETS_PER_ACCOUNT) {
          throw s3Error(400, 'TooManyBuckets', 'You have attempted to create more buckets than allowed');
        }
        const row: Bucket = {
          name,
          account: ctx.account,
          region,
          createdAt: Math.floor(clock.now() / 1000) * 1000,
          tags: checkTags(Tags, 50),
          ownership,
          publicAccessBlock: {
            blockPublicAcls: true,
            ignorePublicAcls: true,
            blockPublicPolicy: true,
            restrictPublicBuckets: true,
          },
        };
        tx.put(buckets, row);
      });
      const Location_ = region === 'us-east-1' ? `/${name}` : `http://${name}.s3.amazonaws.com/`;
      return { Location: Location_, BucketArn: bucketArn(name) };
    },
    DeleteBucket: async (input, ctx) => {
      const garbage = store.transact((tx) => {
        const { name } = findBucket(tx, ctx, input);
        if (tx.countBy(objectVersions, 'bucket', name) > 0) {
          const keepsVersions = tx.get(buckets, name)?.versioning !== undefined;
          const more = keepsVersions ? '. You must delete all versions in the bucket.' : '';
          const message = `The bucket you tried to delete is not empty${more}`;
          throw s3Error(409, 'BucketNotEmpty', message, { BucketName: name });
        }
        const garbage = tx.by(multipartUploads, 'bucket', name).flatMap(({ id }) => removeUpload(tx, id));
        tx.delete(buckets, name);
        return garbage;
      });
      await collectGarbage(deps, garbage);
      return {};
    },
    HeadBucket: (input, ctx) => {
      const { region, name } = findBucket(store, ctx, input);
      return { BucketRegion: region, AccessPointAlias: false, BucketArn: bucketArn(name) };
    },
    GetBucketLocation: (input, ctx) => {
      const { region } = findAnywhere(store, ctx, input);
      // The first region has no name here ("GetBucketLocation").
      return region === 'us-east-1' ? {} : { LocationConstraint: region as BucketLocationConstraint };
    },
    ListBuckets: (input, { account }) => {
      const { Prefix, BucketRegion, MaxBuckets, ContinuationToken } = input;
      if (MaxBuckets !== undefined && !(MaxBuckets >= 1 && MaxBuckets <= BUCKETS_PER_ACCOUNT)) {
        throw invalidArgument('Argument maxBuckets must be an integer between 1 and 10000.', 'maxBuckets', MaxBuckets);
      }
      const after = readPageToken(ContinuationToken);
      const all = store
        .by(buckets, 'account', account)
        .filter(({ name, region }) => name.startsWith(Prefix ?? '') && (BucketRegion ?? region) === region)
        .filter(({ name }) => after === undefined || compareKeys(name, after) > 0)
        .sort((a, b) => compareKeys(a.name, b.name));
      const page = all.slice(0, MaxBuckets);
      const last = page.at(-1);
      return {
        Buckets: page.map(({ name, createdAt, region }) => ({
          Name: name,
          CreationDate: dateOf(createdAt),
          // Where the regions of the listing are asked for, it tells them.
          ...(MaxBuckets === undefined && BucketRegion === undefined && Prefix === undefined
            ? {}
            : { BucketRegion: region }),
          BucketArn: bucketArn(name),
        })),
        Owner: { ID: canonicalId(account) },
        ...given('Prefix', Prefix),
        ...(page.length < all.length && last !== undefined ? { ContinuationToken: pageToken(last.name) } : {}),
      };
    },
  } satisfies S3Handlers;
}

/** `arn:aws:s3:::name`. */
export function bucketArn(name: string): string {
  return arn('s3', '', '', name);
}

/** The region that a bucket is to be in: the endpoint's own, which has to be named except for the first ("CreateBucket"). */
function regionOf(constraint: string | undefined, region: string): string {
  if (constraint === undefined || constraint === '') {
    if (region === 'us-east-1') return region;
    throw illegalLocation('unspecified');
  }
  const named = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (named === 'us-east-1' || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(named)) {
    throw s3Error(400, 'InvalidLocationConstraint', 'The specified location-constraint is not valid', {
      LocationConstraint: constraint,
    });
  }
  // The first region's endpoint takes buckets for all others.
  if (named !== region && region !== 'us-east-1') throw illegalLocation(constraint);
  return named;
}

function illegalLocation(constraint: string) {
  const message = `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`;
  return s3Error(400, 'IllegalLocationConstraintException', message);
}

function taken(bucket: Bucket, account: string) {
  const members = { BucketName: bucket.name };
  if (bucket.account === account) {
    const message = 'Your previous request to create the named bucket succeeded and you already own it.';
    return s3Error(409, 'BucketAlreadyOwnedByYou', message, members);
  }
  const message =
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please ' +
    'select a different name and try again.';
  return s3Error(409, 'BucketAlreadyExists', message, members);
}
