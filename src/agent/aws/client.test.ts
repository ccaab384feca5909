import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseSignature, verifySignature } from '../../aws/sigv4.ts';
import { systemClock } from '../../base/clock.ts';
import { AwsCallError, AwsClient, type AwsRequest } from './client.ts';

const credentials = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret/key+', sessionToken: 'token==' };
const ssm = { title: 'SSM', scope: 'ssm' };
const s3 = { title: 'S3', scope: 's3' };

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

let seen: Seen[];
let answer: (response: ServerResponse, attempt: number) => void;
let client: AwsClient;
let endpoint: string;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    seen.push({ request, body: Buffer.concat(chunks) });
    answer(response, seen.length);
  });
});

beforeEach(async () => {
  seen = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new AwsClient({ endpoint, clock: systemClock });
});

afterEach(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

/** Whether the front door would accept what was sent. */
function fault({ request, body }: Seen): unknown {
  const url = new URL(request.url ?? '/', endpoint);
  const wire = {
    method: request.method ?? '',
    path: (request.url ?? '').replace(/\?.*/, ''),
    query: url.searchParams,
    headers: request.headers,
    body,
  };
  const signed = parseSignature(wire);
  if (typeof signed === 'string') return signed;
  return verifySignature(systemClock, wire, signed, credentials.secretAccessKey);
}

test('an awsJson call is signed, and its answer read', async () => {
  answer = (response) => void response.end('{"Parameters":[{"Value":"ä"}]}');
  const call = { service: ssm, region: 'eu-west-1', target: 'AmazonSSM.GetParameters' };
  const output = await client.json<object>(call, { Names: ['/ä'] }, credentials);
  expect(output).toEqual({ Parameters: [{ Value: 'ä' }] });
  const [first] = seen;
  expect(first && fault(first)).toBeUndefined();
  expect(first?.request.headers).toMatchObject({
    'x-amz-target': 'AmazonSSM.GetParameters',
    'x-amz-security-token': credentials.sessionToken,
    'content-type': 'application/x-amz-json-1.1',
  });
  expect(first?.request.headers.authorization).toContain('/eu-west-1/ssm/aws4_request');
  expect(JSON.parse(first?.body.toString('utf8') ?? '')).toEqual({ Names: ['/ä'] });
});

test.each<Pick<AwsRequest, 'service' | 'path' | 'query'>>([
  { service: s3, path: '/bucket/a%20b/c%2Fd.env', query: { versionId: 'a b+c' } },
  { service: ssm, path: '/x%20y', query: { a: '1', 'a-b': '*' } },
])('paths and queries are signed as the service wants them: $path', async (asked) => {
  answer = (response) => void response.end('KEY=value\n');
  const { body, status } = await client.send(
    { region: 'us-east-1', operation: 'GetObject', method: 'GET', ...asked },
    credentials,
  );
  expect({ status, body: body.toString() }).toEqual({ status: 200, body: 'KEY=value\n' });
  const [first] = seen;
  expect(first && fault(first)).toBeUndefined();
});

const get: AwsRequest = { service: ssm, region: 'us-east-1', operation: 'GetParameters', method: 'POST' };

async function failure(asked: AwsRequest = get): Promise<AwsCallError> {
  const error: unknown = await client.send(asked, credentials).catch((thrown: unknown) => thrown);
  if (!(error instanceof AwsCallError)) throw new Error('it should have failed');
  return error;
}

describe('a call that fails', () => {
  test.each([
    [400, '{"__type":"AccessDeniedException","message":"no"}', 'AccessDeniedException: no'],
    [400, '{"__type":"com.amazonaws#InternalThing","Message":"no"}', 'InternalThing: no'],
    [404, '<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>', 'NoSuchKey: gone'],
    [404, '', 'NotFound: '],
    [501, '{"__type":"NotImplemented","message":"not yet"}', 'NotImplemented: not yet'],
  ])('%i %s is told at once', async (status, body, words) => {
    answer = (response) => void response.writeHead(status, { 'x-amzn-requestid': 'r-1' }).end(body);
    const error = await failure();
    expect(error.message).toBe(
      `operation error SSM: GetParameters, https response error StatusCode: ${status}, RequestID: r-1, ${words}`,
    );
    expect(seen).toHaveLength(1);
  });

  test.each([
    [503, ''],
    [500, '{"__type":"InternalServerError"}'],
    [400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'],
  ])('%i %s is tried again', async (status, body) => {
    answer = (response, attempt) => void (attempt === 1 ? response.writeHead(status).end(body) : response.end('{}'));
    expect((await client.send(get, credentials)).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  test('a connection that breaks is tried three times', async () => {
    answer = (response) => void response.destroy();
    const error = await failure();
    expect(error).toMatchObject({ code: undefined, status: 0, attempts: 3 });
    expect(error.message).toMatch(/^operation error SSM: GetParameters, exceeded maximum number of attempts, 3, /);
    expect(seen).toHaveLength(3);
  });

  test('an answer that is too large is not kept', async () => {
    answer = (response) => void response.end('x'.repeat(100));
    const error = await failure({ ...get, answerLimit: 99 });
    expect(error.detail).toBe('the answer is larger than 99 bytes');
    expect(seen).toHaveLength(1);
  });

  test('who gives up is not kept waiting', async () => {
    const stop = new AbortController();
    answer = () => stop.abort(new Error('given up'));
    await expect(client.send(get, credentials, stop.signal)).rejects.toThrow('given up');
  });
});
