import { describe, expect, it } from 'vitest';
import type { TimeSeries } from '../periods.ts';
import { evaluateMath } from './evaluate.ts';
import { MathError, parseMath } from './parse.ts';
import { series, type NamedSeries, type Value } from './value.ts';

const minute = 60_000;
const of = (...values: (number | undefined)[]): TimeSeries =>
  new Map(values.flatMap((value, at) => (value === undefined ? [] : [[at * minute, value] as const])));
const known: Readonly<Record<string, TimeSeries>> = {
  m1: of(1, 2, 3, 4),
  m2: of(10, undefined, 30, 40),
  sparse: of(undefined, 2, undefined, undefined),
};
const metrics = Object.entries(known).map(([id, points]) => ({
  id,
  points: { label: id, points } satisfies NamedSeries,
}));

function compute(text: string): Value {
  return evaluateMath(parseMath(text), {
    grid: [0, minute, 2 * minute, 3 * minute],
    periodMs: minute,
    metrics,
    valueOf: (id) => {
      const points = known[id];
      return points === undefined ? undefined : series(points);
    },
  });
}

/** Scalars as themselves, series by the minutes of the grid, lists of them. */
function shown(value: Value): unknown {
  const row = (points: TimeSeries): unknown[] => [0, 1, 2, 3].map((at) => points.get(at * minute) ?? null);
  if (value.kind === 'scalar') return value.value;
  return value.kind === 'series' ? row(value.points) : value.items.map(({ points }) => row(points));
}

describe('metric math', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['10 - 4 - 3', 3],
    ['1 < 2 AND 3 == 4', 0],
    ['1 < 2 OR 3 == 4', 1],
    ['m1 * 2', [2, 4, 6, 8]],
    ['100 * m1 / m2', [10, null, 10, 10]],
    ['m1 / 0', [null, null, null, null]],
    ['m1 >= 3', [0, 0, 1, 1]],
    ['-m1', [-1, -2, -3, -4]],
    [
      '[m1, m2] + 1',
      [
        [2, 3, 4, 5],
        [11, null, 31, 41],
      ],
    ],
    ['SUM([m1, m2])', [11, 2, 33, 44]],
    ['AVG(m1)', 2.5],
    ['MAX([m1, 2.5])', [2.5, 2.5, 3, 4]],
    ['MIN(m1)', 1],
    ['STDDEV(m1)', Math.sqrt(1.25)],
    ['SUM(METRICS("m"))', [11, 2, 33, 44]],
    ['METRIC_COUNT(METRICS())', 3],
    ['DATAPOINT_COUNT(m2)', 3],
    ['FILL(m2, 0)', [10, 0, 30, 40]],
    ['FILL(m2, REPEAT)', [10, 10, 30, 40]],
    ['FILL(m2, LINEAR)', [10, 20, 30, 40]],
    ['FILL(m2, m1)', [10, 2, 30, 40]],
    ['DIFF(m1)', [null, 1, 1, 1]],
    ['DIFF_TIME(m2)', [null, null, 120, 60]],
    ['RATE(m2)', [null, null, 20 / 120, 10 / 60]],
    ['RUNNING_SUM(m1)', [1, 3, 6, 10]],
    ['IF(m1 > 2, m2, 0)', [0, 0, 30, 40]],
    ['IF(m1 > 2, 1)', [null, null, 1, 1]],
    ['IF(1, m1, m2)', [1, 2, 3, 4]],
    ['ABS(-m1)', [1, 2, 3, 4]],
    ['CEIL(m1 / 2)', [1, 1, 2, 2]],
    ['FLOOR(m1 / 2)', [0, 1, 1, 2]],
    ['LOG10(100)', 2],
    ['MINUTE(m1)', [0, 1, 2, 3]],
    ['YEAR(sparse)', [null, 1970, null, null]],
    ['EPOCH(m1)', [0, 60, 120, 180]],
    ['PERIOD(m1)', 60],
    ['FIRST([m1, m2])', [1, 2, 3, 4]],
    ['LAST([m1, m2])', [10, null, 30, 40]],
    ['SLICE([m1, m2], 1)', [10, null, 30, 40]],
    ['SLICE([m1, m2], 0, 1)', [[1, 2, 3, 4]]],
    ['SORT([m1, m2], MAX, DESC, 1)', [[10, null, 30, 40]]],
    [
      'SORT([m2, m1], SUM, ASC)',
      [
        [1, 2, 3, 4],
        [10, null, 30, 40],
      ],
    ],
    ['REMOVE_EMPTY([m1, DIFF(sparse)])', [[1, 2, 3, 4]]],
    ['TIME_SERIES(7)', [7, 7, 7, 7]],
    ['sum([m1,m2])', [11, 2, 33, 44]],
  ])('%s', (text, expected) => {
    expect(shown(compute(text))).toEqual(expected);
  });

  it.each([
    ['m1 +', 'The expression ends where a value is expected'],
    ['(m1', "')' is missing"],
    ['m1 m2', "Unexpected 'm2'"],
    ['m1 $ 2', "Unexpected '$'"],
    ['m3 + 1', "'m3' is not defined"],
    ['NOPE(m1)', 'There is no function NOPE'],
    ['SEARCH("x", "Average", 300)', 'The function SEARCH is not supported by Stowage yet'],
    ['ANOMALY_DETECTION_BAND(m1)', 'The function ANOMALY_DETECTION_BAND is not supported by Stowage yet'],
    ['[m1] + [m2]', 'An operation between two arrays of time series is not possible'],
    ['FILL(m1, SOON)', "FILL cannot fill with 'SOON'"],
    ['DIFF(1)', 'A time series is expected where there is a number'],
    [`${'('.repeat(200)}1${')'.repeat(200)}`, 'The expression is nested too deeply'],
  ])('%s is refused', (text, message) => {
    expect(() => compute(text)).toThrow(new MathError(message));
  });
});
