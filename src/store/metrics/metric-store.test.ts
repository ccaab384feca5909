import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { pointOf, type MetricDatum, type MetricSeries } from '../../base/metric.ts';
import { MetricStore } from './metric-store.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const start = Date.UTC(2026, 0, 1);
const scope = { account: '000000000000', region: 'us-east-1' };
const series: MetricSeries = {
  ...scope,
  namespace: 'AWS/ApplicationELB',
  name: 'TargetResponseTime',
  dimensions: [
    { name: 'LoadBalancer', value: 'app/web/1' },
    { name: 'TargetGroup', value: 'targetgroup/web/1' },
  ],
};
let folder: string;
let clock: FakeClock;
let metrics: MetricStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stw-metrics-'));
  clock = new FakeClock(start);
  metrics = new MetricStore({ clock, log: silentLog, path: join(folder, 'metrics.sqlite') });
});
afterEach(async () => {
  await metrics.close();
  rmSync(folder, { recursive: true });
});

function datum(at: number, ...samples: [number, number][]): MetricDatum {
  const point = pointOf(at, 'Seconds', samples);
  if (point === undefined) throw new Error('there are no samples');
  return { series, point };
}

test('points of a minute are merged, and a repetition is not taken again', async () => {
  const source = { id: 'balancer', sequence: 10 };
  expect(await metrics.put({ data: [datum(start, [0.1, 2])], source })).toBe(true);
  expect(await metrics.put({ data: [datum(start, [0.1, 2])], source })).toBe(false);
  expect(await metrics.put({ data: [datum(start, [0.3, 1])], source: { ...source, sequence: 11 } })).toBe(true);
  expect(await metrics.put({ data: [datum(start + minute, [0.5, 1])] })).toBe(true);
  await metrics.close();
  metrics = new MetricStore({ clock, log: silentLog, path: join(folder, 'metrics.sqlite') });
  const turned = { ...series, dimensions: series.dimensions.toReversed() };
  expect(await metrics.read(turned, start, start + 2 * minute)).toEqual([
    {
      at: start,
      unit: 'Seconds',
      sum: 0.5,
      count: 3,
      min: 0.1,
      max: 0.3,
      values: [
        [0.1, 2],
        [0.3, 1],
      ],
    },
    { at: start + minute, unit: 'Seconds', sum: 0.5, count: 1, min: 0.5, max: 0.5, values: [[0.5, 1]] },
  ]);
  expect(await metrics.read(series, start + minute, start + minute)).toEqual([]);
  expect(await metrics.read({ ...series, name: 'Other' }, 0, Infinity)).toEqual([]);
});

test('series are listed by namespace and name while they are fresh', async () => {
  await metrics.put({ data: [datum(start, [1, 1])] });
  expect(await metrics.list(scope)).toEqual([series]);
  expect(await metrics.list({ ...scope, namespace: series.namespace, name: series.name })).toEqual([series]);
  expect(await metrics.list({ ...scope, namespace: 'AWS/ECS' })).toEqual([]);
  expect(await metrics.list({ ...scope, region: 'eu-west-1' })).toEqual([]);
  await clock.advance(15 * day);
  expect(await metrics.list(scope)).toEqual([]);
});

test('old points are fewer, with the same samples, and are gone after 455 days', async () => {
  const data = Array.from({ length: 120 }, (_, at) => datum(start + at * minute, [at, 1]));
  await metrics.put({ data });
  const counts = async (): Promise<[number, number]> => {
    const points = await metrics.read(series, 0, Number.MAX_SAFE_INTEGER);
    return [points.length, points.reduce((sum, point) => sum + point.count, 0)];
  };
  // Far enough for a sweep that begins at this moment: it thins before it waits.
  const after = async (days: number): Promise<void> => {
    await metrics.close();
    clock = new FakeClock(start + days * day);
    metrics = new MetricStore({ clock, log: silentLog, path: join(folder, 'metrics.sqlite') });
    metrics.start();
  };
  expect(await counts()).toEqual([120, 120]);
  await after(16);
  await expect.poll(counts, { timeout: 60_000 }).toEqual([24, 120]);
  await after(64);
  await expect.poll(counts, { timeout: 60_000 }).toEqual([2, 120]);
  await after(456);
  await expect.poll(counts, { timeout: 60_000 }).toEqual([0, 0]);
});
