import { expect, test } from 'vitest';
import type { LifecycleRule } from './bucket.ts';
import { planLifecycle } from './lifecycle.ts';
import type { MultipartUpload, ObjectVersion } from './object.ts';

const day = 24 * 60 * 60_000;
const object = (id: string, key: string, modifiedAt: number, over: object = {}): ObjectVersion => ({
  id,
  bucket: 'b',
  key,
  versionId: id,
  modifiedAt,
  content: {
    etag: 'e',
    sizeBytes: 10,
    segments: [],
    checksum: { algorithm: 'CRC32', value: '', type: 'FULL_OBJECT' },
    metadata: { contentType: 'x/y', user: {} },
    tags: [],
    ...over,
  },
});
const marker = (id: string, key: string, modifiedAt: number): ObjectVersion => ({
  id,
  bucket: 'b',
  key,
  versionId: id,
  modifiedAt,
});
const rule = (over: Partial<LifecycleRule>): LifecycleRule => ({
  id: 'r',
  enabled: true,
  tags: [],
  filter: 'None',
  ...over,
});
const upload = { id: 'u', key: 'logs/x', startedAt: 0 } as MultipartUpload;

type Row = [string, Partial<LifecycleRule>, ObjectVersion[], number, string[]];
const old = object('old', 'logs/a', 1);
test.each<Row>([
  ['days are rounded up to midnight', { expireDays: 1 }, [old], 2 * day - 1, []],
  ['and are over then', { expireDays: 1 }, [old], 2 * day, ['expire old', 'other']],
  ['a date', { expireAt: 5 * day }, [old], 5 * day, ['expire old']],
  ['another prefix', { expireDays: 1, prefix: 'tmp/' }, [old], 9 * day, []],
  ['a disabled rule', { expireDays: 1, enabled: false }, [old], 9 * day, []],
  ['a tag it has not', { expireDays: 1, tags: [{ key: 'a', value: 'b' }] }, [old], 9 * day, []],
  [
    'a tag it has',
    { expireDays: 1, tags: [{ key: 'a', value: 'b' }] },
    [object('t', 'k', 0, { tags: [{ key: 'a', value: 'b' }] })],
    9 * day,
    ['expire t'],
  ],
  ['too small', { expireDays: 1, sizeAbove: 10 }, [old], 9 * day, []],
  ['large enough', { expireDays: 1, sizeAbove: 9, sizeBelow: 11 }, [old], 9 * day, ['expire old']],
  ['a marker with something behind it', { expireDeleteMarkers: true }, [old, marker('m', 'logs/a', 1)], 9 * day, []],
  ['a marker alone', { expireDeleteMarkers: true }, [marker('m', 'logs/a', 1)], 9 * day, ['remove m']],
  ['a marker alone, of a rule by age', { expireDays: 1 }, [marker('m', 'logs/a', 1)], 9 * day, ['remove m']],
  [
    'versions that another took the place of long ago',
    { noncurrentDays: 2 },
    [object('1', 'k', 0), object('2', 'k', day), object('3', 'k', 8 * day)],
    9 * day,
    ['remove 1'],
  ],
  [
    'but for the newest of them',
    { noncurrentDays: 2, noncurrentKept: 1 },
    [object('1', 'k', 0), object('2', 'k', day), object('3', 'k', 2 * day)],
    9 * day,
    ['remove 1'],
  ],
  ['uploads that nobody completes', { abortUploadDays: 3, prefix: 'logs/' }, [], 3 * day, ['abort u']],
  ['uploads elsewhere', { abortUploadDays: 3, prefix: 'x/' }, [], 3 * day, []],
])('%s', (_, over, versions, now, expected) => {
  const steps = planLifecycle([rule(over)], [versions], [upload], now);
  const told = steps.map((step) =>
    step.kind === 'abort' ? `abort ${step.upload.id}` : `${step.kind} ${step.version.id}`,
  );
  expect(told).toEqual(expected.filter((each) => each !== 'other'));
});
