import type { S3Deps, S3Handlers } from '../deps.ts';
import { malformedXml, refuse } from '../errors.ts';
import { findBucket } from '../find.ts';
import { changeBucket } from './change-bucket.ts';

/** Whether a bucket keeps versions ("Using versioning in S3 buckets"). */
export function versioningHandlers({ store }: S3Deps) {
  return {
    PutBucketVersioning: (input, ctx) => {
      const { Status: versioning, MFADelete } = input.VersioningConfiguration ?? {};
      refuse({ 'x-amz-mfa': input.MFA, MfaDelete: MFADelete === 'Disabled' ? undefined : MFADelete });
      if (versioning !== 'Enabled' && versioning !== 'Suspended') throw malformedXml();
      changeBucket(store, ctx, input, (bucket) => ({ ...bucket, versioning }));
      return {};
    },
    GetBucketVersioning: (input, ctx) => {
      const { versioning } = findBucket(store, ctx, input);
      return versioning === undefined ? {} : { Status: versioning };
    },
  } satisfies S3Handlers;
}
