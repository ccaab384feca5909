import type { MetricDataQuery, MetricStat } from '@aws-sdk/client-cloudwatch';
import type { MetricPoint, MetricSeries } from '../../base/metric.ts';
import type { Scoped } from '../tags.ts';
import { evaluateMath } from './math/evaluate.ts';
import { calls, MathError, namesIn, parseMath, type Expression } from './math/parse.ts';
import type { Value } from './math/value.ts';
import { byPeriod, seriesOf, type TimeSeries } from './periods.ts';
import { parseStatistic, type Statistic } from './statistic.ts';

/** A metric that is read, as one query of several. */
export interface MetricQuery {
  readonly kind: 'metric';
  readonly id: string;
  readonly label: string;
  readonly returned: boolean;
  readonly series: MetricSeries;
  readonly periodMs: number;
  readonly statistic: Statistic;
  readonly unit?: string | undefined;
}

/** A metric math expression over other queries. */
export interface ExpressionQuery {
  readonly kind: 'expression';
  readonly id: string;
  readonly label: string;
  readonly returned: boolean;
  readonly expression: Expression;
  readonly periodMs?: number | undefined;
}

export type Query = MetricQuery | ExpressionQuery;

/** The while that queries are about. */
export interface QueryWindow {
  /** Epoch milliseconds; the period that it is in belongs to the window. */
  readonly from: number;
  /** Exclusive. */
  readonly until: number;
  /** A time at which periods begin, whatever their length. */
  readonly anchor: number;
}

/** A time series that a query came to; one that comes to several has them under one id. */
export interface QueryResult {
  readonly id: string;
  readonly label: string;
  readonly points: TimeSeries;
}

/** Reads queries that were checked. Throws `MathError` where an expression cannot be computed, however the metrics are. */
export function readQueries(queries: readonly MetricDataQuery[], scope: Scoped): Query[] {
  const read = queries.map((query): Query => {
    const { Id: id = '', Label, ReturnData: returned = true, MetricStat: stat, Expression: source = '' } = query;
    if (stat !== undefined) return { id, returned, ...metricOf(stat, scope, Label) };
    const periodMs = query.Period === undefined ? undefined : query.Period * 1000;
    return {
      kind: 'expression',
      id,
      label: Label ?? id,
      returned,
      expression: within(id, () => parseMath(source)),
      periodMs,
    };
  });
  const byId = new Map(read.map((query) => [query.id, query]));
  for (const query of read) checkCircle(query, byId, []);
  return read;
}

/** A metric of a request, with the statistic that is asked of it. */
function metricOf(
  stat: MetricStat,
  { account, region }: Scoped,
  label: string | undefined,
): Omit<MetricQuery, 'id' | 'returned'> {
  const { Metric: metric, Period = 60, Stat = '', Unit: unit } = stat;
  const statistic = parseStatistic(Stat);
  if (statistic === undefined) throw new MathError(`There is no statistic ${Stat}`);
  const { Namespace: namespace = '', MetricName: name = '', Dimensions = [] } = metric ?? {};
  const dimensions = Dimensions.map(({ Name = '', Value = '' }) => ({ name: Name, value: Value }));
  const series = { account, region, namespace, name, dimensions };
  return { kind: 'metric', label: label ?? name, series, periodMs: Period * 1000, statistic, unit };
}

function within<Result>(id: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof MathError) throw new MathError(`Error in expression '${id}': ${error.message}`);
    throw error;
  }
}

/** The ids of the queries that an expression is computed from. */
function usedBy(query: Query, byId: ReadonlyMap<string, Query>): Query[] {
  if (query.kind === 'metric') return [];
  const named = namesIn(query.expression).flatMap((name) => byId.get(name) ?? []);
  const all = calls(query.expression, 'METRICS') ? [...byId.values()].filter(({ kind }) => kind === 'metric') : [];
  return [...new Set([...named, ...all])];
}

function checkCircle(query: Query, byId: ReadonlyMap<string, Query>, above: readonly string[]): void {
  if (above.includes(query.id)) throw new MathError(`Error in expression '${query.id}': Circular reference`);
  for (const used of usedBy(query, byId)) checkCircle(used, byId, [...above, query.id]);
}

/** The period of a query: an expression's own, or the longest of what it is computed from. */
export function periodOf(query: Query, queries: readonly Query[]): number {
  const byId = new Map(queries.map((each) => [each.id, each]));
  const find = (each: Query): number =>
    each.periodMs ?? usedBy(each, byId).reduce((longest, used) => Math.max(longest, find(used)), 0);
  return find(query) || 60_000;
}

/** From when the points of a metric are needed: its periods begin at the anchor or a multiple of their length from it. */
export function beginOf(periodMs: number, { from, anchor }: QueryWindow): number {
  return anchor + Math.floor((from - anchor) / periodMs) * periodMs;
}

/**
 * What the queries that are returned come to, in their order. `points` has the points of every metric by the id of its query.
 * Throws `MathError`.
 */
export function evaluateQueries(
  queries: readonly Query[],
  points: ReadonlyMap<string, readonly MetricPoint[]>,
  window: QueryWindow,
): QueryResult[] {
  const values = new Map<string, Value>();
  const byId = new Map(queries.map((query) => [query.id, query]));
  const metrics = queries
    .filter((query) => query.kind === 'metric')
    .map((query) => {
      const { id, label, periodMs, unit, statistic } = query;
      const periods = byPeriod(points.get(id) ?? [], { from: beginOf(periodMs, window), periodMs, unit });
      const found = seriesOf(periods, statistic);
      values.set(id, { kind: 'series', points: found });
      return { id, points: { label, points: found } };
    });
  const valueOf = (id: string): Value | undefined => {
    const query = byId.get(id);
    const known = values.get(id);
    if (known !== undefined || query?.kind !== 'expression') return known;
    const periodMs = periodOf(query, queries);
    const grid: number[] = [];
    for (let at = beginOf(periodMs, window); at < window.until; at += periodMs) grid.push(at);
    const value = within(id, () => evaluateMath(query.expression, { grid, periodMs, metrics, valueOf }));
    values.set(id, value);
    return value;
  };
  return queries.flatMap((query): QueryResult[] => {
    if (!query.returned) return [];
    const { id, label } = query;
    const value = valueOf(id);
    if (value === undefined) return [];
    if (value.kind === 'scalar') {
      throw new MathError(`Error in expression '${id}': The expression does not come to a time series`);
    }
    if (value.kind === 'series') return [{ id, label, points: value.points }];
    return value.items.map((item) => ({
      id,
      label: [label, item.label].filter((part) => part !== '').join(' '),
      points: item.points,
    }));
  });
}
