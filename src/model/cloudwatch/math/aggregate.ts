import type { TimeSeries } from '../periods.ts';
import { scalar, series, type Value } from './value.ts';

/** The functions that make one value of several: of a series a number, of an array of series a series. */
export const aggregates = ['AVG', 'MAX', 'MIN', 'STDDEV', 'SUM'] as const;
export type Aggregate = (typeof aggregates)[number];

/** One of them, of a value. */
export function aggregated(name: Aggregate, value: Value): Value {
  if (value.kind === 'scalar') return value;
  if (value.kind === 'series') return scalar(ofNumbers(name, [...value.points.values()]));
  return series(
    acrossSeries(
      name,
      value.items.map(({ points }) => points),
    ),
  );
}

/** At each time of those that have a value then. */
function acrossSeries(name: Aggregate, all: readonly TimeSeries[]): TimeSeries {
  const times = [...new Set(all.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  return new Map(
    times.map((at) => {
      const values = all.flatMap((points) => points.get(at) ?? []);
      return [at, ofNumbers(name, values)] as const;
    }),
  );
}

function ofNumbers(name: Aggregate, values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = sum / values.length;
  switch (name) {
    case 'SUM':
      return sum;
    case 'AVG':
      return mean;
    case 'MAX':
      return values.reduce((most, value) => Math.max(most, value), -Infinity);
    case 'MIN':
      return values.reduce((least, value) => Math.min(least, value), Infinity);
    case 'STDDEV':
      return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length);
  }
}
