import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { DigestMismatch, UploadBusy } from './blobs.ts';
import { DiskBlobs } from './disk-blobs.ts';

let dir: string;
let clock: FakeClock;
let blobs: DiskBlobs;

const open = (key = Buffer.alloc(32, 'k')): Promise<DiskBlobs> => DiskBlobs.open(dir, clock, seededIds(3), key);
const digestOf = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const pieces = (...texts: string[]): Readable => Readable.from(texts.map((text) => Buffer.from(text)));

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stowage-blobs-'));
  clock = new FakeClock();
  blobs = await open();
});
afterEach(() => rm(dir, { recursive: true }));

test('a blob in any pieces is the blob', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.string(), { maxLength: 3 }), { maxLength: 3 }), async (appends) => {
      const content = appends.flat().join('');
      const digest = digestOf(content);
      const upload = await blobs.begin('me');
      for (const texts of appends) await upload.append(pieces(...texts));
      expect(upload.size).toBe(Buffer.byteLength(content));
      expect(await upload.commit(digest, (size) => size)).toBe(Buffer.byteLength(content));
      expect((await blobs.read(digest)).toString()).toBe(content);
      expect(blobs.upload(upload.id)).toBeUndefined();
    }),
    { numRuns: 30 },
  );
  expect(await readdir(join(dir, 'uploads'))).toEqual([]);
});

test('nothing is seen of a blob before it is whole and right', async () => {
  const digest = digestOf('right');
  const upload = await blobs.begin('me');
  await upload.append(pieces('wrong'));
  expect(await blobs.size(digest)).toBeUndefined();
  let linked = false;
  await expect(upload.commit(digest, () => (linked = true))).rejects.toBeInstanceOf(DigestMismatch);
  expect([linked, await blobs.size(digest), await blobs.size(digestOf('wrong'))]).toEqual([
    false,
    undefined,
    undefined,
  ]);
  expect(await readdir(join(dir, 'uploads'))).toEqual([]);
});

test('when a link is written the blob is there', async () => {
  const digest = digestOf('content');
  const { promise, resolve } = Promise.withResolvers<string>();
  const stored = blobs.put(Buffer.from('content'), (named) => {
    void blobs.read(named).then((content) => resolve(content.toString()));
    return named;
  });
  expect(await stored).toBe(digest);
  expect(await promise).toBe('content');
});

test('what broke off stays, and can be continued', async () => {
  const upload = await blobs.begin('me');
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from('first '));
    throw new Error('the client went away');
  };
  await expect(upload.append(broken())).rejects.toThrow('went away');
  expect(upload.size).toBe(6);
  await upload.append(pieces('second'));
  await upload.commit(digestOf('first second'), () => {});
  expect(await blobs.size(digestOf('first second'))).toBe(12);
});

test('two at a time do not mix', async () => {
  const upload = await blobs.begin('me');
  const first = upload.append(pieces('a', 'b'));
  await expect(upload.append(pieces('x'))).rejects.toBeInstanceOf(UploadBusy);
  await expect(upload.commit(digestOf(''), () => {})).rejects.toBeInstanceOf(UploadBusy);
  await first;
  await upload.commit(digestOf('ab'), () => {});
});

test('uploads that a former process left are cleared away, blobs stay', async () => {
  const digest = await blobs.put(Buffer.from('kept'), (named) => named);
  await (await blobs.begin('me')).append(pieces('half'));
  expect(await readdir(join(dir, 'uploads'))).toHaveLength(1);
  blobs = await open();
  expect(await readdir(join(dir, 'uploads'))).toEqual([]);
  expect((await blobs.read(digest)).toString()).toBe('kept');
});

test('an upload is given up after a day without a piece', async () => {
  const old = await blobs.begin('me');
  await clock.advance(13 * 3600_000);
  const young = await blobs.begin('me');
  await clock.advance(13 * 3600_000);
  await blobs.begin('me');
  expect(blobs.upload(old.id)).toBeUndefined();
  expect(blobs.upload(young.id)).toBe(young);
  await young.abort();
});

