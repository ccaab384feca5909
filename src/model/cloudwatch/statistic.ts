import { percentileOf, type MetricPoint } from '../../base/metric.ts';

/** The statistics that every metric has. */
export const basicStatistics = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type BasicStatistic = (typeof basicStatistics)[number];

/** One end of a range: a percentage of the samples, or a value. */
interface Bound {
  readonly kind: 'percent' | 'value';
  readonly at: number;
}

/** The statistics over a part of the samples: mean, winsorized mean, count, sum, and the share that is in it. */
type RangeKind = 'TM' | 'WM' | 'TC' | 'TS' | 'PR';

/** What is computed from the samples of a period ("CloudWatch statistics definitions", CloudWatch User Guide). */
export type Statistic =
  | { readonly kind: 'basic'; readonly name: BasicStatistic }
  | { readonly kind: 'percentile'; readonly percent: number }
  | { readonly kind: RangeKind; readonly from: Bound | undefined; readonly to: Bound | undefined };

/** Reads a statistic as requests name it: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)`, `IQM`; `undefined` for what is none. */
export function parseStatistic(text: string): Statistic | undefined {
  const basic = basicStatistics.find((name) => name === text);
  if (basic !== undefined) return { kind: 'basic', name: basic };
  if (/^iqm$/i.test(text)) return { kind: 'TM', from: percent(25), to: percent(75) };
  const short = /^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$/i.exec(text);
  if (short !== null) {
    const [, name = '', digits = ''] = short;
    const at = Number(digits);
    if (at > 100) return undefined;
    const kind = name.toUpperCase();
    return kind === 'P'
      ? { kind: 'percentile', percent: at }
      : { kind: kind as RangeKind, from: undefined, to: percent(at) };
  }
  const range = /^(TM|WM|TC|TS|PR)\(([^:()]*):([^:()]*)\)$/i.exec(text);
  if (range === null) return undefined;
  const [, name = '', from = '', to = ''] = range;
  return rangeOf(name.toUpperCase() as RangeKind, from, to);
}

function rangeOf(kind: RangeKind, fromText: string, toText: string): Statistic | undefined {
  const [from, to] = [boundOf(fromText), boundOf(toText)];
  if (from === 'none' || to === 'none' || (from === undefined && to === undefined)) return undefined;
  if (from !== undefined && to !== undefined && (from.kind !== to.kind || from.at >= to.at)) return undefined;
  // A percentile rank asks for the share of a range of values.
  if (kind === 'PR' && (from ?? to)?.kind === 'percent') return undefined;
  return { kind, from, to };
}

function boundOf(text: string): Bound | undefined | 'none' {
  if (text === '') return undefined;
  const match = /^(-?\d+(?:\.\d{1,10})?)(%?)$/.exec(text);
  if (match === null) return 'none';
  const at = Number(match[1]);
  if (match[2] === '') return { kind: 'value', at };
  return at < 0 || at > 100 ? 'none' : percent(at);
}

function percent(at: number): Bound {
  return { kind: 'percent', at };
}

/**
 * The statistic of a point. `undefined` where it has none: what asks for the values themselves is not known of samples that came
 * as a sum of several, nor computed once a value is negative ("Percentiles", Amazon CloudWatch concepts).
 */
export function statisticOf(point: MetricPoint, statistic: Statistic): number | undefined {
  switch (statistic.kind) {
    case 'basic':
      return basicOf(point, statistic.name);
    case 'percentile':
      return hasValues(point) ? percentileOf(point, statistic.percent) : undefined;
    default:
      return hasValues(point) ? partOf(point, statistic.kind, statistic.from, statistic.to) : undefined;
  }
}

function basicOf({ sum, count, min, max }: MetricPoint, name: BasicStatistic): number {
  switch (name) {
    case 'SampleCount':
      return count;
    case 'Average':
      return sum / count;
    case 'Sum':
      return sum;
    case 'Minimum':
      return min;
    case 'Maximum':
      return max;
  }
}

function hasValues({ values, count, min }: MetricPoint): boolean {
  if (min < 0) return false;
  const known = values.reduce((sum, [, times]) => sum + times, 0);
  return known > 0 && known >= count * (1 - 1e-9);
}

function partOf(
  point: MetricPoint,
  kind: RangeKind,
  from: Bound | undefined,
  to: Bound | undefined,
): number | undefined {
  if (kind === 'WM') return winsorized(point, from, to);
  const inside = within(point, from, to);
  const count = inside.reduce((sum, [, times]) => sum + times, 0);
  if (kind === 'TC') return count;
  if (kind === 'PR') return (100 * count) / point.count;
  const sum = inside.reduce((total, [value, times]) => total + value * times, 0);
  if (kind === 'TS') return sum;
  return count === 0 ? undefined : sum / count;
}

/** The samples of a range. Of values the lower end is outside of it; percentages cut through the samples of one value. */
function within({ values, count }: MetricPoint, from: Bound | undefined, to: Bound | undefined): [number, number][] {
  if ((from ?? to)?.kind === 'value') {
    return values
      .filter(([value]) => value > (from?.at ?? -Infinity) && value <= (to?.at ?? Infinity))
      .map(([value, times]) => [value, times]);
  }
  const [low, high] = [(count * (from?.at ?? 0)) / 100, (count * (to?.at ?? 100)) / 100];
  let seen = 0;
  return values.flatMap(([value, times]): [number, number][] => {
    const begins = Math.max(seen, low);
    seen += times;
    const left = Math.min(seen, high) - begins;
    return left > 0 ? [[value, left]] : [];
  });
}

/** The mean with what lies outside moved to the ends. */
function winsorized(point: MetricPoint, from: Bound | undefined, to: Bound | undefined): number {
  const end = (bound: Bound | undefined, otherwise: number): number => {
    if (bound === undefined) return otherwise;
    return bound.kind === 'value' ? bound.at : percentileOf(point, bound.at);
  };
  const [low, high] = [end(from, -Infinity), end(to, Infinity)];
  const sum = point.values.reduce((total, [value, times]) => total + Math.min(Math.max(value, low), high) * times, 0);
  return sum / point.count;
}
