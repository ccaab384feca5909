import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type ContainerDefinition,
  type Task,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually, must, pushHello, run } from '../support/clients.ts';
import { taskContainers, type TaskContainer } from '../support/containers.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';
import { startInstance } from '../task-definition/look.ts';
import { startPrivateRegistry, type PrivateRegistry } from './private-registry.ts';

// Secrets, from the aws CLI that stores them to the process that finds them in its environment.

const role = 'arn:aws:iam::000000000000:role/execution';
/** A secret that is not there. */
const none = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:none-AbCdEf';
/** What may be seen by the process it is for, and nowhere else. */
const hidden = {
  parameter: 'hunter2-of-the-parameter',
  elsewhere: 'hunter2-of-another-region',
  password: 'hunter2-of-the-database',
  rotated: 'hunter2-after-rotation',
  registry: 'hunter2-of-the-registry',
};

let installation: TestInstallation;
let registry: PrivateRegistry;
let image: string;
let subnet: string;
/** The secret `app/db`. */
let secretArn: string;

const aws = async (...args: readonly string[]): Promise<string> =>
  must('aws', ['--endpoint-url', installation.endpoint, '--output', 'json', ...args], { env: installation.env });
const json = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await aws(...args)) as Record<string, unknown>;

const config = () => ({
  endpoint: installation.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const secretsManager = (): SecretsManagerClient => new SecretsManagerClient(config());

beforeAll(async () => {
  installation = await startInstallation();
  const { ecs, ec2 } = sdk(installation);
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  subnet = Subnets?.[0]?.SubnetId ?? '';
  await ecs.send(new CreateClusterCommand({}));
  await new IAMClient(config()).send(
    new CreateRoleCommand({
      RoleName: 'execution',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  image = await pushHello(installation, 'secrets', 'one');
  const password = await must(
    'aws',
    ['--endpoint-url', installation.endpoint, 'ecr', 'get-login-password', '--output', 'text'],
    { env: installation.env },
  );
  registry = await startPrivateRegistry(
    { username: 'puller', password: hidden.registry },
    { host: installation.endpoint.replace('http://', ''), username: 'AWS', password },
  );
});
afterAll(async () => {
  registry?.close();
  if (image !== undefined) {
    await run('docker', ['rmi', '--force', image, image.replace(/^[^/]*/, registry?.host ?? '')]);
  }
  installation?.remove();
});

/** Runs a Fargate task of one container. */
async function start(
  family: string,
  container: Partial<ContainerDefinition>,
  executionRoleArn = role,
): Promise<string> {
  const { ecs } = sdk(installation);
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn,
      containerDefinitions: [
        { name: 'app', image, entryPoint: ['/bin/busybox', 'sleep'], command: ['3600'], stopTimeout: 2, ...container },
      ],
    }),
  );
  const { tasks } = await ecs.send(
    new RunTaskCommand({
      taskDefinition: family,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: [subnet] } },
    }),
  );
  return tasks?.[0]?.taskArn ?? '';
}

/** A task, once its status is as wished. */
function until(task: string, status: string): Promise<Task> {
  let seen = '';
  return eventually(`${task} is ${status}`, 60_000, async () => {
    const { tasks } = await sdk(installation).ecs.send(new DescribeTasksCommand({ tasks: [task] }));
    const found = tasks?.[0];
    seen = `${found?.lastStatus} ${found?.stoppedReason}`;
    if (found?.lastStatus === 'STOPPED' && status !== 'STOPPED') throw new Error(seen);
    return found?.lastStatus === status ? found : undefined;
  });
}

/** The running container of a task. */
async function containerOf(task: string): Promise<TaskContainer | undefined> {
  return (await taskContainers(installation)).find((each) => each.task === task && each.container === 'app');
}

/** The environment of the process of a task's container, as the kernel tells it. */
async function environmentOf(task: string): Promise<Record<string, string>> {
  const text = readFileSync(`/proc/${(await containerOf(task))?.pid}/environ`, 'utf8');
  return Object.fromEntries(
    text.split('\0').map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The files of the installation that hold a text. */
function filesWith(text: string): string[] {
  const { home } = installation;
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(home, name);
    return statSync(path).isFile() && readFileSync(path).includes(text);
  });
}

