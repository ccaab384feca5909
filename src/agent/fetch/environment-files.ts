import { messageOf } from '../../base/errors.ts';
import { encodeStrictly } from '../../base/sigv4.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import {
  AwsCallError,
  type AwsClient,
  type AwsRequest,
  type AwsService,
  type CallerCredentials,
} from '../aws/client.ts';
import { FetchError } from './fetched.ts';

const s3: AwsService = { title: 'S3', scope: 's3', errors: ['NoSuchBucket', 'NoSuchKey', 'NotFound'] };

/** The largest file that is taken, in bytes: far more than a container's environment can hold. */
const fileLimit = 4 * 1024 * 1024;

/** An object by the ARN that a container definition has for it. */
interface Place {
  readonly bucket: string;
  readonly key: string;
}

/**
 * The variables that a container finds in its environment files ("Pass environment variables to an Amazon ECS container"): of
 * those that several files set, the first file's. Throws `FetchError`, of all files that failed.
 */
export async function fetchEnvironmentFiles(
  task: PayloadTask,
  files: NonNullable<PayloadContainer['environmentFiles']>,
  region: string,
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const fetched = await Promise.allSettled(files.map(({ value }) => download(value, region, aws, credentials, signal)));
  signal.throwIfAborted();
  const failures = fetched.flatMap((each, index) =>
    each.status === 'rejected' ? [{ value: files[index]?.value ?? '', reason: each.reason as unknown }] : [],
  );
  const [first] = failures;
  if (first !== undefined) {
    throw new FetchError(task, {
      agent: failures.map(({ value, reason }) => agentWords(value, reason)).join(';'),
      failed: 'failed to download env files',
      why: messageOf(first.reason),
      attempts: first.reason instanceof AwsCallError ? first.reason.attempts : 1,
    });
  }
  const texts = fetched.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  return Object.assign({}, ...texts.toReversed().map(readEnvironmentFile)) as Record<string, string>;
}

/**
 * The variables of a file: lines `NAME=VALUE`, of which spaces and quotation marks are part; lines that begin with `#`, and
 * those without a name or a value, say nothing.
 */
export function readEnvironmentFile(text: string): Record<string, string> {
  const variables: [string, string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const equals = line.indexOf('=');
    if (line.startsWith('#') || equals < 1 || equals === line.length - 1) continue;
    variables.push([line.slice(0, equals), line.slice(equals + 1)]);
  }
  return Object.fromEntries(variables);
}

function agentWords(value: string, reason: unknown): string {
  const place = placeOf(value);
  if (place === undefined) return messageOf(reason);
  return `unable to download env file with key ${place.key} from bucket ${place.bucket}, error: ${messageOf(reason)}`;
}

/** As the agents do it: where the bucket is, whether the object is there, and only then the object. */
async function download(
  arn: string,
  region: string,
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<string> {
  const place = placeOf(arn);
  if (place === undefined) {
    throw new Error(
      `unable to parse bucket and key from s3 ARN specified in environmentFile ${arn}, error: invalid s3 arn: ${arn}`,
    );
  }
  const { bucket, key } = place;
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
  return body.toString('utf8');
}

function placeOf(arn: string): Place | undefined {
  const [, bucket, key] = /^arn:[^:]+:s3:::([^/]+)\/(.+)$/.exec(arn) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}
