import { expect, it } from 'vitest';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import type { ObjectVersion } from '../../model/s3/object.ts';
import { Store } from '../../store/store.ts';
import { images, layers } from '../../store/tables/ecr.ts';
import { buckets, multipartUploads, objectVersions, uploadedParts } from '../../store/tables/s3.ts';
import { objectLoop } from './loop.ts';

const day = 24 * 60 * 60_000;

it('expires objects as their bucket keeps versions or not, ends uploads, and hands what is left to the collector', async () => {
  const store = new Store([buckets, objectVersions, multipartUploads, uploadedParts, images, layers]);
  const scope = { account: '000000000000', region: 'us-east-1' };
  const bucket = (name: string, more: Partial<Bucket> = {}): Bucket => ({
    ...scope,
    name,
    createdAt: 0,
    tags: [],
    lifecycle: [{ id: 'r', enabled: true, tags: [], filter: 'None', expireDays: 1, abortUploadDays: 1 }],
    ...more,
  });
  const object = (id: string, of: string, modifiedAt: number): ObjectVersion => ({
    id,
    bucket: of,
    key: id,
    versionId: 'null',
    modifiedAt,
    content: {
      etag: 'e',
      sizeBytes: 1,
      segments: [{ blob: `blob of ${id}`, sizeBytes: 1 }],
      checksum: { algorithm: 'CRC32', value: '', type: 'FULL_OBJECT' },
      metadata: { contentType: 'x/y', user: {} },
      tags: [],
    },
  });
  store.transact((tx) => {
    tx.put(buckets, bucket('plain'));
    tx.put(buckets, bucket('versioned', { versioning: 'Enabled' }));
    for (const of of ['plain', 'versioned']) {
      tx.put(objectVersions, object(`old-${of}`, of, 0));
      tx.put(objectVersions, object(`new-${of}`, of, 9 * day + 1));
    }
    const metadata = { contentType: 'x/y', user: {} };
    tx.put(multipartUploads, {
      ...scope,
      id: 'u',
      bucket: 'plain',
      key: 'k',
      startedAt: 0,
      initiator: 'i',
      metadata,
      tags: [],
    });
    const segments = [{ blob: 'part', sizeBytes: 1 }];
    tx.put(uploadedParts, {
      uploadId: 'u',
      number: 1,
      modifiedAt: 0,
      etag: 'e',
      sizeBytes: 1,
      segments,
      checksums: {},
    });
  });
  const collected: string[] = [];
  const blobs = {
    collect: (digests: Iterable<string>, isReferenced: (digest: string) => boolean) =>
      void collected.push(...[...digests].filter((digest) => !isReferenced(digest))),
  };
  const loop = objectLoop({ store, ids: seededIds(1), blobs, log: silentLog });
  loop.tick(10 * day);
  loop.tick(10 * day);
  const left = store.list(objectVersions).map(({ key, content }) => (content === undefined ? `no ${key}` : key));
  expect(left).toEqual(['new-plain', 'old-versioned', 'new-versioned', 'no old-versioned']);
  expect([store.count(multipartUploads), store.count(uploadedParts)]).toEqual([0, 0]);
  await expect.poll(() => collected).toEqual(['blob of old-plain', 'part']);
});
