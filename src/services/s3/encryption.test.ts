import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KmsKey } from '../../model/kms/key.ts';
import { findKey } from '../../store/keys/vault.ts';
import { aliasKey, kmsAliases, kmsKeys } from '../../store/tables/kms.ts';
import { startS3, type S3Server } from './testing.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const Bucket = 'sealed';
const kms = { ServerSideEncryption: 'aws:kms' } as const;

let server: S3Server;
let s3: sdk.S3Client;
let key: KmsKey;

beforeAll(async () => {
  server = await startS3();
  s3 = server.client();
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
});
afterAll(() => server.close());
beforeEach(() => {
  const { store, vault, clock } = server.deps;
  const settings = { description: '', spec: 'SYMMETRIC_DEFAULT', manager: 'CUSTOMER', policy: '', tags: [] } as const;
  key = store.transact((tx) => vault.create(tx, scope, settings, clock.now()));
});

const put = (more: Partial<sdk.PutObjectCommandInput> = {}) =>
  s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'k', Body: 'a secret', ...more }));
const get = (more: Partial<sdk.GetObjectCommandInput> = {}) =>
  s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'k', ...more }));
async function bytesOf(more: Partial<sdk.GetObjectCommandInput> = {}): Promise<Buffer> {
  const { Body } = await get(more);
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}
const be = (state: KmsKey['state']): void => {
  server.deps.store.transact((tx) => tx.update(kmsKeys, key.arn, (row) => ({ ...row, state })));
};
const blobs = async (): Promise<string[]> =>
  (await readdir(join(server.dir, 'sealed'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

describe('an object with a key of KMS', () => {
  test('says so, whoever asks, and is read with any name of the key', async () => {
    const SSEKMSEncryptionContext = Buffer.from('{"team":"a"}').toString('base64');
    const is = { ...kms, SSEKMSKeyId: key.arn };
    const written = await put({ ...kms, SSEKMSKeyId: key.id, SSEKMSEncryptionContext });
    expect(written).toMatchObject({ ...is, SSEKMSEncryptionContext });
    // Of what is encrypted with such a key nothing can be told from the ETag.
    expect(written.ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(written.ETag).not.toContain(createHash('md5').update('a secret').digest('hex'));
    expect(await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: 'k' }))).toMatchObject({ ...is, ContentLength: 8 });
    const read = await get();
    expect(read).toMatchObject({ ...is, ETag: written.ETag });
    expect(read).not.toHaveProperty('SSEKMSEncryptionContext');
    expect(read.BucketKeyEnabled).toBeUndefined();
    expect(await read.Body?.transformToString()).toBe('a secret');
    expect(await put({ ...kms, SSEKMSKeyId: key.arn, BucketKeyEnabled: true })).toMatchObject({
      ...is,
      BucketKeyEnabled: true,
    });
    expect((await bytesOf()).toString()).toBe('a secret');
  });

  test("has AWS's own key for S3 unless it names one", async () => {
    const { SSEKMSKeyId } = await put(kms);
    const own = findKey(server.deps.store, scope, 'alias/aws/s3');
    expect(own?.manager).toBe('AWS');
    expect(SSEKMSKeyId).toBe(own?.arn);
    expect(await put({ ...kms, SSEKMSKeyId: 'alias/aws/s3' })).toMatchObject({ SSEKMSKeyId: own?.arn });
    expect((await bytesOf()).toString()).toBe('a secret');
  });

  test('is read in any range', async () => {
    const content = randomBytes(200_000);
    await put({ ...kms, Body: content });
    expect((await bytesOf()).equals(content)).toBe(true);
    for (const [start, end] of [
      [0, 0],
      [65_535, 65_536],
      [70_000, 131_072],
      [131_071, 199_999],
      [199_999, 199_999],
    ] as const) {
      expect((await bytesOf({ Range: `bytes=${start}-${end}` })).equals(content.subarray(start, end + 1))).toBe(true);
    }
    await put({ ...kms, Body: '' });
    expect((await bytesOf()).length).toBe(0);
  });

  test('cannot be read while its key cannot be used, and never again without it', async () => {
    await put({ ...kms, SSEKMSKeyId: key.id });
    be('Disabled');
    await expect(get()).rejects.toMatchObject({ name: 'KMS.DisabledException', message: `${key.arn} is disabled.` });
    await expect(put({ ...kms, SSEKMSKeyId: key.id })).rejects.toMatchObject({ name: 'KMS.DisabledException' });
    expect(await s3.send(new sdk.HeadObjectCommand({ Bucket, Key: 'k' }))).toMatchObject({ SSEKMSKeyId: key.arn });
    be('PendingDeletion');
    await expect(get()).rejects.toMatchObject({ name: 'KMS.KMSInvalidStateException' });
    be('Enabled');
    expect((await bytesOf()).toString()).toBe('a secret');
    server.deps.store.transact((tx) => tx.delete(kmsKeys, key.arn));
    await expect(get()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('The ciphertext refers to') as string,
    });
  });

  test('lies sealed below what encrypts the whole disk', async () => {
    await put({ Key: 'plain', Body: 'in clear below' });
    await put({ ...kms, Key: 'one', Body: 'sealed below' });
    const digests = (await blobs()).map((path) => `sha256:${path.split('/').at(-1)}`);
    const below = await Promise.all(digests.map((digest) => server.deps.blobs.read(digest)));
    expect(below.some((content) => content.toString() === 'in clear below')).toBe(true);
    expect(below.some((content) => content.includes('sealed'))).toBe(false);
    for (const path of await blobs()) expect((await readFile(path)).includes('below')).toBe(false);
  });

  test('is copied with the encryption that the copy is to have', async () => {
    const content = randomBytes(150_000);
    const CopySource = `${Bucket}/k`;
    const copy = (more: Partial<sdk.CopyObjectCommandInput> = {}) =>
      s3.send(new sdk.CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...more }));
    await put({ ...kms, SSEKMSKeyId: key.id, Body: content, Metadata: { a: 'b' } });
    const plain = await copy();
    expect(plain.ServerSideEncryption).toBe('AES256');
    expect(plain.CopyObjectResult?.ETag).toBe(`"${createHash('md5').update(content).digest('hex')}"`);
    be('Disabled');
    const { Body, ...members } = await get({ Key: 'copy' });
    expect(members.Metadata).toEqual({ a: 'b' });
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content)).toBe(true);
    await expect(copy({ Key: 'other' })).rejects.toMatchObject({ name: 'KMS.DisabledException' });
    be('Enabled');
    expect(await copy({ Key: 'copy', CopySource: `${Bucket}/copy`, ...kms, SSEKMSKeyId: key.id })).toMatchObject({
      SSEKMSKeyId: key.arn,
    });
    expect((await bytesOf({ Key: 'copy' })).equals(content)).toBe(true);
    // It does not need the key of what it came from.
    await copy({ ...kms });
    be('Disabled');
    expect((await bytesOf({ Key: 'copy' })).equals(content)).toBe(true);
    expect(await readdir(join(server.dir, 'uploads'))).toEqual([]);
  });

  test('is uploaded in parts, and made of ranges of other objects', async () => {
    const [first, last] = [randomBytes(5 * 1024 ** 2), randomBytes(100_000)];
    await put({ ...kms, Key: 'source', Body: Buffer.concat([randomBytes(10), last]) });
    const at = { Bucket, Key: 'parts' };
    const { UploadId, ...begun } = await s3.send(
      new sdk.CreateMultipartUploadCommand({ ...at, ...kms, SSEKMSKeyId: key.id }),
    );
    const is = { ...kms, SSEKMSKeyId: key.arn };
    expect(begun).toMatchObject(is);
    const one = await s3.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: first }));
    expect(one).toMatchObject(is);
    const { CopyPartResult: two, ...copied } = await s3.send(
      new sdk.UploadPartCopyCommand({
        ...at,
        UploadId,
        PartNumber: 2,
        CopySource: `${Bucket}/source`,
        CopySourceRange: `bytes=10-${last.length + 9}`,
      }),
    );
    expect(copied).toMatchObject(is);
    const Parts = [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two?.ETag },
    ];
    const done = await s3.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
    expect(done).toMatchObject(is);
    expect(done.ETag).toMatch(/-2"$/);
    const whole = Buffer.concat([first, last]);
    expect((await bytesOf(at)).equals(whole)).toBe(true);
    const [start, end] = [first.length - 3, first.length + 70_000];
    expect((await bytesOf({ ...at, Range: `bytes=${start}-${end}` })).equals(whole.subarray(start, end + 1))).toBe(
      true,
    );
    be('Disabled');
    await expect(get(at)).rejects.toMatchObject({ name: 'KMS.DisabledException' });
  });
});

