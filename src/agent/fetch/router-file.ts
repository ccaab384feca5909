import { messageOf } from '../../base/errors.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { AwsCallError, type AwsClient, type CallerCredentials } from '../aws/client.ts';
import { FetchError } from './fetched.ts';
import { downloadObject, placeOf } from './s3-object.ts';

/** The ARN of the object that a log router's own configuration lies in; `undefined` where it is none, or none in S3. */
export function routerFileArn({ firelensConfiguration }: PayloadContainer): string | undefined {
  const { 'config-file-type': type, 'config-file-value': value } = firelensConfiguration?.options ?? {};
  return type === 's3' ? value : undefined;
}

/** Downloads it ("FireLens configuration: Amazon S3 custom configuration file"). Throws `FetchError`. */
export async function fetchRouterFile(
  task: PayloadTask,
  arn: string,
  region: string,
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<string> {
  try {
    const place = placeOf(arn);
    if (place === undefined) throw new Error(`unable to parse bucket and key from s3 arn: ${arn}`);
    return (await downloadObject(place, region, aws, credentials, signal)).toString('utf8');
  } catch (error) {
    signal.throwIfAborted();
    throw new FetchError(task, {
      agent: `unable to download firelens s3 config file: ${messageOf(error)}`,
      failed: 'failed to download firelens config file',
      why: messageOf(error),
      attempts: error instanceof AwsCallError ? error.attempts : 1,
    });
  }
}
