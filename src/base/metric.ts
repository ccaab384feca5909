/** What a series of points is of. Account, region, namespace, name and dimensions together are its identity ("Amazon CloudWatch concepts"). */
export interface MetricSeries {
  readonly account: string;
  readonly region: string;
  /** `AWS/ApplicationELB`. */
  readonly namespace: string;
  /** `RequestCount`. */
  readonly name: string;
  /** At most 30, each name once. */
  readonly dimensions: readonly MetricDimension[];
}

/** A name and a value by which a series is told from others. */
export interface MetricDimension {
  readonly name: string;
  readonly value: string;
}

/**
 * All samples of a series within one minute (a longer while, once they are old): what every statistic and percentile is
 * computed from. Points of the same minute are merged in any order.
 */
export interface MetricPoint {
  /** The start of the minute, epoch milliseconds. */
  readonly at: number;
  /** As CloudWatch writes it: `Count`, `Seconds`, `Bytes`. */
  readonly unit: string;
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** The values and how often each came, by rising value, rounded to three digits: percentiles are within half a percent. */
  readonly values: readonly (readonly [value: number, count: number])[];
}

/** A series and one of its points. */
export interface MetricDatum {
  readonly series: MetricSeries;
  readonly point: MetricPoint;
}

/** The minute that a moment is in. */
export function minuteOf(at: number): number {
  return Math.floor(at / 60_000) * 60_000;
}

/** The point of some samples, each a value and how often it came; `undefined` where there are none. */
export function pointOf(
  at: number,
  unit: string,
  samples: Iterable<readonly [value: number, count: number]>,
): MetricPoint | undefined {
  let [sum, count, min, max] = [0, 0, Infinity, -Infinity];
  const rounded = new Map<number, number>();
  for (const [value, times] of samples) {
    if (times <= 0) continue;
    sum += value * times;
    count += times;
    min = Math.min(min, value);
    max = Math.max(max, value);
    const near = Number(value.toPrecision(3));
    rounded.set(near, (rounded.get(near) ?? 0) + times);
  }
  if (count === 0) return undefined;
  return { at, unit, sum, count, min, max, values: byValue(rounded) };
}

/** Two points of one series as one, which begins when the earlier did. */
export function merged(a: MetricPoint, b: MetricPoint): MetricPoint {
  const values = new Map(a.values);
  for (const [value, count] of b.values) values.set(value, (values.get(value) ?? 0) + count);
  return {
    at: Math.min(a.at, b.at),
    unit: a.unit,
    sum: a.sum + b.sum,
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    values: byValue(values),
  };
}

/**
 * A percentile of a point's values, `percent` from 0 to 100: the smallest value that so many of the samples do not exceed. The
 * extremes are exact.
 */
export function percentileOf({ values, count, min, max }: MetricPoint, percent: number): number {
  if (percent <= 0) return min;
  if (percent >= 100) return max;
  const wanted = (count * percent) / 100;
  let seen = 0;
  for (const [value, times] of values) {
    seen += times;
    if (seen >= wanted) return Math.min(Math.max(value, min), max);
  }
  return max;
}

function byValue(values: ReadonlyMap<number, number>): (readonly [number, number])[] {
  return [...values].sort(([a], [b]) => a - b);
}
