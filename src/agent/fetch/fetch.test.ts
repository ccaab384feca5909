import { describe, expect, it } from 'vitest';
import type { PayloadContainer, PayloadSecret, PayloadTask } from '../../wire/acs.ts';
import { AwsCallError, type AwsClient, type AwsRequest } from '../aws/client.ts';
import { readEnvironmentFile } from './environment-files.ts';
import { container, payload } from '../control-for-tests.ts';
import { fetchFor } from './fetch.ts';
import { readJsonKey, readSecretReference } from './secrets-manager.ts';
import { readCredentials } from './registry-auth.ts';

const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf';
const executionRoleCredentials = {
  credentialsId: 'id',
  roleArn: 'role',
  accessKeyId: 'key',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiration: '2026-01-01T00:00:00Z',
};

type Call = { readonly target: string; readonly region: string; readonly input: Record<string, unknown> };

/** Services that know some parameters and secrets, by region. */
function fakeAws(parameters: Record<string, string>, secrets: Record<string, string> = {}) {
  const calls: Call[] = [];
  const json = (call: Parameters<AwsClient['json']>[0], input: Record<string, unknown>): Promise<unknown> => {
    const { target, region, service } = call;
    calls.push({ target, region, input });
    if (target === 'AmazonSSM.GetParameters') {
      const names = input['Names'] as string[];
      const known = names.filter((name) => `${region} ${name}` in parameters);
      return Promise.resolve({
        Parameters: known.map((name) => {
          const [Name, version] = name.split(':');
          const Selector = version === undefined ? {} : { Selector: `:${version}` };
          return { Name, ...Selector, Value: parameters[`${region} ${name}`] };
        }),
        InvalidParameters: names.filter((name) => !known.includes(name)),
      });
    }
    const value = secrets[Object.values(input).join(' ')];
    if (value !== undefined) return Promise.resolve({ SecretString: value });
    return Promise.reject(
      new AwsCallError(
        { service, region, operation: 'GetSecretValue', method: 'POST' },
        {
          code: 'ResourceNotFoundException',
          detail: "Secrets Manager can't find the specified secret.",
          status: 400,
          requestId: 'r-1',
          attempts: 1,
        },
      ),
    );
  };
  return { aws: { json } as unknown as AwsClient, calls };
}

function secret(name: string, valueFrom: string, more: Partial<PayloadSecret> = {}): PayloadSecret {
  const provider = valueFrom.startsWith('arn:') ? 'asm' : 'ssm';
  return { name, valueFrom, region: 'us-east-1', provider, type: 'ENVIRONMENT_VARIABLE', target: 'CONTAINER', ...more };
}

function task(more: Partial<PayloadContainer>, launchType: PayloadTask['launchType'] = 'FARGATE'): PayloadTask {
  return { ...payload(0, [container('app', 'run', more)]), launchType, executionRoleCredentials };
}

const fetchAll = (of: PayloadTask, aws: AwsClient) => fetchFor(of, aws, new AbortController().signal);