/** The aws CLI takes bytes from files whatever its version. */
async function roundTrip(): Promise<void> {
  const key = (await json('kms', 'create-key', '--description', 'of the app'))['KeyMetadata'] as Record<string, string>;
  await aws('kms', 'create-alias', '--alias-name', 'alias/app', '--target-key-id', key['KeyId'] ?? '');
  const context = ['--encryption-context', 'app=web'];
  const [plain, blob] = [join(installation.home, 'plain'), join(installation.home, 'ciphertext')];
  writeFileSync(plain, 'data');
  const encrypted = await json(
    'kms',
    'encrypt',
    '--key-id',
    'alias/app',
    '--plaintext',
    `fileb://${plain}`,
    ...context,
  );
  writeFileSync(blob, Buffer.from(String(encrypted['CiphertextBlob']), 'base64'));
  const decrypted = await json('kms', 'decrypt', '--ciphertext-blob', `fileb://${blob}`, ...context);
  expect(Buffer.from(String(decrypted['Plaintext']), 'base64').toString()).toBe('data');
  expect(decrypted['KeyId']).toBe(key['Arn']);
  await aws(...secureString, '--name', '/app/password', '--value', hidden.parameter, '--key-id', 'alias/app');
}

const secureString = ['ssm', 'put-parameter', '--type', 'SecureString'];

test('the aws CLI keeps keys, parameters and secrets', async () => {
  const value = JSON.stringify({ username: 'app', password: hidden.password, port: 5432 });
  const login = JSON.stringify({ username: 'puller', password: hidden.registry });
  // A start of the CLI takes longer than all that it asks for.
  const [made] = await Promise.all([
    json('secretsmanager', 'create-secret', '--name', 'app/db', '--secret-string', value),
    aws('secretsmanager', 'create-secret', '--name', 'registry', '--secret-string', login),
    aws(...secureString, '--name', 'elsewhere', '--value', hidden.elsewhere, '--region', 'eu-west-1'),
    aws('ssm', 'put-parameter', '--type', 'StringList', '--name', '/app/hosts', '--value', 'a,b'),
    roundTrip(),
  ]);
  secretArn = String(made['ARN']);
  const endpoint = ['--endpoint-url', installation.endpoint];
  const [byPath, listed, got, refused] = await Promise.all([
    json('ssm', 'get-parameters-by-path', '--path', '/app', '--with-decryption'),
    json('secretsmanager', 'list-secrets', '--filters', 'Key=name,Values=app'),
    json('secretsmanager', 'get-secret-value', '--secret-id', 'app/db'),
    run('aws', [...endpoint, 'secretsmanager', 'get-secret-value', '--secret-id', 'none'], { env: installation.env }),
  ]);
  expect(byPath['Parameters']).toMatchObject([
    { Name: '/app/hosts', Type: 'StringList', Value: 'a,b' },
    { Name: '/app/password', Type: 'SecureString', Value: hidden.parameter },
  ]);
  expect(listed['SecretList']).toMatchObject([{ Name: 'app/db', ARN: secretArn }]);
  expect(got).toMatchObject({ SecretString: value, VersionStages: ['AWSCURRENT'] });
  expect(refused.stderr).toContain(
    "(ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.",
  );
});

