import type { S3Deps, S3Handlers } from '../deps.ts';
import { invalidArgument, malformedXml, refuse } from '../errors.ts';
import { findBucket } from '../find.ts';
import { changeBucket } from './change-bucket.ts';

/**
 * The default encryption of a bucket: S3's own, always ("Setting default server-side encryption behavior for Amazon S3
 * buckets"). That with keys of KMS is refused.
 */
export function encryptionHandlers({ store }: S3Deps) {
  return {
    PutBucketEncryption: (input, ctx) => {
      const { Rules: [rule, ...others] = [] } = input.ServerSideEncryptionConfiguration ?? {};
      if (rule === undefined || others.length > 0) throw malformedXml();
      const { ApplyServerSideEncryptionByDefault: wanted, BucketKeyEnabled: bucketKey = false } = rule;
      refuse({ BlockedEncryptionTypes: rule.BlockedEncryptionTypes });
      const method = wanted?.SSEAlgorithm;
      refuse({ [`SSEAlgorithm ${method}`]: method?.startsWith('aws:kms') === true ? method : undefined });
      if (method !== 'AES256') throw malformedXml();
      if (wanted?.KMSMasterKeyID !== undefined) {
        const message =
          'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse';
        throw invalidArgument(message, 'KMSMasterKeyID', wanted.KMSMasterKeyID);
      }
      changeBucket(store, ctx, input, (bucket) => ({ ...bucket, bucketKey }));
      return {};
    },
    GetBucketEncryption: (input, ctx) => {
      const { bucketKey: BucketKeyEnabled = false } = findBucket(store, ctx, input);
      const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'AES256' as const };
      return {
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled }] },
      };
    },
    DeleteBucketEncryption: (input, ctx) => {
      changeBucket(store, ctx, input, ({ bucketKey: _default, ...bucket }) => bucket);
      return {};
    },
  } satisfies S3Handlers;
}
