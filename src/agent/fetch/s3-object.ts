import { encodeStrictly } from '../../base/sigv4.ts';
import type { AwsClient, AwsRequest, AwsService, CallerCredentials } from '../aws/client.ts';

const s3: AwsService = { title: 'S3', scope: 's3', errors: ['NoSuchBucket', 'NoSuchKey', 'NotFound'] };

/** The largest file that is taken, in bytes: far more than a container's environment can hold. */
const fileLimit = 4 * 1024 * 1024;

/** An object by the ARN that a container definition has for it. */
export interface Place {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Downloads an object as the agents do it: where its bucket is, whether it is there, and only then the object. `region` is
 * where to ask first. Throws `AwsCallError`.
 */
export async function downloadObject(
  { bucket, key }: Place,
  region: string,
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<Buffer> {
  const send = (request: Pick<AwsRequest, 'operation' | 'method' | 'path' | 'query' | 'region'>) =>
    aws.send({ service: s3, answerLimit: fileLimit, ...request }, credentials, signal);
  const located = await send({
    operation: 'GetBucketLocation',
    method: 'GET',
    path: `/${bucket}`,
    query: { location: '' },
    region,
  });
  const [, home = 'us-east-1'] = />([a-z0-9-]+)<\/LocationConstraint>/.exec(located.body.toString('utf8')) ?? [];
  const path = `/${bucket}/${key.split('/').map(encodeStrictly).join('/')}`;
  await send({ operation: 'HeadObject', method: 'HEAD', path, region: home });
  const { body } = await send({ operation: 'GetObject', method: 'GET', path, region: home });
  return body;
}

/** The object that an ARN names; `undefined` where it is no object's. */
export function placeOf(arn: string): Place | undefined {
  const [, bucket, key] = /^arn:[^:]+:s3:::([^/]+)\/(.+)$/.exec(arn) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}
