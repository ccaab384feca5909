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
 * All samples of a series within one minute (a second of a high-resolution metric, a longer while once they are old) with one
 * unit: what every statistic and percentile is computed from. Points of the same while are merged in any order.
 */
export interface MetricPoint {
  /** The start of the minute or second, epoch milliseconds. */
  readonly at: number;
  /** As CloudWatch writes it: `Count`, `Seconds`, `Bytes`. */
  readonly unit: string;
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /**
   * The values and how often each came, by rising value, rounded to three digits: percentiles are within half a percent.
   * Fewer than `count` where some samples came as a sum of which the values are not known.
   */
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
  return mergedAll([a, b]) ?? a;
}

/** Points of one series as one, which begins when the earliest did; `undefined` where there are none. */
export function mergedAll(points: readonly MetricPoint[]): MetricPoint | undefined {
  const [first] = points;
  if (first === undefined || points.length === 1) return first;
  let { at, sum, count, min, max } = first;
  const values = new Map(first.values);
  for (const point of points.slice(1)) {
    at = Math.min(at, point.at);
    sum += point.sum;
    count += point.count;
    min = Math.min(min, point.min);
    max = Math.max(max, point.max);
    for (const [value, times] of point.values) values.set(value, (values.get(value) ?? 0) + times);
  }
  return { at, unit: first.unit, sum, count, min, max, values: byValue(values) };
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
