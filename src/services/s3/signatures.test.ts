import { createHash, createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dateOf, isoOf } from '../../base/clock.ts';
import { signingKey, signingTime } from '../../base/sigv4.ts';
import { startS3, type S3Server } from './testing.ts';

// With signatures checked, as they are of programs in tasks.

const Bucket = 'there';
let server: S3Server;
let s3: sdk.S3Client;

beforeAll(async () => {
  server = await startS3(true);
  s3 = server.client();
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'a/ü +', Body: 'shared' }));
});
afterAll(() => server.close());

const codeOf = async (answer: Response): Promise<string | undefined> =>
  /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1];

test('what the SDK signs is accepted, whole or as a stream; what another key signed is not', async () => {
  const Body = Readable.from([Buffer.from('in '), Buffer.from('pieces')]);
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'streamed', Body, ContentLength: 9 }));
  const got = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'streamed' }));
  expect(await got.Body?.transformToString()).toBe('in pieces');
  await s3.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'streamed' }] } }));
  await expect(server.client({ accessKeyId: 'other' }).send(new sdk.ListBucketsCommand({}))).rejects.toMatchObject({
    name: 'InvalidAccessKeyId',
  });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' };
  const wrong = new sdk.S3Client({ endpoint: server.endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await expect(wrong.send(new sdk.ListBucketsCommand({}))).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
  wrong.destroy();
});

/** A URL that is signed for `expiresIn` seconds, of the given headers' values as well. */
async function presign(method: string, path: string, expiresIn: number, query: Record<string, string> = {}) {
  const { hostname, port } = new URL(server.endpoint);
  const signer = new SignatureV4({
    service: 's3',
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    sha256: class {
      readonly #hash;
      constructor(key?: string | Uint8Array) {
        this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
      }
      update(data: Uint8Array | string): void {
        this.#hash.update(data);
      }
      digest(): Promise<Uint8Array> {
        return Promise.resolve(this.#hash.digest());
      }
    } as never,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const headers = { host: `${hostname}:${port}` };
  const request = { method, protocol: 'http:', hostname, port: Number(port), path, query, headers };
  const signed = await signer.presign(
    { ...request, headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    {
      expiresIn,
      // Of the server's clock, which a slow machine does not put forward.
      signingDate: dateOf(server.deps.clock.now()),
      unsignableHeaders: new Set(['x-amz-content-sha256']),
    },
  );
  const search = new URLSearchParams(signed.query as Record<string, string>);
  return `${server.endpoint}${path}?${search.toString()}`;
}

test('presigned URLs are good for their time, for what they were made for', async () => {
  const url = await presign('GET', `/${Bucket}/a/%C3%BC%20%2B`, 60);
  expect(await (await fetch(url)).text()).toBe('shared');
  expect(await codeOf(await fetch(url, { method: 'DELETE' }))).toBe('SignatureDoesNotMatch');
  expect(await codeOf(await fetch(url.replace('/a/', '/b/')))).toBe('SignatureDoesNotMatch');
  const put = await presign('PUT', `/${Bucket}/put`, 60, { 'x-amz-meta-from': 'url' });
  expect((await fetch(put, { method: 'PUT', body: 'by url' })).status).toBe(200);
  expect((await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: 'put' }))).Metadata).toEqual({ from: 'url' });
  const { clock } = server.deps;
  await clock.advance(61_000);
  const late = await fetch(url);
  expect([late.status, await codeOf(late)]).toEqual([403, 'AccessDenied']);
});

test('URLs of the old kind, too', async () => {
  const expires = Math.floor(server.deps.clock.now() / 1000) + 60;
  const sign = (path: string, secret: string, at = expires): string => {
    const signature = createHmac('sha1', secret)
      .update(`GET\n\n\n${at}\n${path}?response-content-type=x/y`)
      .digest('base64');
    const query = { AWSAccessKeyId: 'test', Signature: signature, Expires: String(at), 'response-content-type': 'x/y' };
    return `${server.endpoint}${path}?${new URLSearchParams(query).toString()}`;
  };
  const path = `/${Bucket}/a/%C3%BC%20%2B`;
  const answer = await fetch(sign(path, 'test'));
  expect([await answer.text(), answer.headers.get('content-type')]).toEqual(['shared', 'x/y']);
  expect(await codeOf(await fetch(sign(path, 'wrong')))).toBe('SignatureDoesNotMatch');
  expect(await codeOf(await fetch(sign(path, 'test', expires - 120)))).toBe('AccessDenied');
});

test.each([false, true])('bodies of which each chunk is signed (with a trailer: %s)', async (hasTrailer) => {
  const send = async (tamper: 'nothing' | 'chunk' | 'trailer'): Promise<Response> => {
    const at = signingTime(isoOf(server.deps.clock.now()));
    const scope = { date: at.slice(0, 8), region: 'us-east-1', service: 's3' };
    const credential = `${scope.date}/us-east-1/s3/aws4_request`;
    const key = signingKey('test', scope);
    const hash = (data: string): string => createHash('sha256').update(data).digest('hex');
    const hmac = (data: string): string => createHmac('sha256', key).update(data).digest('hex');
    const path = `/${Bucket}/signed-chunks`;
    const headers: Record<string, string> = {
      host: new URL(server.endpoint).host,
      'x-amz-content-sha256': `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${hasTrailer ? '-TRAILER' : ''}`,
      'x-amz-date': at,
      'x-amz-decoded-content-length': '10',
      ...(hasTrailer ? { 'x-amz-trailer': 'x-amz-checksum-crc32c' } : {}),
    };
    const names = Object.keys(headers).toSorted();
    const canonical = `PUT\n${path}\n\n${names.map((name) => `${name}:${headers[name]}\n`).join('')}\n${names.join(';')}\n${headers['x-amz-content-sha256']}`;
    let previous = hmac(`AWS4-HMAC-SHA256\n${at}\n${credential}\n${hash(canonical)}`);
    headers['authorization'] =
      `AWS4-HMAC-SHA256 Credential=test/${credential}, SignedHeaders=${names.join(';')}, Signature=${previous}`;
    let body = '';
    for (const chunk of ['01234', '56789', '']) {
      previous = hmac(`AWS4-HMAC-SHA256-PAYLOAD\n${at}\n${credential}\n${previous}\n${hash('')}\n${hash(chunk)}`);
      const sent = tamper === 'chunk' && chunk === '56789' ? '66789' : chunk;
      body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${sent}${chunk === '' ? '' : '\r\n'}`;
    }
    if (hasTrailer) {
      // The CRC-32C of 0123456789.
      const trailer = 'x-amz-checksum-crc32c:KAwGng==';
      previous = hmac(`AWS4-HMAC-SHA256-TRAILER\n${at}\n${credential}\n${previous}\n${hash(`${trailer}\n`)}`);
      body += `${trailer}\r\nx-amz-trailer-signature:${tamper === 'trailer' ? hash('') : previous}\r\n`;
    }
    const { host: _, ...rest } = headers;
    return fetch(`${server.endpoint}${path}`, { method: 'PUT', headers: rest, body: `${body}\r\n` });
  };
  expect((await send('nothing')).status).toBe(200);
  const got = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'signed-chunks' }));
  expect(await got.Body?.transformToString()).toBe('0123456789');
  expect(await codeOf(await send('chunk'))).toBe('SignatureDoesNotMatch');
  if (hasTrailer) expect(await codeOf(await send('trailer'))).toBe('SignatureDoesNotMatch');
});