describe("a bucket's default", () => {
  const rules = (KMSMasterKeyID: string | undefined, BucketKeyEnabled?: boolean) =>
    s3.send(
      new sdk.PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID },
              BucketKeyEnabled,
            },
          ],
        },
      }),
    );

  test('is that of objects which say nothing, and not of those which do', async () => {
    await rules(key.id, true);
    const { ServerSideEncryptionConfiguration: found } = await s3.send(new sdk.GetBucketEncryptionCommand({ Bucket }));
    expect(found?.Rules).toEqual([
      {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key.id },
        BucketKeyEnabled: true,
      },
    ]);
    const is = { ...kms, SSEKMSKeyId: key.arn, BucketKeyEnabled: true };
    expect(await put()).toMatchObject(is);
    expect((await bytesOf()).toString()).toBe('a secret');
    const CopySource = `${Bucket}/k`;
    expect(await s3.send(new sdk.CopyObjectCommand({ Bucket, Key: 'other', CopySource }))).toMatchObject(is);
    expect(await put({ ServerSideEncryption: 'AES256' })).toMatchObject({ ServerSideEncryption: 'AES256' });
    const { SSEKMSKeyId } = await put(kms);
    expect(SSEKMSKeyId).not.toBe(key.arn);
    await rules('alias/later');
    await expect(put()).rejects.toMatchObject({ name: 'KMS.NotFoundException' });
    const alias = { ...scope, name: 'alias/later', arn: 'a', keyId: key.id, createdAt: 0, updatedAt: 0 };
    server.deps.store.transact((tx) => tx.put(kmsAliases, alias));
    expect(server.deps.store.get(kmsAliases, aliasKey(scope, 'alias/later'))).toBeDefined();
    expect(await put()).toMatchObject({ SSEKMSKeyId: key.arn });
    await s3.send(new sdk.DeleteBucketEncryptionCommand({ Bucket }));
    expect(await put()).toMatchObject({ ServerSideEncryption: 'AES256' });
  });
});

test.each<[string, Partial<sdk.PutObjectCommandInput>, string]>([
  ['a key that is not there', { ...kms, SSEKMSKeyId: 'none' }, 'KMS.NotFoundException'],
  [
    'a key of another region',
    { ...kms, SSEKMSKeyId: `arn:aws:kms:eu-west-1:000000000000:key/${'0'.repeat(8)}` },
    'KMS.NotFoundException',
  ],
  ['a key for nothing', { SSEKMSKeyId: 'k' }, 'InvalidArgument'],
  ['a context that is none', { ...kms, SSEKMSEncryptionContext: 'e30x' }, 'InvalidArgument'],
  ['a context of numbers', { ...kms, SSEKMSEncryptionContext: btoa('{"a":1}') }, 'InvalidArgument'],
])('%s is refused', async (_what, input, name) => {
  await expect(put(input)).rejects.toMatchObject({ name });
});
