import type { Ctx } from '../aws/handlers.ts';
import { AwsError } from '../base/errors.ts';
import type { PutObject } from '../model/s3/put-object.ts';
import type { S3Deps } from '../services/s3/deps.ts';

/** Stores objects by S3's own operation, in the bucket's region wherever that is. */
export function objectWriter(deps: S3Deps): PutObject {
  return async ({ account, bucket, key, sizeBytes, content }) => {
    const { s3Handlers } = await import('../services/s3/handlers.ts');
    const put = s3Handlers(deps).PutObject;
    if (put === undefined) throw new AwsError('NotImplemented', 'PutObject is not served', { status: 501 });
    const ctx: Ctx = {
      account,
      // None: S3 looks in every region.
      region: '',
      caller: { accessKeyId: '', account, arn: `arn:aws:iam::${account}:root`, userId: account },
      requestId: deps.ids.uuid(),
      endpoint: '',
      signal: new AbortController().signal,
    };
    const { asBody } = await import('../services/s3/receive.ts');
    await put({ Bucket: bucket, Key: key, Body: asBody(content, sizeBytes) }, ctx);
    await deps.store.flushed();
  };
}
