import type { Ctx } from '../aws/handlers.ts';
import { AwsError } from '../base/errors.ts';
import type { CodeDeployDeps } from '../services/codedeploy/deps.ts';
import type { S3Deps } from '../services/s3/deps.ts';

/** Reads objects by S3's own operation, in the bucket's region wherever that is. */
export function objectReader(deps: S3Deps): CodeDeployDeps['readObject'] {
  return async ({ bucket, key, version, eTag }, mostBytes, ctx) => {
    const { s3Handlers } = await import('../services/s3/handlers.ts');
    const get = s3Handlers(deps).GetObject;
    if (get === undefined) throw new AwsError('NotImplemented', 'GetObject is not served', { status: 501 });
    // In no region: S3 looks in every one.
    const anywhere: Ctx = { ...ctx, region: '' };
    const { Body, ContentLength = 0 } = await get(
      { Bucket: bucket, Key: key, VersionId: version, IfMatch: eTag },
      anywhere,
    );
    if (ContentLength > mostBytes) {
      Body?.destroy();
      throw new AwsError('EntityTooLarge', `It has ${ContentLength} bytes, and may have ${mostBytes}.`);
    }
    return Body === undefined ? '' : Buffer.concat(await Body.toArray()).toString('utf8');
  };
}