describe('a task', () => {
  let task: string;
  const expected = {
    PASSWORD: hidden.parameter,
    ELSEWHERE: hidden.elsewhere,
    DB_PASSWORD: hidden.password,
    DB_PORT: '5432',
    PLAIN: 'plain',
  };
  const container = (): Partial<ContainerDefinition> => ({
    image: image.replace(/^[^/]*/, registry.host),
    repositoryCredentials: { credentialsParameter: 'registry' },
    environment: [{ name: 'PLAIN', value: 'plain' }],
    secrets: [
      { name: 'PASSWORD', valueFrom: '/app/password' },
      { name: 'ELSEWHERE', valueFrom: 'arn:aws:ssm:eu-west-1:000000000000:parameter/elsewhere' },
      { name: 'DB_PASSWORD', valueFrom: `${secretArn}:password::` },
      { name: 'DB_PORT', valueFrom: `${secretArn}:port:AWSCURRENT:` },
    ],
  });

  test('finds its secrets in its environment, and its image in a private registry', async () => {
    task = await start('web', container());
    await until(task, 'RUNNING');
    expect(await environmentOf(task)).toMatchObject(expected);
  });

  test('keeps them to itself, also when the control plane is killed', async () => {
    const before = await containerOf(task);
    const labels = await must('docker', ['inspect', '--format', '{{json .Config.Labels}}', before?.id ?? '']);
    expect(labels).not.toContain('hunter2');
    const { tasks } = await sdk(installation).ecs.send(new DescribeTasksCommand({ tasks: [task] }));
    expect(JSON.stringify(tasks)).not.toContain('hunter2');
    expect(filesWith('/app/password')).not.toEqual([]);
    expect(filesWith('hunter2')).toEqual([]);

    const pid = installation.pid();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    installation.stowage('up', '--detach');
    await until(task, 'RUNNING');
    expect(await containerOf(task)).toEqual(before);
    expect(await environmentOf(task)).toMatchObject(expected);
    expect(filesWith('hunter2')).toEqual([]);
  });

  test('has what a secret was when it began; the next one has the new value', async () => {
    const value = JSON.stringify({ username: 'app', password: hidden.rotated, port: 5432 });
    await secretsManager().send(new PutSecretValueCommand({ SecretId: 'app/db', SecretString: value }));
    const secrets = [
      { name: 'NOW', valueFrom: `${secretArn}:password::` },
      { name: 'BEFORE', valueFrom: `${secretArn}:password:AWSPREVIOUS:` },
    ];
    const logConfiguration: ContainerDefinition['logConfiguration'] = {
      logDriver: 'splunk',
      // Nobody is there; the driver keeps the lines, and says nothing while it is not asked to look.
      options: { 'splunk-url': 'http://127.0.0.1:9', 'splunk-verify-connection': 'false' },
      secretOptions: [{ name: 'splunk-token', valueFrom: '/app/password' }],
    };
    const next = await start('next', { secrets, logConfiguration });
    await until(next, 'RUNNING');
    const { id = '' } = (await containerOf(next)) ?? {};
    const format = '{{index .HostConfig.LogConfig.Config "splunk-token"}}';
    expect(await must('docker', ['inspect', '--format', format, id])).toBe(hidden.parameter);
    expect(filesWith('hunter2')).toEqual([]);
    expect(await environmentOf(next)).toMatchObject({ NOW: hidden.rotated, BEFORE: hidden.password });
    expect(await environmentOf(task)).toMatchObject({ DB_PASSWORD: hidden.password });
  });
});

