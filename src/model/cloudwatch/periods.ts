import { mergedAll, type MetricPoint } from '../../base/metric.ts';
import { statisticOf, type Statistic } from './statistic.ts';

/** The values of a metric or expression by the starts of their periods, in rising order; epoch milliseconds. */
export type TimeSeries = ReadonlyMap<number, number>;

/**
 * Points as one for each period, by the period's start. Periods are counted from `from`; with `unit`, only points of that unit
 * count.
 */
export function byPeriod(
  points: readonly MetricPoint[],
  options: { readonly from: number; readonly periodMs: number; readonly unit?: string | undefined },
): Map<number, MetricPoint> {
  const { from, periodMs, unit } = options;
  const chosen = points.filter((point) => unit === undefined || point.unit === unit);
  const groups = Map.groupBy(chosen, ({ at }) => from + Math.floor((at - from) / periodMs) * periodMs);
  const periods = [...groups].toSorted(([a], [b]) => a - b);
  return new Map(
    periods.flatMap(([at, group]) => {
      const point = mergedAll(group);
      return point === undefined ? [] : [[at, { ...point, at }] as const];
    }),
  );
}

/** A statistic of each period; periods that have none are left out. */
export function seriesOf(periods: ReadonlyMap<number, MetricPoint>, statistic: Statistic): TimeSeries {
  const values = new Map<number, number>();
  for (const [at, point] of periods) {
    const value = statisticOf(point, statistic);
    if (value !== undefined) values.set(at, value);
  }
  return values;
}

/** Whether CloudWatch has periods of such a length: 1, 5, 10, 20 and 30 seconds, and multiples of a minute. */
export function isPeriod(seconds: number): boolean {
  return [1, 5, 10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0);
}
