import { afterAll, beforeAll, expect, test } from 'vitest';
import * as sdk from '@aws-sdk/client-s3';
import { startS3, type S3Server } from './testing.ts';

let server: S3Server;
let s3: sdk.S3Client;
beforeAll(async () => {
  server = await startS3();
  s3 = server.client();
  await s3.send(new sdk.CreateBucketCommand({ Bucket: 'there' }));
});
afterAll(() => server.close());

const bytes = async (Key: string, more: object = {}): Promise<string> =>
  (await (await s3.send(new sdk.GetObjectCommand({ Bucket: 'there', Key, ...more }))).Body?.transformToString()) ?? '';

test('an object comes back as it was put', async () => {
  const put = await s3.send(
    new sdk.PutObjectCommand({
      Bucket: 'there',
      Key: 'a/b c ☃.txt',
      Body: 'hello',
      Metadata: { One: '1' },
      ContentType: 'text/plain',
    }),
  );
  expect(put).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ChecksumType: 'FULL_OBJECT' });
  const got = await s3.send(new sdk.GetObjectCommand({ Bucket: 'there', Key: 'a/b c ☃.txt' }));
  expect(got).toMatchObject({ ETag: put.ETag, ContentLength: 5, ContentType: 'text/plain', Metadata: { one: '1' } });
  expect(await got.Body?.transformToString()).toBe('hello');
  expect(await bytes('a/b c ☃.txt', { Range: 'bytes=1-2' })).toBe('el');
  const list = await s3.send(new sdk.ListObjectsV2Command({ Bucket: 'there', Delimiter: '/' }));
  expect(list).toMatchObject({ CommonPrefixes: [{ Prefix: 'a/' }], KeyCount: 1 });
});
