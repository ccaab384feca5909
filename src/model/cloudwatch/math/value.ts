import type { TimeSeries } from '../periods.ts';
import { MathError } from './parse.ts';

/** A time series with the name that it goes by. */
export interface NamedSeries {
  readonly label: string;
  readonly points: TimeSeries;
}

/** What an expression comes to: a number (S), a time series (TS), or an array of them (TS[]), as the documentation calls them. */
export type Value =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'series'; readonly points: TimeSeries }
  | { readonly kind: 'list'; readonly items: readonly NamedSeries[] };

export function scalar(value: number): Value {
  return { kind: 'scalar', value };
}

export function series(points: TimeSeries): Value {
  return { kind: 'series', points };
}

/** Every value of a series as `change` makes it; those that come to no number are left out. */
export function mapped(points: TimeSeries, change: (value: number, at: number) => number): TimeSeries {
  const result = new Map<number, number>();
  for (const [at, value] of points) {
    const changed = change(value, at);
    if (Number.isFinite(changed)) result.set(at, changed);
  }
  return result;
}

/** The same of whatever value: of a number, of a series, of each series of an array. */
export function mapValue(value: Value, change: (value: number) => number): Value {
  switch (value.kind) {
    case 'scalar':
      return scalar(change(value.value));
    case 'series':
      return series(mapped(value.points, change));
    case 'list':
      return eachSeries(value, (points) => mapped(points, change));
  }
}

/** A series, or each of an array, as `change` makes it. */
export function eachSeries(value: Value, change: (points: TimeSeries) => TimeSeries): Value {
  if (value.kind === 'series') return series(change(value.points));
  if (value.kind === 'scalar') throw new MathError('A time series is expected where there is a number');
  return { kind: 'list', items: value.items.map(({ label, points }) => ({ label, points: change(points) })) };
}

/** Two values as one: at the times that both have, and for each series of an array by itself. */
export function combined(left: Value, right: Value, combine: (left: number, right: number) => number): Value {
  if (left.kind === 'list' && right.kind === 'list') {
    throw new MathError('An operation between two arrays of time series is not possible');
  }
  if (left.kind === 'list') return eachCombined(left.items, (points) => combined(series(points), right, combine));
  if (right.kind === 'list') return eachCombined(right.items, (points) => combined(left, series(points), combine));
  if (left.kind === 'scalar') {
    if (right.kind === 'scalar') return scalar(combine(left.value, right.value));
    return series(mapped(right.points, (value) => combine(left.value, value)));
  }
  if (right.kind === 'scalar') return series(mapped(left.points, (value) => combine(value, right.value)));
  const others = right.points;
  return series(mapped(left.points, (value, at) => combine(value, others.get(at) ?? Number.NaN)));
}

function eachCombined(items: readonly NamedSeries[], combine: (points: TimeSeries) => Value): Value {
  return {
    kind: 'list',
    items: items.map(({ label, points }) => {
      const result = combine(points);
      return { label, points: result.kind === 'series' ? result.points : new Map() };
    }),
  };
}
