import { createHash } from 'node:crypto';
import * as sdk from '@aws-sdk/client-s3';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startS3, type S3Server } from './testing.ts';

// Any sequence of operations leaves what a simple model of S3 has: keys with their versions, the newest last.

interface Version {
  readonly id: string;
  /** `undefined` is a delete marker. */
  readonly body: string | undefined;
}

class Model {
  versioning: 'Enabled' | 'Suspended' | undefined;
  readonly keys = new Map<string, Version[]>();

  put(key: string, body: string | undefined, id: string): void {
    const before = this.keys.get(key) ?? [];
    const kept = this.versioning === 'Enabled' ? before : before.filter((version) => version.id !== 'null');
    this.#set(key, [...kept, { id: this.versioning === 'Enabled' ? id : 'null', body }]);
  }

  remove(key: string, id: string): void {
    this.#set(
      key,
      (this.keys.get(key) ?? []).filter((version) => version.id !== id),
    );
  }

  newest(key: string): string | undefined {
    return this.keys.get(key)?.at(-1)?.body;
  }

  /** Keys of objects in the order of their bytes. */
  listed(prefix = ''): string[] {
    return [...this.keys.keys()]
      .filter((key) => key.startsWith(prefix) && this.newest(key) !== undefined)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  #set(key: string, versions: Version[]): void {
    if (versions.length === 0) this.keys.delete(key);
    else this.keys.set(key, versions);
  }
}

const key = fc.constantFrom('a', 'a/', 'a/b', 'a/b/c', 'a+b', 'b c/ä', '\u{ffee}/x', '\u{10000}/x', 'z&<>"');
const body = fc.string({ maxLength: 20 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), key, body }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete version' as const), key, pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete many' as const), keys: fc.uniqueArray(key, { minLength: 1 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('copy' as const), key, from: key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('multipart' as const), key, body, aborts: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put if new' as const), key, body }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('versioning' as const),
      to: fc.constantFrom('Enabled' as const, 'Suspended' as const),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

let server: S3Server;
let s3: sdk.S3Client;
let buckets = 0;

beforeAll(async () => {
  server = await startS3();
  s3 = server.client();
});
afterAll(() => server.close());

async function run(model: Model, Bucket: string, what: Step): Promise<void> {
  switch (what.do) {
    case 'put': {
      const { VersionId = 'null', ETag } = await s3.send(
        new sdk.PutObjectCommand({ Bucket, Key: what.key, Body: Buffer.from(what.body) }),
      );
      expect(ETag).toBe(`"${createHash('md5').update(what.body).digest('hex')}"`);
      return model.put(what.key, what.body, VersionId);
    }
    case 'put if new': {
      const command = new sdk.PutObjectCommand({
        Bucket,
        Key: what.key,
        Body: Buffer.from(what.body),
        IfNoneMatch: '*',
      });
      if (model.newest(what.key) !== undefined) return expect(s3.send(command)).rejects.toThrow(/pre-conditions/);
      const { VersionId = 'null' } = await s3.send(command);
      return model.put(what.key, what.body, VersionId);
    }
    case 'delete': {
      const { VersionId = 'null' } = await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: what.key }));
      if (model.versioning === undefined) return model.remove(what.key, 'null');
      return model.put(what.key, undefined, VersionId);
    }
    case 'delete version': {
      const versions = model.keys.get(what.key) ?? [];
      const id = versions[what.pick % Math.max(1, versions.length)]?.id ?? 'null';
      await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: what.key, VersionId: id }));
      return model.remove(what.key, id);
    }
    case 'delete many': {
      const Objects = what.keys.map((Key) => ({ Key }));
      const { Deleted = [] } = await s3.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      expect(Deleted.map(({ Key }) => Key)).toEqual(what.keys);
      for (const { Key = '', DeleteMarkerVersionId = 'null' } of Deleted) {
        if (model.versioning === undefined) model.remove(Key, 'null');
        else model.put(Key, undefined, DeleteMarkerVersionId);
      }
      return undefined;
    }
    case 'copy': {
      const content = model.newest(what.from);
      const CopySource = `${Bucket}/${encodeURIComponent(what.from)}`;
      const command = new sdk.CopyObjectCommand({ Bucket, Key: what.key, CopySource, MetadataDirective: 'REPLACE' });
      if (content === undefined) return expect(s3.send(command)).rejects.toMatchObject({ name: 'NoSuchKey' });
      const { VersionId = 'null' } = await s3.send(command);
      return model.put(what.key, content, VersionId);
    }
    case 'multipart': {
      const at = { Bucket, Key: what.key };
      const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(at));
      const { ETag } = await s3.send(
        new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 3, Body: Buffer.from(what.body) }),
      );
      if (what.aborts) {
        await s3.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId }));
        return undefined;
      }
      const MultipartUpload = { Parts: [{ PartNumber: 3, ETag }] };
      const complete = new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload });
      const { VersionId = 'null', ...first } = await s3.send(complete);
      expect(await s3.send(complete)).toMatchObject({ ETag: first.ETag });
      return model.put(what.key, what.body, VersionId);
    }
    case 'versioning':
      await s3.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: what.to } }));
      model.versioning = what.to;
      return undefined;
  }
}