describe('fetchFor', () => {
  it('gets parameters by region, ten at a time, each once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `/p${index}`);
    const { aws, calls } = fakeAws({
      ...Object.fromEntries(names.map((name) => [`us-east-1 ${name}`, `value of ${name}`])),
      'eu-west-1 /p0': 'elsewhere',
      'us-east-1 /v:3': 'third',
    });
    const secrets = [
      ...names.map((name, index) => secret(`P${index}`, name)),
      secret('AGAIN', '/p0'),
      secret('VERSION', '/v:3'),
      secret('ELSEWHERE', '/p0', { region: 'eu-west-1' }),
      secret('token', '/p1', { target: 'LOG_DRIVER' }),
    ];
    const fetched = await fetchAll(task({ secrets }), aws);
    expect(fetched['app']?.environment).toMatchObject({
      P0: 'value of /p0',
      P11: 'value of /p11',
      AGAIN: 'value of /p0',
      VERSION: 'third',
      ELSEWHERE: 'elsewhere',
    });
    expect(fetched['app']?.logOptions).toEqual({ token: 'value of /p1' });
    expect(calls.map(({ region, input }) => [region, (input['Names'] as string[]).length])).toEqual([
      ['us-east-1', 10],
      ['us-east-1', 3],
      ['eu-west-1', 1],
    ]);
    expect(calls[0]?.input['WithDecryption']).toBe(true);
  });

  it('gets secrets, or a key, stage and version of one', async () => {
    const { aws } = fakeAws(
      {},
      { [arn]: '{"user":"me","port":5432}', [`${arn} AWSPREVIOUS`]: 'old', [`${arn} v1`]: 'first' },
    );
    const secrets = [
      secret('WHOLE', arn),
      secret('EMPTY', `${arn}:::`),
      secret('PORT', `${arn}:port::`),
      secret('OLD', `${arn}::AWSPREVIOUS:`),
      secret('FIRST', `${arn}:::v1`),
    ];
    const fetched = await fetchAll(task({ secrets }), aws);
    expect(fetched['app']?.environment).toEqual({
      WHOLE: '{"user":"me","port":5432}',
      EMPTY: '{"user":"me","port":5432}',
      PORT: '5432',
      OLD: 'old',
      FIRST: 'first',
    });
  });

  it('gets the password of a private registry', async () => {
    const { aws } = fakeAws({}, { registry: '{"username":"me","password":"word"}' });
    const registryAuthentication = {
      type: 'asm',
      asmAuthData: { credentialsParameter: 'registry', region: 'us-east-1' },
    } as const;
    const image = 'registry.example.com:5000/app:1';
    const fetched = await fetchAll(task({ image, registryAuthentication }), aws);
    expect(fetched['app']?.registryAuth).toEqual({
      username: 'me',
      password: 'word',
      serverAddress: 'registry.example.com:5000',
    });
    const ofHub = await fetchAll(task({ image: 'me/app', registryAuthentication }), aws);
    expect(ofHub['app']?.registryAuth?.serverAddress).toBe('https://index.docker.io/v1/');
  });

  const pulling =
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ';
  const notFound =
    "operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: r-1, ResourceNotFoundException: Secrets Manager can't find the specified secret.";
  const noneOf = (secretArn: string): string =>
    `ResourceNotFoundException: The task can't retrieve the secret with ARN '${secretArn}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: ${notFound}`;
  it.each<[string, Partial<PayloadContainer>, string, string]>([
    [
      'a parameter that is not there',
      { secrets: [secret('A', '/a'), secret('B', '/b')] },
      `${pulling}unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /a,/b`,
      'fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /a,/b',
    ],
    [
      'a secret that is not there',
      { secrets: [secret('A', `${arn}x:key::`), secret('B', `${arn}y`)] },
      `${pulling}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${arn}x from secrets manager: ${notFound}`,
      `${noneOf(`${arn}x`)};${noneOf(`${arn}y`)}`,
    ],
    [
      'a key that the secret has not',
      { secrets: [secret('A', `${arn}:key::`)] },
      `${pulling}unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key key`,
      'retrieved secret from Secrets Manager did not contain json key key',
    ],
    [
      'an ARN with too little behind it',
      { secrets: [secret('A', `${arn}:key`)] },
      `${pulling}unable to retrieve secret from asm: service call has been retried 1 time(s): trying to retrieve secret with value ${arn}:key resulted in error: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.`,
      `trying to retrieve secret with value ${arn}:key resulted in error: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.`,
    ],
    [
      'a registry whose secret is not there',
      { registryAuthentication: { type: 'asm', asmAuthData: { credentialsParameter: 'none', region: 'us-east-1' } } },
      `${pulling}unable to get registry auth from asm: service call has been retried 1 time(s): asm fetching secret from the service for none: ${notFound}`,
      `asm fetching secret from the service for none: ${notFound}`,
    ],
  ])('%s', async (_, more, fargate, agent) => {
    const { aws } = fakeAws({}, { [arn]: '{}' });
    await expect(fetchAll(task(more), aws)).rejects.toMatchObject({ message: fargate });
    await expect(fetchAll(task(more, 'EC2'), aws)).rejects.toMatchObject({ message: agent });
  });
});

describe('readSecretReference', () => {
  it.each([
    ['db', undefined],
    [`${arn}:a`, undefined],
    [`${arn}:a:b:c:d`, undefined],
    [arn, { secretId: arn, jsonKey: '' }],
    [`${arn}:a:b:c`, { secretId: arn, jsonKey: 'a', versionStage: 'b', versionId: 'c' }],
  ])('%s', (valueFrom, expected) => {
    expect(readSecretReference(valueFrom)).toEqual(expected);
  });
});

describe('readJsonKey', () => {
  it.each([
    ['{"k":"v"}', { text: 'v' }],
    ['{"k":1.5}', { text: '1.5' }],
    ['{"k":true}', { text: 'true' }],
    ['{"k":null}', { text: '<nil>' }],
    ['{"k":{"b":[1,"x"],"a":2}}', { text: 'map[a:2 b:[1 x]]' }],
    ['{"other":1}', { problem: 'retrieved secret from Secrets Manager did not contain json key k' }],
    ['{"__proto__":1}', { problem: 'retrieved secret from Secrets Manager did not contain json key k' }],
    ['pass', { problem: "invalid character 'p' looking for beginning of value" }],
    ['', { problem: 'unexpected end of JSON input' }],
    ['"text"', { problem: 'json: cannot unmarshal the secret into Go value of type map[string]interface {}' }],
    ['{"k":', { problem: 'invalid character in the JSON of the secret' }],
  ])('%s', (text, expected) => {
    expect(readJsonKey(text, 'k')).toEqual(expected);
  });
});

