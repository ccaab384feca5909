import { atLength } from '../support/length.ts';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must, run } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';

// The real clients, and a control plane that is killed while it takes what they send.

const python = await run('python3', ['-c', 'import boto3']);
/** Every aws CLI of this machine: version 1 and version 2 differ in much. */
const clis = atLength(['aws'], ['aws', '/usr/bin/aws']).filter((path) => !path.startsWith('/') || existsSync(path));

let installation: TestInstallation;
let folder: string;
let s3: sdk.S3Client;
const Bucket = 'machine';
const large = randomBytes(12 << 20);

const blobs = (): string[] =>
  readdirSync(join(installation.home, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[0-9a-f-]{36,}$/.test(name),
  );

beforeAll(async () => {
  installation = await startInstallation();
  folder = mkdtempSync(join(tmpdir(), 'stowage-s3-'));
  writeFileSync(join(folder, 'large'), large);
  mkdirSync(join(folder, 'site/in ner'), { recursive: true });
  for (const name of ['a.txt', 'in ner/ü.html', 'in ner/b+c']) writeFileSync(join(folder, 'site', name), name);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  s3 = new sdk.S3Client({ endpoint: installation.endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
});
afterAll(() => {
  s3?.destroy();
  installation?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe.concurrent('an aws CLI', () => {
  test.each(clis)('%s makes a bucket, copies, syncs, lists, shares and removes', useCli);
});

async function useCli(cli: string): Promise<void> {
  const { env, endpoint } = installation;
  const aws = (...args: string[]): Promise<string> => must(cli, ['--endpoint-url', endpoint, 's3', ...args], { env });
  const name = `cli-${createHash('md5').update(cli).digest('hex').slice(0, 8)}`;
  const to = join(folder, name);
  await aws('mb', `s3://${name}`);
  await aws('cp', '--quiet', join(folder, 'large'), `s3://${name}/large`);
  expect((await s3.send(new sdk.HeadObjectCommand({ Bucket: name, Key: 'large' }))).ETag).toMatch(/-2"$/);
  await aws('cp', '--quiet', `s3://${name}/large`, join(to, 'large'));
  expect(readFileSync(join(to, 'large')).equals(large)).toBe(true);
  const shared = await aws('presign', `s3://${name}/large`, '--expires-in', '60');
  expect(Buffer.from(await (await fetch(shared)).arrayBuffer()).equals(large)).toBe(true);
  expect((await aws('sync', join(folder, 'site'), `s3://${name}/site`)).match(/upload:/g)).toHaveLength(3);
  expect(await aws('sync', join(folder, 'site'), `s3://${name}/site`)).toBe('');
  await aws('cp', '--quiet', `s3://${name}/site/in ner/ü.html`, join(to, 'ü'));
  expect(readFileSync(join(to, 'ü'), 'utf8')).toBe('in ner/ü.html');
  expect(await aws('ls', `s3://${name}/site/`)).toMatch(/PRE in ner\/\n.* 5 a\.txt/);
  await aws('cp', '--quiet', '--sse', 'aws:kms', join(folder, 'large'), `s3://${name}/sealed`);
  const sealed = await s3.send(new sdk.HeadObjectCommand({ Bucket: name, Key: 'sealed' }));
  expect(sealed.SSEKMSKeyId).toMatch(/^arn:aws:kms:us-east-1:\d{12}:key\//);
  await aws('cp', '--quiet', `s3://${name}/sealed`, join(to, 'sealed'));
  expect(readFileSync(join(to, 'sealed')).equals(large)).toBe(true);
  await aws('rm', '--quiet', '--recursive', `s3://${name}`);
  await aws('rb', `s3://${name}`);
}

test.skipIf(python.status !== 0)(
  'boto3 moves files in parts, copies, pages, and follows to other regions',
  async () => {
    const script = join(import.meta.dirname, 'transfer.py');
    const url = await must('python3', [script, Bucket, folder], { env: installation.env });
    expect(readFileSync(join(folder, 'boto3')).equals(large)).toBe(true);
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(large.length);
  },
);

/** A PUT whose body is made as it is sent. */
function upload(key: string, size: number) {
  const { hostname, port } = new URL(installation.endpoint);
  const sent = request({
    hostname,
    port,
    method: 'PUT',
    path: `/${Bucket}/${key}`,
    headers: {
      'content-length': size,
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00',
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  sent.on('response', (response) => resolve(response.resume().statusCode));
  sent.on('error', reject);
  return { sent, answered: promise };
}

test('a large object takes no memory on its way in or out', async () => {
  const pid = installation.pid();
  const peak = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'warm', Body: large }));
  const before = peak();
  const size = 200 << 20;
  const piece = randomBytes(1 << 20);
  const { sent, answered } = upload('huge', size);
  await pipeline(Readable.from(Array.from({ length: size / piece.length }, () => piece)), sent);
  expect(await answered).toBe(200);
  const { Body } = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'huge' }));
  let received = 0;
  for await (const chunk of Body as Readable) received += (chunk as Buffer).length;
  expect(received).toBe(size);
  expect(peak() - before).toBeLessThan(96 << 20);
  await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'huge' }));
});

test('of what was on its way when the control plane was killed nothing is seen; of what was acknowledged nothing is lost', async () => {
  const at = { Bucket, Key: 'in parts' };
  await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'kept', Body: 'first' }));
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(at));
  const { ETag } = await s3.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: large }));
  const before = blobs();
  const uploads = ['kept', 'new'].map((key) => upload(key, 50 << 20));
  for (const { sent, answered } of uploads) {
    answered.catch(() => {});
    for (let index = 0; index < 20; index += 1) {
      if (!sent.write(large.subarray(0, 1 << 20))) await new Promise((drained) => sent.once('drain', drained));
    }
  }
  expect(blobs().length).toBeGreaterThan(before.length);
  const pid = installation.pid();
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  for (const { sent } of uploads) sent.destroy();
  installation.stowage('up', '--detach');

  const kept = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'kept' }));
  expect(await kept.Body?.transformToString()).toBe('first');
  await expect(s3.send(new sdk.HeadObjectCommand({ Bucket, Key: 'new' }))).rejects.toMatchObject({ name: 'NotFound' });
  await expect.poll(() => blobs().toSorted()).toEqual(before.toSorted());
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await s3.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }));
  const whole = await (await s3.send(new sdk.GetObjectCommand(at))).Body?.transformToByteArray();
  expect(Buffer.from(whole ?? []).equals(large)).toBe(true);
});
