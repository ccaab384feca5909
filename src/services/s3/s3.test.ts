import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc } from '../../base/crc.ts';
import { startS3, type S3Server } from './testing.ts';

let server: S3Server;
let s3: sdk.S3Client;
const Bucket = 'there';

beforeAll(async () => {
  server = await startS3();
  s3 = server.client();
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
});
afterAll(() => server.close());

const put = (Key: string, body: string | Buffer, more: Partial<sdk.PutObjectCommandInput> = {}) =>
  s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: Buffer.from(body), ...more }));
const get = (Key: string, more: Partial<sdk.GetObjectCommandInput> = {}) =>
  s3.send(new sdk.GetObjectCommand({ Bucket, Key, ...more }));
const text = async (...args: Parameters<typeof get>) => (await get(...args)).Body?.transformToString();
const blobs = async (): Promise<number> => {
  const folders = await readdir(join(server.dir, 'sealed'));
  const files = await Promise.all(folders.map((folder) => readdir(join(server.dir, 'sealed', folder))));
  return files.flat().length;
};

/** A request as a client without an SDK makes it. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string | undefined> = {},
  body: string | Buffer = '',
) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    headers: Record<string, unknown>;
    text: string;
  }>();
  const { hostname, port } = new URL(server.endpoint);
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00';
  const all = { authorization, 'content-length': String(Buffer.byteLength(body)), ...headers };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const sent = httpRequest({ hostname, port, method, path, headers: kept as Record<string, string> }, (response) => {
    let answer = '';
    response.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: answer }));
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

describe('objects', () => {
  test('come back as they were put, with what was said of them', async () => {
    const Key = 'a/b c+☃%2F.txt';
    const answer = await put(Key, 'hello', {
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentLanguage: 'de',
      ContentEncoding: 'identity',
      Expires: new Date(2_000_000_000_000),
      Metadata: { One: '1', two: 'zwei' },
      Tagging: 'a=b&c=d+e',
    });
    expect(answer.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    const got = await get(Key);
    expect(await got.Body?.transformToString()).toBe('hello');
    expect(got).toMatchObject({
      ETag: answer.ETag,
      ContentLength: 5,
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentLanguage: 'de',
      ContentEncoding: 'identity',
      Expires: new Date(2_000_000_000_000),
      Metadata: { one: '1', two: 'zwei' },
      TagCount: 2,
      AcceptRanges: 'bytes',
    });
    expect(await s3.send(new sdk.HeadObjectCommand({ Bucket, Key }))).toMatchObject({ ContentLength: 5, TagCount: 2 });
    expect(await s3.send(new sdk.GetObjectTaggingCommand({ Bucket, Key }))).toMatchObject({
      TagSet: [
        { Key: 'a', Value: 'b' },
        { Key: 'c', Value: 'd e' },
      ],
    });
    const over = { ResponseContentType: 'x/y', ResponseContentDisposition: 'inline; filename="ä☃"' };
    expect(await get(Key, over)).toMatchObject({ ContentType: 'x/y' });
  });

  test('may be empty', async () => {
    await put('empty', '');
    expect(await text('empty')).toBe('');
    expect(await get('empty')).toMatchObject({ ContentLength: 0, ETag: '"d41d8cd98f00b204e9800998ecf8427e"' });
    await expect(get('empty', { Range: 'bytes=0-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  test.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=0-1,3-4', '0123456789', undefined],
    ['lines=1-2', '0123456789', undefined],
    ['bytes=4-2', '0123456789', undefined],
  ])('range %s', async (Range, expected, contentRange) => {
    await put('digits', '0123456789');
    const got = await get('digits', { Range });
    expect([await got.Body?.transformToString(), got.ContentRange]).toEqual([expected, contentRange]);
    expect(got.$metadata.httpStatusCode).toBe(contentRange === undefined ? 200 : 206);
  });

  test('are read under conditions', async () => {
    const { ETag = '' } = await put('conditional', 'x');
    const { LastModified = new Date() } = await get('conditional');
    const before = new Date(LastModified.getTime() - 1000);
    for (const fine of [
      { IfMatch: ETag },
      { IfMatch: '*' },
      { IfNoneMatch: '"other"' },
      { IfModifiedSince: before },
      { IfUnmodifiedSince: LastModified },
      { IfMatch: ETag, IfUnmodifiedSince: before },
    ])
      expect(await text('conditional', fine)).toBe('x');
    for (const [over, status] of [
      [{ IfMatch: '"other"' }, 412],
      [{ IfUnmodifiedSince: before }, 412],
      [{ IfNoneMatch: ETag }, 304],
      [{ IfNoneMatch: '*' }, 304],
      [{ IfModifiedSince: LastModified }, 304],
      [{ IfNoneMatch: ETag, IfModifiedSince: before }, 304],
    ] as const)
      await expect(get('conditional', over)).rejects.toMatchObject({ $metadata: { httpStatusCode: status } });
  });

  test('are written under conditions', async () => {
    const first = await put('once', '1', { IfNoneMatch: '*' });
    await expect(put('once', '2', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put('once', '2', { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put('never', '2', { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'NoSuchKey' });
    await put('once', '3', { IfMatch: first.ETag ?? '' });
    expect(await text('once')).toBe('3');
    const race = await Promise.allSettled(['a', 'b', 'c', 'd'].map((each) => put('race', each, { IfNoneMatch: '*' })));
    expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('that nobody has any more leave nothing on the disk, and the same content lies there once', async () => {
    const before = await blobs();
    await put('one', 'same content');
    await put('two', 'same content');
    await s3.send(new sdk.CopyObjectCommand({ Bucket, Key: 'three', CopySource: `${Bucket}/one` }));
    expect(await blobs()).toBe(before + 1);
    await put('one', 'other content');
    for (const Key of ['one', 'two']) await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }));
    expect(await text('three')).toBe('same content');
    await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'three' }));
    expect(await blobs()).toBe(before);
  });

  test('are read to their end though they are overwritten meanwhile', async () => {
    const content = Buffer.alloc(3_000_000, 'x');
    await put('slow', content);
    const before = await blobs();
    const { Body } = await get('slow');
    await put('slow', 'new');
    expect(
      createHash('md5')
        .update((await Body?.transformToByteArray()) ?? '')
        .digest('hex'),
    ).toBe(createHash('md5').update(content).digest('hex'));
    await expect.poll(blobs).toBe(before);
  });
});

describe('what clients say of a body is held against it', () => {
  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('%s', async (name) => {
    const member = `Checksum${name}` as 'ChecksumCRC32';
    const answer = await put('summed', 'hello', { ChecksumAlgorithm: name });
    expect(answer[member]).toBeDefined();
    expect(await get('summed', { ChecksumMode: 'ENABLED' })).toMatchObject({ [member]: answer[member] });
    const wrong = { [member]: answer[member] };
    await expect(put('summed', 'hallo', wrong)).rejects.toMatchObject({ name: 'BadDigest' });
    // A stream: the checksum follows the body.
    const body = Readable.from([Buffer.from('hel'), Buffer.from('lo')]);
    const streamed = await put('summed', '', { Body: body, ContentLength: 5, ChecksumAlgorithm: name });
    expect(streamed[member]).toBe(answer[member]);
    expect(await text('summed')).toBe('hello');
  });

  const chunked = (more: Record<string, string | undefined>, body: string) =>
    raw(
      'PUT',
      `/${Bucket}/chunked`,
      { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '5', ...more },
      body,
    );
  const trailer = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };

  test.each([
    ['MD5 of something else', { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkw==' }, 'hello', 400, 'BadDigest'],
    ['no MD5', { 'content-md5': 'x' }, 'hello', 400, 'InvalidDigest'],
    [
      'SHA-256 of something else',
      { 'x-amz-content-sha256': '0'.repeat(64) },
      'hello',
      400,
      'XAmzContentSHA256Mismatch',
    ],
    ['no CRC-32', { 'x-amz-checksum-crc32': 'x' }, 'hello', 400, 'InvalidRequest'],
    [
      'two checksums',
      { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-checksum-crc32c': 'mnG7TA==' },
      'hello',
      400,
      'InvalidRequest',
    ],
    ['an algorithm without a value', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'hello', 400, 'InvalidRequest'],
    [
      'no length',
      { 'content-length': undefined, 'transfer-encoding': 'chunked' },
      'hello',
      411,
      'MissingContentLength',
    ],
    [
      'too large',
      { 'content-length': undefined, 'transfer-encoding': 'chunked', 'x-amz-decoded-content-length': '6000000000' },
      'hello',
      400,
      'EntityTooLarge',
    ],
  ])('%s', async (_, headers, body, status, code) => {
    const answer = await raw('PUT', `/${Bucket}/bad`, headers, body);
    expect(answer).toMatchObject({ status });
    expect(answer.text).toContain(`<Code>${code}</Code>`);
    expect((await raw('HEAD', `/${Bucket}/bad`)).status).toBe(404);
  });

  test('aws-chunked bodies', async () => {
    expect(await chunked(trailer, '3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n')).toMatchObject({
      status: 200,
    });
    expect(await text('chunked')).toBe('hello');
    expect((await get('chunked')).ContentEncoding).toBeUndefined();
    for (const [body, code] of [
      ['5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
      ['5\r\nhello\r\n0\r\n\r\n', 'MalformedTrailerError'],
      ['5\r\nhello\r\n', 'IncompleteBody'],
      ['4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 'IncompleteBody'],
      ['rubbish', 'IncompleteBody'],
    ] as const)
      expect((await chunked(trailer, body)).text).toContain(`<Code>${code}</Code>`);
    expect(await text('chunked')).toBe('hello');
    await expect.poll(() => readdir(join(server.dir, 'uploads'))).toEqual([]);
  });
});

describe('encryption', () => {
  const rules = (...Rules: sdk.ServerSideEncryptionRule[]) =>
    s3.send(new sdk.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
  const rule = (SSEAlgorithm: sdk.ServerSideEncryption, more: object = {}): sdk.ServerSideEncryptionRule => ({
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm, ...more },
  });
  const now = async () => {
    const { ServerSideEncryptionConfiguration: found } = await s3.send(new sdk.GetBucketEncryptionCommand({ Bucket }));
    return found?.Rules;
  };

  test("is S3's own, of every object, asked for or not", async () => {
    const at = { Bucket, Key: 'sealed' };
    const is = { ServerSideEncryption: 'AES256' };
    expect(await s3.send(new sdk.PutObjectCommand({ ...at, Body: 'a secret' }))).toMatchObject(is);
    expect(
      await s3.send(new sdk.PutObjectCommand({ ...at, Body: 'a secret', ServerSideEncryption: 'AES256' })),
    ).toMatchObject(is);
    expect(await s3.send(new sdk.HeadObjectCommand(at))).toMatchObject(is);
    const { Body, ...members } = await s3.send(new sdk.GetObjectCommand({ ...at, Range: 'bytes=2-' }));
    expect(members).toMatchObject(is);
    expect(await Body?.transformToString()).toBe('secret');
    // A copy onto itself changes nothing, unless it names the encryption.
    const copy = { ...at, CopySource: `${Bucket}/sealed` };
    await expect(s3.send(new sdk.CopyObjectCommand(copy))).rejects.toMatchObject({ name: 'InvalidRequest' });
    expect(await s3.send(new sdk.CopyObjectCommand({ ...copy, ServerSideEncryption: 'AES256' }))).toMatchObject(is);
    const { UploadId, ...begun } = await s3.send(new sdk.CreateMultipartUploadCommand(at));
    expect(begun).toMatchObject(is);
    const part = await s3.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'x' }));
    expect(part).toMatchObject(is);
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    expect(await s3.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }))).toMatchObject(
      is,
    );
    await s3.send(new sdk.DeleteObjectCommand(at));
  });

  test("is S3's own by every bucket's default", async () => {
    const unchanged = [{ ...rule('AES256'), BucketKeyEnabled: false }];
    expect(await now()).toEqual(unchanged);
    await rules({ ...rule('AES256'), BucketKeyEnabled: true });
    expect(await now()).toEqual([{ ...rule('AES256'), BucketKeyEnabled: true }]);
    await expect(rules(rule('aws:kms:dsse'))).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(rules()).rejects.toMatchObject({ name: 'MalformedXML' });
    await expect(rules(rule('AES256'), rule('AES256'))).rejects.toMatchObject({ name: 'MalformedXML' });
    await expect(rules(rule('AES256', { KMSMasterKeyID: 'k' }))).rejects.toMatchObject({ name: 'InvalidArgument' });
    await s3.send(new sdk.DeleteBucketEncryptionCommand({ Bucket }));
    expect(await now()).toEqual(unchanged);
  });
});

describe('uploads in parts', () => {
  const large = Buffer.alloc(5 * 1024 * 1024, 'abcdefg');

  test.each([
    [undefined, undefined],
    ['CRC32', 'COMPOSITE'],
    ['CRC32', 'FULL_OBJECT'],
    ['SHA256', 'COMPOSITE'],
  ] as const)('with checksum %s %s', async (ChecksumAlgorithm, ChecksumType) => {
    const at = { Bucket, Key: 'parts' };
    const { UploadId } = await s3.send(
      new sdk.CreateMultipartUploadCommand({
        ...at,
        ChecksumAlgorithm,
        ChecksumType,
        ContentType: 'x/y',
        Tagging: 'a=b',
      }),
    );
    await put('source', 'the last part');
    const range = { CopySource: `/${Bucket}/source`, CopySourceRange: 'bytes=4-7' };
    const first = await s3.send(
      new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 2, Body: large, ChecksumAlgorithm }),
    );
    const { CopyPartResult: second } = await s3.send(
      new sdk.UploadPartCopyCommand({ ...at, UploadId, PartNumber: 7, ...range }),
    );
    const named = [first, second].map((part, index) => {
      const { ETag, ChecksumCRC32, ChecksumSHA256 } = part ?? {};
      return { PartNumber: index === 0 ? 2 : 7, ETag, ChecksumCRC32, ChecksumSHA256 };
    });
    expect(await s3.send(new sdk.ListPartsCommand({ ...at, UploadId, MaxParts: 1 }))).toMatchObject({
      Parts: [{ PartNumber: 2, Size: large.length }],
      IsTruncated: true,
      NextPartNumberMarker: '2',
    });
    const listed = await s3.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: 'par', Delimiter: '/' }));
    expect(listed.Uploads).toMatchObject([{ Key: 'parts', UploadId }]);
    const done = await s3.send(
      new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: named } }),
    );
    const whole = Buffer.concat([large, Buffer.from('last')]);
    const md5s = [large, Buffer.from('last')].map((part) => createHash('md5').update(part).digest());
    expect(done.ETag).toBe(`"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-2"`);
    expect(done.ChecksumType).toBe(ChecksumType ?? 'FULL_OBJECT');
    if (ChecksumType !== 'COMPOSITE') {
      const sum = crc(ChecksumAlgorithm ?? 'CRC64NVME');
      sum.update(whole);
      expect(done.ChecksumCRC32 ?? done.ChecksumCRC64NVME).toBe(sum.digest().toString('base64'));
    }
    const got = await get('parts');
    expect(got).toMatchObject({ ContentType: 'x/y', TagCount: 1, ContentLength: whole.length });
    expect(Buffer.compare((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0), whole)).toBe(0);
    expect(await text('parts', { Range: `bytes=${large.length - 2}-${large.length + 1}` })).toBe(
      `${large.subarray(-2).toString()}la`,
    );
    expect(await text('parts', { PartNumber: 7 })).toBe('last');
    const ObjectAttributes: sdk.ObjectAttributes[] = ['ObjectParts', 'ETag', 'ObjectSize', 'Checksum', 'StorageClass'];
    expect(await s3.send(new sdk.GetObjectAttributesCommand({ ...at, ObjectAttributes }))).toMatchObject({
      ETag: done.ETag?.replaceAll('"', ''),
      ObjectSize: whole.length,
      ObjectParts: { TotalPartsCount: 2, Parts: [{ PartNumber: 2 }, { PartNumber: 7, Size: 4 }] },
    });
    // A copy is of one piece.
    const { CopyObjectResult } = await s3.send(
      new sdk.CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/parts` }),
    );
    expect(CopyObjectResult?.ETag).toBe(`"${createHash('md5').update(whole).digest('hex')}"`);
  });

  test('are refused when they do not fit', async () => {
    const at = { Bucket, Key: 'parts' };
    const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(at));
    const part = (PartNumber: number) =>
      s3.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber, Body: 'small' }));
    const complete = (...Parts: sdk.CompletedPart[]) =>
      s3.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
    const { ETag } = await part(1);
    await part(2);
    await expect(part(10_001)).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(complete()).rejects.toMatchObject({ name: 'MalformedXML' });
    await expect(complete({ PartNumber: 1, ETag }, { PartNumber: 2, ETag })).rejects.toMatchObject({
      name: 'EntityTooSmall',
    });
    await expect(complete({ PartNumber: 2, ETag }, { PartNumber: 1, ETag })).rejects.toMatchObject({
      name: 'InvalidPartOrder',
    });
    await expect(complete({ PartNumber: 3, ETag })).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete({ PartNumber: 1, ETag: '"x"' })).rejects.toMatchObject({ name: 'InvalidPart' });
    const before = await blobs();
    await s3.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId }));
    expect(await blobs()).toBe(before - 1);
    await expect(complete({ PartNumber: 1, ETag })).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

describe('copies', () => {
  test('take metadata and tags with them, or not', async () => {
    await put('from', 'content', { Metadata: { a: '1' }, ContentType: 'x/y', Tagging: 't=1' });
    const copy = (more: Partial<sdk.CopyObjectCommandInput>) =>
      s3.send(new sdk.CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from`, ...more }));
    await copy({});
    expect(await get('to')).toMatchObject({ Metadata: { a: '1' }, ContentType: 'x/y', TagCount: 1 });
    await copy({ MetadataDirective: 'REPLACE', Metadata: { b: '2' }, TaggingDirective: 'REPLACE', Tagging: '' });
    const replaced = await get('to');
    expect(replaced).toMatchObject({ Metadata: { b: '2' }, ContentType: 'binary/octet-stream' });
    expect(replaced.TagCount).toBeUndefined();
    await expect(copy({ Key: 'from' })).rejects.toThrow('copy an object to itself');
    await expect(copy({ CopySourceIfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(copy({ CopySource: `${Bucket}/none` })).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(copy({ CopySource: 'none/from' })).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await expect(copy({ CopySource: 'rubbish' })).rejects.toMatchObject({ name: 'InvalidArgument' });
  });
});

describe('buckets', () => {
  test.each(['Ab', 'ab', 'a..b', '-ab', 'a_b', '192.168.1.1', 'xn--abc', 'abc-s3alias', 'a'.repeat(64)])(
    'are not called %s',
    async (name) => {
      expect((await raw('PUT', `/${name}`)).text).toContain('<Code>InvalidBucketName</Code>');
    },
  );

  test('are one to a name, in one region, of one account', async () => {
    const elsewhere = server.client({ region: 'eu-west-1' });
    const somebody = server.client({ accessKeyId: '111122223333' });
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
    await expect(elsewhere.send(new sdk.CreateBucketCommand({ Bucket: 'eu' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    await elsewhere.send(new sdk.CreateBucketCommand({ Bucket: 'in-eu', CreateBucketConfiguration }));
    await expect(
      elsewhere.send(new sdk.CreateBucketCommand({ Bucket: 'in-eu', CreateBucketConfiguration })),
    ).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' });
    await expect(somebody.send(new sdk.CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyExists',
    });
    await s3.send(new sdk.CreateBucketCommand({ Bucket }));
    await expect(somebody.send(new sdk.ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    expect(await s3.send(new sdk.GetBucketLocationCommand({ Bucket: 'in-eu' }))).toMatchObject({
      LocationConstraint: 'eu-west-1',
    });
    const wrong = await raw('GET', '/in-eu');
    expect(wrong).toMatchObject({ status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } });
    expect(wrong.text).toContain('<Code>PermanentRedirect</Code>');
    expect(await s3.send(new sdk.ListBucketsCommand({ Prefix: 'in-' }))).toMatchObject({
      Buckets: [{ Name: 'in-eu', BucketRegion: 'eu-west-1' }],
    });
    await expect(
      s3.send(new sdk.HeadBucketCommand({ Bucket, ExpectedBucketOwner: '111122223333' })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  test('are named by hosts as well', async () => {
    await put('k/ey', 'by host');
    for (const [Host, path] of [
      [`${Bucket}.s3.localhost:4566`, '/k/ey'],
      [`${Bucket}.localhost`, '/k/ey'],
      [`${Bucket}.s3.amazonaws.com`, '/k/ey'],
      [`${Bucket}.s3.us-east-1.amazonaws.com`, '/k/ey'],
      ['s3.us-east-1.amazonaws.com', `/${Bucket}/k/ey`],
      ['s3.localhost', `/${Bucket}/k/ey`],
    ] as const)
      expect(await raw('GET', path, { Host })).toMatchObject({ status: 200, text: 'by host' });
    expect((await raw('GET', `/${Bucket}/k/ey`, { authorization: undefined })).text).toContain(
      '<Code>AccessDenied</Code>',
    );
    const anonymous = await raw('GET', '/k/ey', { Host: `${Bucket}.s3.localhost`, authorization: undefined });
    expect(anonymous.status).toBe(403);
    expect(anonymous.text).toMatch(
      /<Error><Code>AccessDenied<\/Code>.*<Resource>\/k\/ey<\/Resource><RequestId>.+<\/RequestId><HostId>.+<\/HostId><\/Error>$/s,
    );
  });

  test('have settings', async () => {
    await s3.send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }));
    expect(await s3.send(new sdk.GetBucketTaggingCommand({ Bucket }))).toMatchObject({
      TagSet: [{ Key: 'a', Value: 'b' }],
    });
    const Policy = (Principal: unknown): string =>
      JSON.stringify({
        Statement: { Effect: 'Allow', Principal, Action: 's3:*', Resource: `arn:aws:s3:::${Bucket}/*` },
      });
    await s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: Policy({ AWS: '111122223333' }) }));
    expect((await s3.send(new sdk.GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy({ AWS: '111122223333' }));
    await expect(s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: Policy('*') }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: '{' }))).rejects.toMatchObject({
      name: 'MalformedPolicy',
    });
    await s3.send(new sdk.DeletePublicAccessBlockCommand({ Bucket }));
    await s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: Policy('*') }));
    expect(await s3.send(new sdk.GetBucketPolicyStatusCommand({ Bucket }))).toMatchObject({
      PolicyStatus: { IsPublic: true },
    });
    expect(await s3.send(new sdk.GetBucketOwnershipControlsCommand({ Bucket }))).toMatchObject({
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    expect(await s3.send(new sdk.GetBucketAclCommand({ Bucket }))).toMatchObject({
      Grants: [{ Permission: 'FULL_CONTROL' }],
    });
    await expect(s3.send(new sdk.PutBucketAclCommand({ Bucket, ACL: 'public-read' }))).rejects.toMatchObject({
      name: 'AccessControlListNotSupported',
    });
    await expect(s3.send(new sdk.DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  });
});

describe('refusals', () => {
  const xml = (content: string): [Record<string, string>, string] => [{ 'content-type': 'application/xml' }, content];
  test.each<[string, string, string, Record<string, string>, string, number, string]>([
    ['a bucket that is not there', 'GET', '/none', {}, '', 404, 'NoSuchBucket'],
    ['a key that is not there', 'GET', `/${Bucket}/none`, {}, '', 404, 'NoSuchKey'],
    ['a version that is not there', 'GET', `/${Bucket}/none?versionId=${'x'.repeat(32)}`, {}, '', 404, 'NoSuchVersion'],
    ['a version that cannot be', 'GET', `/${Bucket}/none?versionId=x`, {}, '', 400, 'InvalidArgument'],
    ['a long key', 'PUT', `/${Bucket}/${'ä'.repeat(513)}`, {}, '', 400, 'KeyTooLongError'],
    ['much metadata', 'PUT', `/${Bucket}/k`, { 'x-amz-meta-a': 'x'.repeat(2048) }, '', 400, 'MetadataTooLarge'],
    ['an access list', 'PUT', `/${Bucket}/k`, { 'x-amz-acl': 'public-read' }, '', 400, 'AccessControlListNotSupported'],
    ['a storage class', 'PUT', `/${Bucket}/k`, { 'x-amz-storage-class': 'GLACIER' }, '', 501, 'NotImplemented'],
    ['no storage class', 'PUT', `/${Bucket}/k`, { 'x-amz-storage-class': 'x' }, '', 400, 'InvalidStorageClass'],
    [
      'two layers',
      'PUT',
      `/${Bucket}/k`,
      { 'x-amz-server-side-encryption': 'aws:kms:dsse' },
      '',
      501,
      'NotImplemented',
    ],
    ['an encryption', 'PUT', `/${Bucket}/k`, { 'x-amz-server-side-encryption': 'DES' }, '', 400, 'InvalidArgument'],
    [
      'a key for the wrong encryption',
      'PUT',
      `/${Bucket}/k`,
      { 'x-amz-server-side-encryption': 'AES256', 'x-amz-server-side-encryption-aws-kms-key-id': 'k' },
      '',
      400,
      'InvalidArgument',
    ],
    ['a lock', 'PUT', `/${Bucket}/k`, { 'x-amz-object-lock-mode': 'GOVERNANCE' }, '', 400, 'InvalidRequest'],
    [
      'eleven tags',
      'PUT',
      `/${Bucket}/k`,
      {
        'x-amz-tagging': 'abcdefghijk'
          .split('')
          .map((t) => `${t}=1`)
          .join('&'),
      },
      '',
      400,
      'BadRequest',
    ],
    ['a tag twice', 'PUT', `/${Bucket}/k`, { 'x-amz-tagging': 'a=1&a=2' }, '', 400, 'InvalidTag'],
    ['max-keys', 'GET', `/${Bucket}?list-type=2&max-keys=x`, {}, '', 400, 'InvalidArgument'],
    ['negative max-keys', 'GET', `/${Bucket}?list-type=2&max-keys=-1`, {}, '', 400, 'InvalidArgument'],
    ['an encoding', 'GET', `/${Bucket}?list-type=2&encoding-type=x`, {}, '', 400, 'InvalidArgument'],
    ['a token', 'GET', `/${Bucket}?list-type=2&continuation-token=x`, {}, '', 400, 'InvalidArgument'],
    ['no XML', 'POST', `/${Bucket}?delete`, ...xml('<'), 400, 'MalformedXML'],
    ['XML without keys', 'POST', `/${Bucket}?delete`, ...xml('<Delete/>'), 400, 'MalformedXML'],
    [
      'versioning without a status',
      'PUT',
      `/${Bucket}?versioning`,
      ...xml('<VersioningConfiguration/>'),
      400,
      'MalformedXML',
    ],
    ['a method', 'POST', `/${Bucket}/k`, {}, '', 405, 'MethodNotAllowed'],
    ['what is not served', 'GET', `/${Bucket}?inventory&id=x`, {}, '', 501, 'NotImplemented'],
    ['an upload that is not there', 'GET', `/${Bucket}/k?uploadId=x`, {}, '', 404, 'NoSuchUpload'],
    [
      'a wrong checksum of XML',
      'POST',
      `/${Bucket}?delete`,
      { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkw==' },
      '<Delete/>',
      400,
      'BadDigest',
    ],
  ])('%s', async (_, method, path, headers, body, status, code) => {
    const answer = await raw(method, encodeURI(path), headers, body);
    expect(answer).toMatchObject({ status });
    expect(answer.text).toContain(`<Code>${code}</Code>`);
  });

  test('HEAD has no body, and a client that waits is not made to send', async () => {
    expect(await raw('HEAD', `/${Bucket}/none`)).toMatchObject({ status: 404, text: '' });
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const { hostname, port } = new URL(server.endpoint);
    const headers = {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00',
      expect: '100-continue',
      'content-length': 1_000_000,
    };
    const waiting = httpRequest({ hostname, port, method: 'PUT', path: '/none/k', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    waiting.on('continue', () => resolve(100));
    waiting.on('error', () => {});
    waiting.flushHeaders();
    expect(await promise).toBe(404);
    waiting.destroy();
  });
});
