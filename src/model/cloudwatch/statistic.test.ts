import { array, assert, double, integer, property } from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { pointOf, type MetricPoint } from '../../base/metric.ts';
import { parseStatistic, statisticOf } from './statistic.ts';

const made = (values: readonly number[]): MetricPoint => {
  const point = pointOf(
    0,
    'None',
    values.map((value) => [value, 1] as const),
  );
  if (point === undefined) throw new Error('there are no samples');
  return point;
};
const tenth = made([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

describe('of the samples 1 to 10', () => {
  it.each([
    ['SampleCount', 10],
    ['Average', 5.5],
    ['Sum', 55],
    ['Minimum', 1],
    ['Maximum', 10],
    ['p50', 5],
    ['p90', 9],
    ['p0', 1],
    ['p100', 10],
    ['tm90', 5],
    ['TM(10%:90%)', 5.5],
    ['TM(2:4)', 3.5],
    ['tc80', 8],
    ['TC(3:5)', 2],
    ['ts50', 15],
    ['TS(80%:)', 19],
    ['TS(:2)', 3],
    ['PR(:3)', 30],
    ['PR(3:)', 70],
    ['PR(3:5)', 20],
    ['wm80', 5.2],
    ['WM(20%:80%)', 5.3],
    ['IQM', 5.5],
    ['iqm', 5.5],
  ])('%s is %d', (text, expected) => {
    const statistic = parseStatistic(text);
    if (statistic === undefined) throw new Error('it should have been read');
    expect(statisticOf(tenth, statistic)).toBeCloseTo(expected, 9);
  });
});

it.each([
  'average',
  'p101',
  'p',
  'px',
  'TM()',
  'TM(:)',
  'TM(1:50%)',
  'PR(10%:)',
  'TM(90%:10%)',
  'TM(5%:120%)',
  'avg',
  '',
])('%s is no statistic', (text) => {
  expect(parseStatistic(text)).toBeUndefined();
});

it('has nothing to say of values that it does not know, or that are negative', () => {
  const summary = { at: 0, unit: 'None', sum: 10, count: 3, min: 1, max: 5, values: [] };
  expect(statisticOf(summary, { kind: 'percentile', percent: 50 })).toBeUndefined();
  expect(statisticOf(summary, { kind: 'basic', name: 'Average' })).toBeCloseTo(10 / 3, 9);
  expect(statisticOf(made([-1, 1]), { kind: 'percentile', percent: 50 })).toBeUndefined();
});

test('what is trimmed away and what is left are all there is', () => {
  const values = array(integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 50 });
  assert(
    property(values, double({ min: 1, max: 99, noNaN: true }), (of, cut) => {
      const point = made(of);
      const share = cut.toFixed(2);
      const part = (range: string): number => {
        const statistic = parseStatistic(range);
        return (statistic && statisticOf(point, statistic)) ?? Number.NaN;
      };
      expect(part(`TC(:${share}%)`) + part(`TC(${share}%:)`)).toBeCloseTo(point.count, 6);
      expect(part(`TS(:${share}%)`) + part(`TS(${share}%:)`)).toBeCloseTo(point.sum, 4);
    }),
  );
});
