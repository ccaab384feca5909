import type { S3Deps, S3Handlers } from '../deps.ts';
import { malformedXml, s3Error } from '../errors.ts';
import { findBucket } from '../find.ts';
import { changeBucket } from './change-bucket.ts';

/** Public access blocks and ownership: kept, and true of every bucket here, for nobody but its owner gets in. */
export function accessHandlers({ store }: S3Deps) {
  return {
    PutPublicAccessBlock: (input, ctx) => {
      const asked = input.PublicAccessBlockConfiguration ?? {};
      const publicAccessBlock = {
        blockPublicAcls: asked.BlockPublicAcls === true,
        ignorePublicAcls: asked.IgnorePublicAcls === true,
        blockPublicPolicy: asked.BlockPublicPolicy === true,
        restrictPublicBuckets: asked.RestrictPublicBuckets === true,
      };
      changeBucket(store, ctx, input, (bucket) => ({ ...bucket, publicAccessBlock }));
      return {};
    },
    GetPublicAccessBlock: (input, ctx) => {
      const { publicAccessBlock: block, name } = findBucket(store, ctx, input);
      if (block === undefined) {
        const message = 'The public access block configuration was not found';
        throw s3Error(404, 'NoSuchPublicAccessBlockConfiguration', message, { BucketName: name });
      }
      return {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: block.blockPublicAcls,
          IgnorePublicAcls: block.ignorePublicAcls,
          BlockPublicPolicy: block.blockPublicPolicy,
          RestrictPublicBuckets: block.restrictPublicBuckets,
        },
      };
    },
    DeletePublicAccessBlock: (input, ctx) => {
      changeBucket(store, ctx, input, ({ publicAccessBlock: _gone, ...bucket }) => bucket);
      return {};
    },
    PutBucketOwnershipControls: (input, ctx) => {
      const [rule, ...more] = input.OwnershipControls?.Rules ?? [];
      const ownership = rule?.ObjectOwnership;
      const isKnown =
        ownership === 'BucketOwnerEnforced' || ownership === 'BucketOwnerPreferred' || ownership === 'ObjectWriter';
      if (!isKnown || more.length > 0) throw malformedXml();
      changeBucket(store, ctx, input, (bucket) => ({ ...bucket, ownership }));
      return {};
    },
    GetBucketOwnershipControls: (input, ctx) => {
      const { ownership, name } = findBucket(store, ctx, input);
      if (ownership === undefined) {
        const message = 'The bucket ownership controls were not found';
        throw s3Error(404, 'OwnershipControlsNotFoundError', message, { BucketName: name });
      }
      return { OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } };
    },
    DeleteBucketOwnershipControls: (input, ctx) => {
      changeBucket(store, ctx, input, ({ ownership: _gone, ...bucket }) => bucket);
      return {};
    },
  } satisfies S3Handlers;
}
