import { messageOf } from '../../base/errors.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { AwsCallError, type AwsClient, type CallerCredentials } from '../aws/client.ts';
import { FetchError } from './fetched.ts';
import { downloadObject, placeOf } from './s3-object.ts';

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
  const fetched = await Promise.allSettled(
    files.map(({ value }) => downloadFile(value, region, aws, credentials, signal)),
  );
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

async function downloadFile(
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
  return (await downloadObject(place, region, aws, credentials, signal)).toString('utf8');
}
