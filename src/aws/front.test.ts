import { createServer, request as httpRequest, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { CreateClusterCommand, DescribeClustersCommand, ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { seededIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Credential } from './authenticate.ts';
import { createFront, type FrontOptions } from './front.ts';
import type { Ctx } from './handlers.ts';
import { serverOptions } from './server-options.ts';

const issued: Credential = {
  caller: {
    accessKeyId: 'ASIA1',
    account: '111122223333',
    arn: 'arn:aws:sts::111122223333:assumed-role/r/s',
    userId: 'A:s',
  },
  secretAccessKey: 'secret',
  sessionToken: 'token',
};

let server: Server;
let endpoint: string;
let seen: Ctx | undefined;
let durable = 0;
/** How often the handlers of STS were loaded. */
let loads = 0;

function front(verify: boolean, more: Partial<FrontOptions> = {}): ReturnType<typeof createFront> {
  return createFront({
    ...more,
    services: {
      ecs: {
        DescribeClusters(input, ctx) {
          seen = ctx;
          return {
            clusters: (input.clusters ?? []).map((clusterName) => ({ clusterName, runningTasksCount: 2, secret: 'x' })),
            failures: [],
          };
        },
        CreateCluster: () => {
          throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
        },
        DeleteCluster: () => {
          throw new Error('a bug');
        },
        RunTask: () => ({ tasks: [], failures: [] }),
      },
      elbv2: {
        DescribeLoadBalancers: () => {
          throw new AwsError('LoadBalancerNotFound', "Load balancers '[a & b]' not found");
        },
      },
      async sts() {
        loads += 1;
        await Promise.resolve();
        if (loads === 1) throw new Error('the file is not there');
        return { GetCallerIdentity: (_input, { caller }) => ({ Account: caller.account }) };
      },
    },
    authentication: {
      verify,
      credential: (id) => (id === 'ASIA1' ? issued : undefined),
      account: '000000000000',
      region: 'us-east-1',
    },
    clock: systemClock,
    ids: seededIds(1),
    log: silentLog,
    commits: {
      sequence: 0,
      flushed: () => {
        durable += 1;
        return Promise.resolve();
      },
    },
    rawRoutes: [{ prefix: '/v2/', handle: (_request, response) => void response.end('registry') }],
  });
}

function listen(made: Server): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  made.listen(0, '127.0.0.1', () => {
    const address = made.address();
    resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
  });
  return promise;
}

beforeAll(async () => {
  server = createServer(serverOptions, front(false));
  endpoint = await listen(server);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const settings = (): { endpoint: string; region: string; credentials: typeof credentials; maxAttempts: number } => ({
  endpoint,
  region: 'eu-central-1',
  credentials,
  maxAttempts: 1,
});

/** A request as curl would send it. */
async function raw(
  body: string | Buffer,
  headers: Record<string, string>,
  path = '/',
): Promise<{ status: number; text: string; headers: Headers }> {
  const credential = `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${headers['scope'] ?? 'ecs'}/aws4_request, SignedHeaders=host, Signature=00`;
  const response = await fetch(endpoint + path, {
    method: 'POST',
    headers: { authorization: credential, 'content-type': 'application/x-amz-json-1.1', ...headers },
    body,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const target = (operation: string): Record<string, string> => ({
  'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
});

describe('an operation that is served', () => {
  test('takes typed input, answers typed output once it is durable, and nothing that the model does not know', async () => {
    const before = durable;
    const { clusters } = await new ECSClient(settings()).send(new DescribeClustersCommand({ clusters: ['a', 'b'] }));
    expect(clusters).toEqual([
      { clusterName: 'a', runningTasksCount: 2 },
      { clusterName: 'b', runningTasksCount: 2 },
    ]);
    expect(durable).toBe(before + 1);
  });

  test('knows the region of the credential scope, the configured account and the endpoint', async () => {
    await new ECSClient(settings()).send(new DescribeClustersCommand({}));
    expect(seen).toMatchObject({ region: 'eu-central-1', account: '000000000000', endpoint });
    expect(seen?.caller.arn).toBe('arn:aws:iam::000000000000:root');
    expect(seen?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ['123456789012', '123456789012'],
    ['ASIA1', '111122223333'],
    ['AKIAIOSFODNN7EXAMPLE', '000000000000'],
  ])('the access key %s belongs to the account %s', async (accessKeyId, account) => {
    const client = new ECSClient({ ...settings(), credentials: { accessKeyId, secretAccessKey: 'x' } });
    await client.send(new DescribeClustersCommand({}));
    expect(seen?.account).toBe(account);
  });

  test('is read out of gzip', async () => {
    const body = gzipSync(JSON.stringify({ clusters: ['zipped'] }));
    const { text } = await raw(body, { ...target('DescribeClusters'), 'content-encoding': 'gzip' });
    expect(JSON.parse(text)).toMatchObject({ clusters: [{ clusterName: 'zipped' }] });
  });
});

describe('a request that cannot be served', () => {
  test.each([
    ['a body that is no JSON', '{"clusters": [', target('DescribeClusters'), 400, 'SerializationException'],
    ['a value of another type', '{"clusters": "a"}', target('DescribeClusters'), 400, 'SerializationException'],
    ['a body that is no structure', '[]', target('DescribeClusters'), 400, 'SerializationException'],
    [
      'gzip that is none',
      'nonsense',
      { ...target('DescribeClusters'), 'content-encoding': 'gzip' },
      400,
      'SerializationException',
    ],
    ['a missing member', '{}', target('RunTask'), 400, 'InvalidParameterException'],
    [
      'a missing member further in',
      '{"taskDefinition":"a","capacityProviderStrategy":[{}]}',
      target('RunTask'),
      400,
      'InvalidParameterException',
    ],
    ['an operation that no model has', '{}', target('Nonsense'), 400, 'UnknownOperationException'],
    [
      'a service that is not served',
      '{}',
      { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      404,
      'UnknownOperationException',
    ],
    ['an operation that is not served', '{}', target('ListDaemons'), 501, 'NotImplemented'],
    ['no operation at all', '{}', {}, 404, 'UnknownOperationException'],
    ['an error of the model', '{}', target('CreateCluster'), 400, 'ClusterNotFoundException'],
    ['a bug', '{"cluster":"a"}', target('DeleteCluster'), 500, 'ServerException'],
  ])('%s', async (_case, body, headers, status, code) => {
    const answer = await raw(body, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ __type: code, message: expect.any(String) as string });
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('names the operation that is not served', async () => {
    const { text } = await raw('{}', target('ListDaemons'));
    expect(text).toContain('ecs:ListDaemons is not served by Stowage yet: see docs/coverage.md');
  });

  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  test.each([
    ['Action=Nonsense&Version=2015-12-01', 'elasticloadbalancing', 400, '<Code>InvalidAction</Code>'],
    ['Action=DescribeStacks&Version=2010-05-15', 'cloudformation', 400, 'no service of that version is served'],
    ['Action=Nonsense&Version=2016-11-15', 'ec2', 400, '<Response><Errors><Error><Code>InvalidAction</Code>'],
    ['Action=DescribeRules&Version=2015-12-01&PageSize=x', 'elasticloadbalancing', 501, '<Code>NotImplemented</Code>'],
    [
      'Action=DescribeLoadBalancers&Version=2015-12-01&PageSize=x',
      'elasticloadbalancing',
      400,
      '<Code>MalformedInput</Code>',
    ],
    ['Action=DescribeLoadBalancers&Version=2015-12-01', 'elasticloadbalancing', 400, '[a &amp; b]'],
  ])('%s', async (body, scope, status, part) => {
    const answer = await raw(body, { ...form, scope });
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(part);
  });

  test('a body of 100 MB is refused without being kept, and the connection stays good', async () => {
    const { text, status } = await raw(Buffer.alloc(100_000_000, 32), target('DescribeClusters'));
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ __type: 'RequestEntityTooLargeException' });
    const next = await raw('{}', target('DescribeClusters'));
    expect(next.status).toBe(200);
  });

  test('a small gzip that unfolds to much is refused', async () => {
    const body = gzipSync(Buffer.alloc(50_000_000));
    const { status } = await raw(body, { ...target('DescribeClusters'), 'content-encoding': 'gzip' });
    expect(status).toBe(413);
  });

  test('the SDKs see their own errors', async () => {
    const ecs = new ECSClient(settings());
    await expect(ecs.send(new CreateClusterCommand({}))).rejects.toMatchObject({
      name: 'ClusterNotFoundException',
      message: 'Cluster not found.',
    });
    await expect(
      new ElasticLoadBalancingV2Client(settings()).send(new DescribeLoadBalancersCommand({})),
    ).rejects.toMatchObject({ name: 'LoadBalancerNotFoundException', message: "Load balancers '[a & b]' not found" });
    await expect(new EC2Client(settings()).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });

  test('a client that goes away half-way hurts nobody', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const request = httpRequest(endpoint, { method: 'POST', headers: { ...target('RunTask'), 'content-length': 100 } });
    request.on('error', () => resolve());
    request.write('{');
    setImmediate(() => request.destroy());
    await promise;
    expect((await raw('{}', target('DescribeClusters'))).status).toBe(200);
  });
});

test('a service is loaded when it is first asked for, once, and again only where that failed', async () => {
  const sts = new STSClient(settings());
  const ask = () => sts.send(new GetCallerIdentityCommand({}));
  expect(loads).toBe(0);
  await expect(ask()).rejects.toMatchObject({ name: 'InternalFailure' });
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ Account }) => Account)).toEqual(Array.from({ length: 3 }, () => '000000000000'));
  await expect(sts.send(new AssumeRoleCommand({ RoleArn: 'r'.repeat(20), RoleSessionName: 'rr' }))).rejects.toThrow(
    'sts:AssumeRole is not served',
  );
  expect(loads).toBe(2);
});

test('a raw route gets the request as it is', async () => {
  expect(await (await fetch(`${endpoint}/v2/`)).text()).toBe('registry');
  expect(await (await fetch(`${endpoint}/v2`)).text()).toBe('registry');
});

describe.each([
  ['everywhere', front(true)],
  ['of foreign connections', front(false, { isForeign: () => true })],
])('with signatures verified %s', (_where, listener) => {
  let strict: Server;
  let strictEndpoint: string;
  beforeAll(async () => {
    strict = createServer(serverOptions, listener);
    strictEndpoint = await listen(strict);
  });
  afterAll(() => {
    strict.closeAllConnections();
    strict.close();
  });
  const keys = { accessKeyId: 'ASIA1', secretAccessKey: 'secret', sessionToken: 'token' };
  const client = (own: object): ECSClient =>
    new ECSClient({ endpoint: strictEndpoint, region: 'us-east-1', credentials: { ...keys, ...own }, maxAttempts: 1 });

  test('a good one is accepted', async () => {
    await client({}).send(new RunTaskCommand({ taskDefinition: 'ünïcode & more' }));
  });

  test.each([
    [{ secretAccessKey: 'other' }, 'InvalidSignatureException'],
    [{ accessKeyId: 'AKIA2' }, 'UnrecognizedClientException'],
    [{ sessionToken: 'other' }, 'UnrecognizedClientException'],
  ])('%j is refused with %s', async (own, name) => {
    await expect(client(own).send(new DescribeClustersCommand({}))).rejects.toMatchObject({ name });
  });

  test('an unsigned one is refused', async () => {
    const response = await fetch(strictEndpoint, { method: 'POST', headers: target('DescribeClusters'), body: '{}' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
  });
});