async function agrees(model: Model, Bucket: string, prefix: string, size: number): Promise<void> {
  const pages = sdk.paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: prefix, MaxKeys: size });
  const keys: (string | undefined)[] = [];
  for await (const { Contents = [] } of pages) keys.push(...Contents.map(({ Key }) => Key));
  expect(keys).toEqual(model.listed(prefix));

  // What is rolled up past a delimiter, and what is not, is all there is, in order and once.
  const rolled: string[] = [];
  for await (const page of sdk.paginateListObjectsV2(
    { client: s3 },
    { Bucket, Prefix: prefix, Delimiter: '/', MaxKeys: size },
  )) {
    const { Contents = [], CommonPrefixes = [] } = page;
    rolled.push(...Contents.map(({ Key = '' }) => Key), ...CommonPrefixes.map(({ Prefix = '' }) => Prefix));
    expect(Contents.length + CommonPrefixes.length).toBeLessThanOrEqual(size);
  }
  const roll = (each: string): string => /^[^/]*\//.exec(each.slice(prefix.length))?.[0] ?? each.slice(prefix.length);
  expect(rolled.toSorted()).toEqual([...new Set(model.listed(prefix).map((each) => prefix + roll(each)))].toSorted());

  const versions: [string | undefined, string | undefined, boolean][] = [];
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (markers !== undefined) {
    const page: sdk.ListObjectVersionsCommandOutput = await s3.send(
      new sdk.ListObjectVersionsCommand({ Bucket, MaxKeys: size, ...markers }),
    );
    const entries = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    versions.push(
      ...entries.map(({ Key, VersionId, IsLatest = false }): (typeof versions)[number] => [Key, VersionId, IsLatest]),
    );
    markers =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
  }
  const meant = [...model.keys].flatMap(([name, all]) =>
    all.map(({ id }, index): (typeof versions)[number] => [name, id, index === all.length - 1]),
  );
  const text = (entry: unknown): string => JSON.stringify(entry);
  expect(versions.map(text).toSorted()).toEqual(meant.map(text).toSorted());

  for (const [name, all] of model.keys) {
    for (const { id, body: content } of all) {
      const got = s3.send(new sdk.GetObjectCommand({ Bucket, Key: name, VersionId: id }));
      if (content === undefined) await expect(got).rejects.toMatchObject({ name: 'MethodNotAllowed' });
      else expect(await (await got).Body?.transformToString()).toBe(content);
    }
  }
}

test('buckets are what a simple model of them is, after any operations', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.constantFrom('', 'a', 'a/'),
      fc.integer({ min: 1, max: 4 }),
      async (steps, prefix, size) => {
        buckets += 1;
        const Bucket = `bucket-${buckets}`;
        await s3.send(new sdk.CreateBucketCommand({ Bucket }));
        const model = new Model();
        for (const each of steps) await run(model, Bucket, each);
        await agrees(model, Bucket, prefix, size);
      },
    ),
    { numRuns: 25 },
  );
});