test('garbage is collected, but never a blob that somebody is about to refer to', async () => {
  const [used, unused] = ['used', 'unused'].map(digestOf) as [string, string];
  for (const text of ['used', 'unused']) await blobs.put(Buffer.from(text), () => {});
  await blobs.sweep((digest) => digest === used);
  expect([await blobs.size(used), await blobs.size(unused)]).toEqual([4, undefined]);

  // While a put runs, collecting all the time finds nothing to take, until the link is there.
  const state = { linked: false, done: false };
  const put = blobs.put(Buffer.from('unused'), () => (state.linked = true)).finally(() => (state.done = true));
  while (!state.done) {
    blobs.collect([unused], () => state.linked);
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(() => resolve());
    await promise;
  }
  await put;
  expect(await blobs.size(unused)).toBe(6);
});

test('ranges are read, and names that are no digests never reach the disk', async () => {
  const digest = await blobs.put(Buffer.from('0123456789'), (named) => named);
  const read = async (range?: { start: number; end: number }): Promise<string> =>
    Buffer.concat(await blobs.stream(digest, range).toArray()).toString();
  expect([await read(), await read({ start: 2, end: 4 })]).toEqual(['0123456789', '234']);
  await writeFile(join(dir, 'secret'), 'x');
  await expect(blobs.size('sha256:../../secret')).rejects.toThrow('no digest');
  expect(await readFile(join(dir, 'secret'), 'utf8')).toBe('x');
});

test('any part of a blob is read alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), fc.nat(), async (content, a, b) => {
      const digest = await blobs.put(content, (named) => named);
      const [start = 0, end = 0] = [a % content.length, b % content.length].toSorted((x, y) => x - y);
      const part = Buffer.concat(await blobs.stream(digest, { start, end }).toArray());
      expect(part.equals(content.subarray(start, end + 1))).toBe(true);
      expect(await blobs.size(digest)).toBe(content.length);
    }),
    { numRuns: 50 },
  );
});

test('on the disk everything is encrypted, each blob under a key of its own', async () => {
  const texts = ['a secret that nobody is to read', 'a secret that nobody else is to read'];
  for (const text of texts) await blobs.put(Buffer.from(text), () => {});
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const contents = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))));
  expect(contents).toHaveLength(3);
  for (const content of contents) expect(content.includes('secret')).toBe(false);
  const begins = contents.map((content) => content.subarray(16, 24).toString('hex'));
  expect(new Set(begins).size).toBe(3);
});

test('what a version before encryption kept is encrypted at the next start, a broken one left alone', async () => {
  const plain = async (name: string, content: string): Promise<string> => {
    const folder = join(dir, 'sha256', name.slice(0, 2));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const nameOf = (content: string): string => digestOf(content).slice('sha256:'.length);
  const large = 'large '.repeat(50_000);
  for (const content of ['', 'small', large]) await plain(nameOf(content), content);
  // One was encrypted already when its process was killed.
  await blobs.put(Buffer.from('small'), () => {});
  blobs = await open();
  for (const content of ['', 'small', large]) expect(String(await blobs.read(digestOf(content)))).toBe(content);
  expect(await readdir(dir)).not.toContain('sha256');
  const broken = await plain(nameOf('whole'), 'half');
  blobs = await open();
  expect(await blobs.size(digestOf('whole'))).toBeUndefined();
  expect(await readFile(broken, 'utf8')).toBe('half');
  expect(await readdir(join(dir, 'uploads'))).toEqual([]);
});

test('what another key encrypted is not opened', async () => {
  await expect(open(Buffer.alloc(32, 'x'))).rejects.toThrow('another root key');
  await open();
});

test('what is read or held stays until it no longer is, and goes then if it is garbage', async () => {
  const digest = await blobs.put(Buffer.alloc(500_000, 'x'), (named) => named);
  const stream = blobs.stream(digest);
  const [first, second] = [blobs.hold([digest]), blobs.hold([digest])];
  blobs.collect([digest], () => false);
  expect(Buffer.concat(await stream.toArray())).toHaveLength(500_000);
  first();
  first();
  expect(await blobs.size(digest)).toBe(500_000);
  second();
  expect(await blobs.size(digest)).toBeUndefined();
});
