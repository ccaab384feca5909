import { given } from '../../../base/given.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { invalidArgument, malformedXml, refuse } from '../errors.ts';
import { findBucket } from '../find.ts';
import { changeBucket } from './change-bucket.ts';

/**
 * The default encryption of a bucket: with S3's own keys, or one of KMS ("Setting default server-side encryption behavior for Amazon S3
 * buckets"). Whether that key can be used shows when an object is written, as on AWS.
 */
export function encryptionHandlers({ store }: S3Deps) {
  return {
    PutBucketEncryption: (input, ctx) => {
      const { Rules: [rule, ...others] = [] } = input.ServerSideEncryptionConfiguration ?? {};
      if (rule === undefined || others.length > 0) throw malformedXml();
      const { ApplyServerSideEncryptionByDefault: wanted, BucketKeyEnabled: bucketKey = false } = rule;
      refuse({ BlockedEncryptionTypes: rule.BlockedEncryptionTypes });
      const method = wanted?.SSEAlgorithm;
      refuse({ [`SSEAlgorithm ${method}`]: method === 'aws:kms:dsse' ? method : undefined });
      if (method !== 'AES256' && method !== 'aws:kms') throw malformedXml();
      const keyId = wanted?.KMSMasterKeyID;
      if (method === 'AES256' && keyId !== undefined) {
        const message =
          'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse';
        throw invalidArgument(message, 'KMSMasterKeyID', keyId);
      }
      changeBucket(store, ctx, input, ({ kmsDefault: _before, ...bucket }) => ({
        ...bucket,
        ...given('kmsDefault', method === 'AES256' ? undefined : given('keyId', keyId)),
        bucketKey,
      }));
      return {};
    },
    GetBucketEncryption: (input, ctx) => {
      const { kmsDefault, bucketKey: BucketKeyEnabled = false } = findBucket(store, ctx, input);
      const ApplyServerSideEncryptionByDefault =
        kmsDefault === undefined
          ? { SSEAlgorithm: 'AES256' as const }
          : { SSEAlgorithm: 'aws:kms' as const, ...given('KMSMasterKeyID', kmsDefault.keyId) };
      return {
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled }] },
      };
    },
    DeleteBucketEncryption: (input, ctx) => {
      changeBucket(store, ctx, input, ({ kmsDefault: _key, bucketKey: _default, ...bucket }) => bucket);
      return {};
    },
  } satisfies S3Handlers;
}