describe('readCredentials', () => {
  const schema = 'asm fetching authorization data: unable to unmarshal secret value, invalid schema';
  it.each([
    ['{"username":"a","password":"b","email":"c"}', { username: 'a', password: 'b' }],
    ['', 'asm fetching authorization data: empty secrets value'],
    ['word', schema],
    ['[]', schema],
    ['{"username":1,"password":"b"}', schema],
    ['{"password":"b"}', 'asm fetching username: AuthorizationData is malformed, empty field'],
    ['{"username":"a","password":""}', 'asm fetching password: AuthorizationData is malformed, empty field'],
  ])('%s', (secretText, expected) => {
    expect(readCredentials(secretText)).toEqual(expected);
  });
});

describe('environment files', () => {
  it('are lines of NAME=VALUE', () => {
    const text = '# comment\nA=1\r\n\nB= two = "2" \nC=\n=d\nE\n#F=6\nA=3';
    expect(readEnvironmentFile(text)).toEqual({ A: '3', B: ' two = "2" ' });
  });

  const found: Record<string, string> = {
    'GET us-east-1 /env location': '<LocationConstraint>eu-west-1</LocationConstraint>',
    'HEAD eu-west-1 /env/a%20b.env ': '',
    'GET eu-west-1 /env/a%20b.env ': 'A=first\nB=first',
    'HEAD eu-west-1 /env/c.env ': '',
    'GET eu-west-1 /env/c.env ': 'B=second\nC=second',
  };
  const aws = {
    send: (request: AwsRequest) => {
      const { method, region, path = '', query = {} } = request;
      const body = found[`${method} ${region} ${path} ${Object.keys(query).join()}`];
      if (body !== undefined) return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(body) });
      const status = path.endsWith('denied.env') ? 403 : 404;
      const code = status === 404 ? 'NotFound' : 'Forbidden';
      const failure = { code, detail: status === 404 ? '' : code, status, requestId: 'r, HostID: h', attempts: 1 };
      return Promise.reject(new AwsCallError(request, failure));
    },
  } as unknown as AwsClient;
  const files = (...keys: string[]) => ({
    environmentFiles: keys.map((key) => ({ type: 's3' as const, value: `arn:aws:s3:::env/${key}` })),
  });

  it('are fetched from where their bucket is, and the first has the say', async () => {
    const fetched = await fetchAll(task(files('a b.env', 'c.env')), aws);
    expect(fetched['app']?.fileEnvironment).toEqual({ A: 'first', B: 'first', C: 'second' });
  });

  it('a log router has its own configuration from S3 as well', async () => {
    const router = (value: string) => ({
      firelensConfiguration: {
        type: 'fluentbit' as const,
        options: { 'config-file-type': 's3', 'config-file-value': value },
      },
    });
    const fetched = await fetchAll(task(router('arn:aws:s3:::env/c.env'), 'EC2'), aws);
    expect(fetched['app']?.routerFile).toBe('B=second\nC=second');
    await expect(fetchAll(task(router('arn:aws:s3:::env/denied.env'), 'EC2'), aws)).rejects.toThrow(
      /^unable to download firelens s3 config file: operation error S3: HeadObject, .*Forbidden/,
    );
    await expect(fetchAll(task(router('c.env'), 'EC2'), aws)).rejects.toThrow('unable to parse bucket and key');
  });

  it('that cannot be had are told as ECS tells them', async () => {
    const missing =
      'operation error S3: HeadObject, https response error StatusCode: 404, RequestID: r, HostID: h, NotFound: ';
    const denied =
      'operation error S3: HeadObject, https response error StatusCode: 403, RequestID: r, HostID: h, api error Forbidden: Forbidden';
    await expect(fetchAll(task(files('denied.env', 'none.env')), aws)).rejects.toMatchObject({
      message: `ResourceInitializationError: failed to download env files: service call has been retried 1 time(s): ${denied}`,
    });
    await expect(fetchAll(task(files('denied.env', 'none.env'), 'EC2'), aws)).rejects.toMatchObject({
      message: `unable to download env file with key denied.env from bucket env, error: ${denied};unable to download env file with key none.env from bucket env, error: ${missing}`,
    });
  });
});
