import { parseArn } from '../../base/arn.ts';
import { messageOf } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { PayloadSecret, PayloadTask } from '../../wire/acs.ts';
import { AwsCallError, type AwsClient, type AwsService, type CallerCredentials } from '../aws/client.ts';
import { FetchError } from './fetched.ts';

const secretsManager: AwsService = {
  title: 'Secrets Manager',
  scope: 'secretsmanager',
  errors: [
    'DecryptionFailure',
    'InternalServiceError',
    'InvalidParameterException',
    'InvalidRequestException',
    'ResourceNotFoundException',
  ],
};

/** What `valueFrom` of a secret in Secrets Manager says. */
export interface SecretReference {
  readonly secretId: string;
  readonly jsonKey: string;
  readonly versionStage: string | undefined;
  readonly versionId: string | undefined;
}

/**
 * Reads `arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<json-key>:<version-stage>:<version-id>]`, of which the last
 * three may be empty, but not missing ("Secret", ECS API Reference); `undefined` when it is none.
 */
export function readSecretReference(valueFrom: string): SecretReference | undefined {
  const parsed = parseArn(valueFrom);
  const parts = parsed?.resource.split(':') ?? [];
  if (parsed === undefined || (parts.length !== 2 && parts.length !== 5)) return undefined;
  const [kind = '', name = '', jsonKey = '', versionStage = '', versionId = ''] = parts;
  const { partition, service, region, account } = parsed;
  return {
    secretId: `arn:${partition}:${service}:${region}:${account}:${kind}:${name}`,
    jsonKey,
    versionStage: versionStage === '' ? undefined : versionStage,
    versionId: versionId === '' ? undefined : versionId,
  };
}

/** Fetches the values of secrets, by region and `valueFrom`. Throws `FetchError`, of all that failed. */
export async function fetchSecrets(
  task: PayloadTask,
  secrets: readonly PayloadSecret[],
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<[key: string, value: string][]> {
  const wanted = new Map(secrets.map((secret) => [`${secret.region} ${secret.valueFrom}`, secret]));
  const fetched = await Promise.allSettled(
    Array.from(wanted, async ([key, secret]): Promise<[string, string]> => [
      key,
      await fetchOne(task, secret, aws, credentials, signal),
    ]),
  );
  const failures = fetched.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  signal.throwIfAborted();
  const [first] = failures;
  if (first !== undefined) {
    if (task.launchType === 'FARGATE') throw first;
    throw new FetchError(task, { agent: failures.map((each) => messageOf(each)).join(';'), what: '', why: '' });
  }
  return fetched.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

async function fetchOne(
  task: PayloadTask,
  { valueFrom, region }: PayloadSecret,
  aws: AwsClient,
  credentials: CallerCredentials,
  signal: AbortSignal,
): Promise<string> {
  const fail = (agent: string, fargate = agent, attempts = 1): FetchError =>
    new FetchError(task, { agent, what: 'unable to retrieve secret from asm', why: fargate, attempts });
  const reference = readSecretReference(valueFrom);
  if (reference === undefined) {
    throw fail(
      `trying to retrieve secret with value ${valueFrom} resulted in error: an invalid ARN format for the AWS Secrets ` +
        'Manager secret was specified. Specify a valid ARN and try again.',
    );
  }
  const { secretId, jsonKey, versionStage, versionId } = reference;
  let text: string | undefined;
  try {
    text = await getSecretString(aws, region, credentials, signal, {
      SecretId: secretId,
      ...given('VersionStage', versionStage),
      ...given('VersionId', versionId),
    });
  } catch (error) {
    const why = messageOf(error);
    const missing = error instanceof AwsCallError && error.code === 'ResourceNotFoundException';
    throw fail(
      missing
        ? `ResourceNotFoundException: The task can't retrieve the secret with ARN '${secretId}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: ${why}`
        : `secret ${secretId}: ${why}: ${why}`,
      `failed to fetch secret ${secretId} from secrets manager: ${why}`,
      error instanceof AwsCallError ? error.attempts : 1,
    );
  }
  if (text === undefined) throw fail(`secret ${secretId} is binary: only the text of a secret can be a variable`);
  if (jsonKey === '') return text;
  const value = readJsonKey(text, jsonKey);
  if ('problem' in value) throw fail(value.problem);
  return value.text;
}

/** The `SecretString` of a secret; `undefined` when it is binary. Throws `AwsCallError`. */
export async function getSecretString(
  aws: AwsClient,
  region: string,
  credentials: CallerCredentials,
  signal: AbortSignal,
  input: { readonly SecretId: string; readonly VersionStage?: string; readonly VersionId?: string },
): Promise<string | undefined> {
  const call = { service: secretsManager, region, target: 'secretsmanager.GetSecretValue' };
  const answer = await aws.json<{ SecretString?: string }>(call, input, credentials, signal);
  return answer.SecretString;
}

/** One value of a secret that is a JSON object, in the text that Go makes of it; what goes wrong is told without the secret. */
export function readJsonKey(secret: string, key: string): { readonly text: string } | { readonly problem: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    const first = secret.trimStart().at(0);
    return {
      problem:
        first === undefined
          ? 'unexpected end of JSON input'
          : /[{["\d-]/.test(first)
            ? 'invalid character in the JSON of the secret'
            : `invalid character '${first}' looking for beginning of value`,
    };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { problem: 'json: cannot unmarshal the secret into Go value of type map[string]interface {}' };
  }
  if (!Object.hasOwn(parsed, key)) {
    return { problem: `retrieved secret from Secrets Manager did not contain json key ${key}` };
  }
  return { text: goText((parsed as Record<string, unknown>)[key]) };
}

/** `fmt.Sprintf("%v", value)` of Go, which both agents make a variable of. */
function goText(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`;
}
