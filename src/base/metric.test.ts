import { array, assert, double, integer, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { merged, minuteOf, percentileOf, pointOf, type MetricPoint } from './metric.ts';

const samples = array(tuple(double({ min: 0, max: 1e6, noNaN: true }), integer({ min: 1, max: 50 })), { minLength: 1 });
const made = (of: readonly (readonly [number, number])[]): MetricPoint => {
  const point = pointOf(60_000, 'Seconds', of);
  if (point === undefined) throw new Error('there are no samples');
  return point;
};

test('a point tells of its samples what statistics need', () => {
  expect(
    made([
      [0.2, 2],
      [0.1, 1],
      [0.12345, 1],
    ]),
  ).toEqual({
    at: 60_000,
    unit: 'Seconds',
    sum: expect.closeTo(0.62345, 9) as number,
    count: 4,
    min: 0.1,
    max: 0.2,
    values: [
      [0.1, 1],
      [0.123, 1],
      [0.2, 2],
    ],
  });
  expect(pointOf(0, 'Count', [])).toBeUndefined();
  expect(minuteOf(119_999)).toBe(60_000);
});

test('points merge to the point of all samples, in any order', () => {
  assert(
    property(samples, samples, (a, b) => {
      const both = made([...a, ...b]);
      for (const one of [merged(made(a), made(b)), merged(made(b), made(a))]) {
        expect(one).toEqual({ ...both, sum: expect.closeTo(both.sum, 3) as number });
      }
    }),
  );
});

test('a percentile is that of the sorted samples, within half a percent', () => {
  assert(
    property(samples, integer({ min: 0, max: 100 }), (of, percent) => {
      const sorted = of.flatMap(([value, times]) => Array<number>(times).fill(value)).sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;
      const told = percentileOf(made(of), percent);
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.006 + 1e-12);
    }),
  );
});
