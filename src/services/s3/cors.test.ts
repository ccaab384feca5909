import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startS3, type S3Server } from './testing.ts';

// Pages of other origins, as a browser asks for them: `fetch` of Node would keep some of these headers to itself.

const Bucket = 'cors';
const app = 'https://app.example';
/** A signature that nobody checks here, for S3. */
const authorization =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
const acrm = 'access-control-request-method';
const acrh = 'access-control-request-headers';
let server: S3Server;
let s3: sdk.S3Client;

beforeAll(async () => {
  server = await startS3();
  s3 = server.client();
  for (const each of [Bucket, 'shut']) await s3.send(new sdk.CreateBucketCommand({ Bucket: each }));
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'a', Body: 'content' }));
  await put({ AllowedOrigins: [app], AllowedMethods: ['GET', 'PUT'], AllowedHeaders: ['*'], ExposeHeaders: ['ETag'] });
});
afterAll(() => server.close());

const put = (...CORSRules: sdk.CORSRule[]) =>
  s3.send(new sdk.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));

function ask(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof ask>>>();
  const request = httpRequest(`${server.endpoint}${path}`, { method, headers }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
  });
  request.on('error', reject);
  request.end();
  return promise;
}

describe('a bucket with rules', () => {
  test('tells a preflight what a page may', async () => {
    const asked = { origin: app, [acrm]: 'PUT', [acrh]: 'content-type, x-amz-meta-a' };
    const answer = await ask('OPTIONS', `/${Bucket}/a?x-id=PutObject`, asked);
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'access-control-allow-origin': app,
        'access-control-allow-methods': 'GET, PUT',
        'access-control-allow-headers': 'content-type, x-amz-meta-a',
        'access-control-expose-headers': 'ETag',
      },
      body: '',
    });
    const hosted = await ask('OPTIONS', '/a', { ...asked, host: `${Bucket}.s3.localhost` });
    expect(hosted.headers['access-control-allow-origin']).toBe(app);
  });

  test.each<[string, string, Record<string, string>, string, string]>([
    ['another origin', `/${Bucket}/a`, { origin: 'https://evil.example', [acrm]: 'GET' }, 'not allowed', 'OBJECT'],
    ['another method', `/${Bucket}`, { origin: app, [acrm]: 'DELETE' }, 'not allowed', 'BUCKET'],
    [
      'a bucket without rules',
      '/shut/a',
      { origin: app, [acrm]: 'GET' },
      'CORS is not enabled for this bucket.',
      'OBJECT',
    ],
    ['no bucket', '/nobody', { origin: app, [acrm]: 'GET' }, 'Bucket not found', 'BUCKET'],
  ])('refuses a preflight for %s', async (_, path, headers, words, type) => {
    const answer = await ask('OPTIONS', path, headers);
    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.body).toContain('<Code>AccessForbidden</Code><Message>CORSResponse: ');
    expect(answer.body).toContain(words);
    expect(answer.body).toContain(`<ResourceType>${type}</ResourceType>`);
  });

  test('lets that page have what it asks for', async () => {
    const answer = await ask('GET', `/${Bucket}/a`, { origin: app, authorization, 'sec-fetch-site': 'cross-site' });
    expect(answer).toMatchObject({ status: 200, body: 'content', headers: { 'access-control-allow-origin': app } });
    // The page may read an error, too.
    const none = await ask('GET', `/${Bucket}/nothing`, { origin: app, authorization });
    expect(none).toMatchObject({ status: 404, headers: { 'access-control-allow-origin': app } });
  });

  test('opens nothing else to it', async () => {
    const ecs = 'AmazonEC2ContainerServiceV20141113.ListClusters';
    const tries: [string, string, Record<string, string>][] = [
      ['GET', `/${Bucket}/a`, { origin: 'https://evil.example', authorization }],
      ['GET', `/${Bucket}/a`, { 'sec-fetch-site': 'cross-site', authorization }],
      ['DELETE', `/${Bucket}/a`, { origin: app, authorization }],
      ['GET', '/shut/a', { origin: app, authorization }],
      ['GET', '/', { origin: app, authorization }],
      ['POST', `/${Bucket}`, { origin: app, 'x-amz-target': ecs }],
      ['GET', `/${Bucket}`, { origin: app, 'x-amz-target': ecs }],
      ['GET', `/${Bucket}?Action=ListUsers`, { origin: app }],
    ];
    for (const [method, path, headers] of tries) {
      const answer = await ask(method, path, headers);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expect(answer.body).toContain('Pages of other sites may not call this endpoint.');
    }
    // Signed for S3 it goes to S3, whatever else it says of itself.
    const mixed = await ask('GET', `/${Bucket}/a`, { origin: app, 'x-amz-target': ecs, authorization });
    expect(mixed).toMatchObject({ status: 200, body: 'content' });
  });

  test('answers pages of this machine without rules for them as it did', async () => {
    const answer = await ask('GET', `/${Bucket}/a`, { origin: 'http://localhost:3000', authorization });
    expect(answer).toMatchObject({ status: 200, body: 'content' });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

test('rules are kept, checked and taken away', async () => {
  const rule = { AllowedOrigins: ['*'], AllowedMethods: ['GET'] };
  const full = { ...rule, ID: 'one', AllowedHeaders: ['x-*'], ExposeHeaders: ['ETag'], MaxAgeSeconds: 5 };
  await put(full, rule);
  const get = () => s3.send(new sdk.GetBucketCorsCommand({ Bucket }));
  expect((await get()).CORSRules).toEqual([full, rule]);
  const bad: [sdk.CORSRule, string][] = [
    [
      { ...rule, AllowedMethods: ['PATCH'] },
      'Found unsupported HTTP method in CORS config. Unsupported method is PATCH',
    ],
    [{ ...rule, AllowedOrigins: ['http://*.*'] }, 'AllowedOrigin "http://*.*" can not have more than one wildcard.'],
    [{ ...rule, AllowedHeaders: ['*-*'] }, 'AllowedHeader "*-*" can not have more than one wildcard.'],
    [
      { ...rule, ExposeHeaders: ['x-*'] },
      'ExposeHeader "x-*" contains wildcard. We currently do not support wildcard for ExposeHeader.',
    ],
  ];
  for (const [each, message] of bad) await expect(put(each)).rejects.toMatchObject({ name: 'InvalidRequest', message });
  await expect(put(...Array.from({ length: 101 }, () => rule))).rejects.toMatchObject({ name: 'MalformedXML' });
  await s3.send(new sdk.DeleteBucketCorsCommand({ Bucket }));
  await expect(get()).rejects.toMatchObject({ name: 'NoSuchCORSConfiguration' });
});