test('a task whose secrets cannot be had never starts, and says why', async () => {
  const sm = secretsManager();
  await sm.send(new CreateSecretCommand({ Name: 'gone', SecretString: 'x' }));
  await sm.send(new CreateSecretCommand({ Name: 'word', SecretString: 'word' }));
  const { ARN: goneArn = '' } = await sm.send(new DeleteSecretCommand({ SecretId: 'gone' }));
  const pulling =
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ';
  const answer = 'operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ';
  const from = (valueFrom: string): Partial<ContainerDefinition> => ({ secrets: [{ name: 'A', valueFrom }] });
  const nobody = 'arn:aws:iam::000000000000:role/nobody';
  const rows: readonly [string, Partial<ContainerDefinition>, string, string?][] = [
    [
      'parameter',
      from('/none'),
      `${pulling}unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /none`,
    ],
    [
      'secret',
      from(none),
      `${pulling}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${none} from secrets manager: ${answer}`,
    ],
    [
      'deleted',
      from(goneArn),
      `${pulling}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${goneArn} from secrets manager: ${answer}`,
    ],
    [
      'key',
      from(`${secretArn}:none::`),
      `${pulling}unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key none`,
    ],
    [
      'schema',
      { repositoryCredentials: { credentialsParameter: 'word' }, image: `${registry.host}/none:1` },
      `${pulling}unable to get registry auth from asm: service call has been retried 1 time(s): asm fetching authorization data: unable to unmarshal secret value, invalid schema`,
    ],
    [
      'role',
      from('/app/password'),
      `ECS was unable to assume the role '${nobody}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
      nobody,
    ],
  ];
  const tasks = await Promise.all(
    rows.map(([family, container, , executionRole]) => start(family, container, executionRole)),
  );
  for (const [index, [family, , reason]] of rows.entries()) {
    const stopped = await until(tasks[index] ?? '', 'STOPPED');
    expect(stopped.stoppedReason?.slice(0, reason.length), family).toBe(reason);
    expect(stopped, family).toMatchObject({ stopCode: 'TaskFailedToStart', containers: [{ lastStatus: 'STOPPED' }] });
    expect(stopped.pullStartedAt, family).toBeUndefined();
    expect(stopped.containers?.[0]?.exitCode, family).toBeUndefined();
  }
});

test('on a container instance the same is told in the words of its agent', async () => {
  await startInstance(installation);
  const onInstance = async (family: string, secrets: ContainerDefinition['secrets']): Promise<string> => {
    const { ecs } = sdk(installation);
    const containerDefinitions = [
      { name: 'app', image, memory: 32, entryPoint: ['/bin/busybox', 'sleep'], command: ['3600'], secrets },
    ];
    await ecs.send(new RegisterTaskDefinitionCommand({ family, executionRoleArn: role, containerDefinitions }));
    const { tasks } = await ecs.send(new RunTaskCommand({ taskDefinition: family, launchType: 'EC2' }));
    return tasks?.[0]?.taskArn ?? '';
  };
  const [well, parameter, secret] = await Promise.all([
    onInstance('well', [{ name: 'PASSWORD', valueFrom: '/app/password' }]),
    onInstance('no-parameter', [{ name: 'A', valueFrom: '/none' }]),
    onInstance('no-secret', [{ name: 'A', valueFrom: `${none}:key::` }]),
  ]);
  await until(well, 'RUNNING');
  expect(await environmentOf(well)).toMatchObject({ PASSWORD: hidden.parameter });
  expect(await until(parameter, 'STOPPED')).toMatchObject({
    stopCode: 'TaskFailedToStart',
    stoppedReason: 'Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /none',
  });
  expect((await until(secret, 'STOPPED')).stoppedReason).toContain(
    `ResourceNotFoundException: The task can't retrieve the secret with ARN '${none}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: operation error Secrets Manager: GetSecretValue`,
  );
});

test('without its root key the control plane does not start, and says so', async () => {
  const [file, kept] = [join(installation.home, 'root-key'), join(installation.home, 'kept')];
  expect(statSync(file).mode & 0o777).toBe(0o600);
  installation.stowage('down');
  renameSync(file, kept);
  expect(() => installation.stowage('up', '--detach')).toThrow(
    `The root key of this installation, ${file}, is missing`,
  );
  renameSync(kept, file);
  installation.stowage('up', '--detach');
  const got = await secretsManager().send(new GetSecretValueCommand({ SecretId: 'word' }));
  expect(got.SecretString).toBe('word');
});

test('a secret is rotated by what a URL names, step by step', async () => {
  const manager = secretsManager();
  const steps: string[] = [];
  const rotate = async ({ Step, SecretId, ClientRequestToken }: Record<string, string>): Promise<void> => {
    if (Step === 'createSecret') {
      const value = { SecretString: 'hunter2-turned', VersionStages: ['AWSPENDING'] };
      await manager.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, ...value }));
    }
    if (Step === 'finishSecret') {
      const { VersionIdsToStages = {} } = await manager.send(new DescribeSecretCommand({ SecretId }));
      const before = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes('AWSCURRENT'))?.[0];
      const move = { VersionStage: 'AWSCURRENT', RemoveFromVersionId: before, MoveToVersionId: ClientRequestToken };
      await manager.send(new UpdateSecretVersionStageCommand({ SecretId, ...move }));
    }
    steps.push(Step ?? '');
  };
  const server = createServer((request, response) => {
    text(request)
      .then((body) => rotate(JSON.parse(body) as Record<string, string>))
      .then(
        () => response.end(),
        () => response.writeHead(500).end(),
      );
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rotate`;
  await aws('secretsmanager', 'create-secret', '--name', 'turning', '--secret-string', 'first');
  const SecretId = 'turning';
  const how = { SecretId, RotationLambdaARN: url, RotationRules: { ScheduleExpression: 'rate(10 days)' } };
  // As an option of its own, version 1 of the CLI would fetch what the URL names and send that.
  await aws('secretsmanager', 'rotate-secret', '--cli-input-json', JSON.stringify(how));
  await eventually('it is rotated', 10_000, async () => {
    const { LastRotatedDate } = await manager.send(new DescribeSecretCommand({ SecretId }));
    return LastRotatedDate;
  });
  expect(steps).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
  expect((await manager.send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe('hunter2-turned');
  expect(await manager.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({
    RotationEnabled: true,
    RotationLambdaARN: url,
    RotationRules: { ScheduleExpression: 'rate(10 days)' },
    NextRotationDate: expect.any(Date) as Date,
  });
});
