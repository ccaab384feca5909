import type { S3Deps, S3Handlers } from './deps.ts';
import { s3Error } from './errors.ts';
import { findBucket } from './find.ts';
import { findObject } from './get-object.ts';
import { privateAcl } from './owner.ts';

interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/**
 * Access lists other than the owner's own are refused, as AWS refuses them in buckets whose owner owns everything: the
 * default ("Controlling ownership of objects and disabling ACLs for your bucket").
 */
export function checkAcl(input: AclInput): void {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP } = input;
  const grants = [GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP];
  const isOwners = ACL === undefined || ACL === 'private' || ACL === 'bucket-owner-full-control';
  if (!isOwners || grants.some((grant) => grant !== undefined)) throw aclNotSupported();
}

/** Access lists of buckets and objects: there is one, and it stays as it is. */
export function aclHandlers({ store }: S3Deps) {
  return {
    GetBucketAcl: (input, ctx) => privateAcl(findBucket(store, ctx, input).account),
    GetObjectAcl: (input, ctx) => {
      const bucket = findBucket(store, ctx, input);
      findObject({ store }, bucket, input);
      return privateAcl(bucket.account);
    },
    PutBucketAcl: (input, ctx) => {
      findBucket(store, ctx, input);
      checkAcl(input);
      if (input.AccessControlPolicy !== undefined) throw aclNotSupported();
      return {};
    },
    PutObjectAcl: (input, ctx) => {
      findObject({ store }, findBucket(store, ctx, input), input);
      checkAcl(input);
      if (input.AccessControlPolicy !== undefined) throw aclNotSupported();
      return {};
    },
  } satisfies S3Handlers;
}

/** The error for every other access list. */
function aclNotSupported() {
  return s3Error(400, 'AccessControlListNotSupported', 'The bucket does not allow ACLs');
}
