import { messageOf } from '../../base/errors.ts';
import type { PayloadSecret, PayloadTask } from '../../wire/acs.ts';
import { AwsCallError, type AwsClient, type AwsService, type CallerCredentials } from '../aws/client.ts';
import { FetchError } from './fetched.ts';

const ssm: AwsService = { title: 'SSM', scope: 'ssm', errors: ['InternalServerError', 'InvalidKeyId'] };

/** As many as GetParameters takes at once. */
const batchSize = 10;

interface Answer {
  readonly Parameters?: readonly { readonly Name: string; readonly Selector?: string; readonly Value: string }[];
  readonly InvalidParameters?: readonly string[];
}

/** Fetches the values of parameters in Parameter Store, by region and `valueFrom`. Throws `FetchError`. */
export async function fetchParameters(
  task: PayloadTask,
  secrets: readonly PayloadSecret[],
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<[key: string, value: string][]> {
  const regions = Map.groupBy(secrets, ({ region }) => region);
  const batches = [...regions].flatMap(([region, wanted]) => {
    const names = [...new Set(wanted.map(({ valueFrom }) => valueFrom))];
    return Array.from({ length: Math.ceil(names.length / batchSize) }, (_, index) => ({
      region,
      names: names.slice(index * batchSize, (index + 1) * batchSize),
    }));
  });
  const fetched = batches.map(async ({ region, names }) => {
    const answer = await ask(task, region, names, aws, credentials, signal);
    return (answer.Parameters ?? []).map(({ Name, Selector = '', Value }): [string, string] => [
      `${region} ${Name}${Selector}`,
      Value,
    ]);
  });
  return (await Promise.all(fetched)).flat();
}

async function ask(
  task: PayloadTask,
  region: string,
  names: readonly string[],
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<Answer> {
  const fail = (why: string, fargate = why, attempts = 1): FetchError =>
    new FetchError(task, {
      agent: `fetching secret data from SSM Parameter Store in ${region}: ${why}`,
      what: 'unable to retrieve secrets from ssm',
      why: fargate,
      attempts,
    });
  let answer: Answer;
  try {
    const call = { service: ssm, region, target: 'AmazonSSM.GetParameters' };
    answer = await aws.json<Answer>(call, { Names: names, WithDecryption: true }, credentials, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw fail(messageOf(error), messageOf(error), error instanceof AwsCallError ? error.attempts : 1);
  }
  const invalid = (answer.InvalidParameters ?? []).join(',');
  if (invalid !== '') throw fail(`invalid parameters: ${invalid}`, `invalid ssm parameters: ${invalid}`);
  return answer;
}
