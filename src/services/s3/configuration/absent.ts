import type { Ctx } from '../../../aws/handlers.ts';
import type { Store } from '../../../store/store.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { refuse, s3Error } from '../errors.ts';
import { findBucket, type BucketInput } from '../find.ts';

/**
 * What a bucket can have on AWS and has not here: asked for, it is answered as AWS answers of a bucket without it; putting
 * it is refused, taking it away does nothing.
 */
export function absentHandlers({ store }: S3Deps) {
  return {
    GetBucketWebsite: (input, ctx) => {
      const { name } = findBucket(store, ctx, input);
      const message = 'The specified bucket does not have a website configuration';
      throw s3Error(404, 'NoSuchWebsiteConfiguration', message, { BucketName: name });
    },
    DeleteBucketWebsite: (input, ctx) => withoutIt(store, ctx, input),
    GetBucketReplication: (input, ctx) => {
      const { name } = findBucket(store, ctx, input);
      const message = 'The replication configuration was not found';
      throw s3Error(404, 'ReplicationConfigurationNotFoundError', message, { BucketName: name });
    },
    DeleteBucketReplication: (input, ctx) => withoutIt(store, ctx, input),
    GetObjectLockConfiguration: (input, ctx) => {
      const { name } = findBucket(store, ctx, input);
      const message = 'Object Lock configuration does not exist for this bucket';
      throw s3Error(404, 'ObjectLockConfigurationNotFoundError', message, { BucketName: name });
    },
    GetBucketLogging: (input, ctx) => withoutIt(store, ctx, input),
    PutBucketLogging: (input, ctx) => {
      findBucket(store, ctx, input);
      refuse({ LoggingEnabled: input.BucketLoggingStatus?.LoggingEnabled });
      return {};
    },
    GetBucketNotificationConfiguration: (input, ctx) => withoutIt(store, ctx, input),
    PutBucketNotificationConfiguration: (input, ctx) => {
      findBucket(store, ctx, input);
      const { TopicConfigurations, QueueConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } =
        input.NotificationConfiguration ?? {};
      const asked = (list: readonly unknown[] | undefined) => (list?.length ? list : undefined);
      refuse({
        TopicConfiguration: asked(TopicConfigurations),
        QueueConfiguration: asked(QueueConfigurations),
        CloudFunctionConfiguration: asked(LambdaFunctionConfigurations),
        EventBridgeConfiguration,
      });
      return {};
    },
    GetBucketAccelerateConfiguration: (input, ctx) => withoutIt(store, ctx, input),
    GetBucketRequestPayment: (input, ctx) => {
      findBucket(store, ctx, input);
      return { Payer: 'BucketOwner' };
    },
    PutBucketRequestPayment: (input, ctx) => {
      findBucket(store, ctx, input);
      const payer = input.RequestPaymentConfiguration?.Payer;
      refuse({ Payer: payer === 'BucketOwner' ? undefined : payer });
      return {};
    },
  } satisfies S3Handlers;
}

function withoutIt(store: Store, ctx: Ctx, input: BucketInput): object {
  findBucket(store, ctx, input);
  return {};
}
