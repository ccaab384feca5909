import { dateOf } from '../../../base/clock.ts';
import type { TimeSeries } from '../periods.ts';
import { aggregates, aggregated, type Aggregate } from './aggregate.ts';
import { fill } from './fill.ts';
import { MathError } from './parse.ts';
import { combined, eachSeries, mapped, mapValue, scalar, series, type NamedSeries, type Value } from './value.ts';

/** What a function knows beside its arguments. */
export interface MathContext {
  /** The starts of all periods that are asked for, in rising order, epoch milliseconds. */
  readonly grid: readonly number[];
  readonly periodMs: number;
}

/** An argument: what it comes to, or, of a word or a text, what it says. */
export type Argument = { readonly word: string } | { readonly value: Value };

type MathFunction = (args: readonly Argument[], context: MathContext) => Value;

/** "METRIC MATH SYNTAX AND FUNCTIONS" that are computed here, but METRICS, which the evaluation itself knows. */
export const functions: Readonly<Record<string, MathFunction>> = {
  ABS: each(Math.abs),
  CEIL: each(Math.ceil),
  FLOOR: each(Math.floor),
  LOG: each(Math.log),
  LOG10: each(Math.log10),
  ...Object.fromEntries(
    aggregates.map((name) => [name, (args: readonly Argument[]) => aggregated(name, one(name, args))]),
  ),
  DATAPOINT_COUNT: overTime('DATAPOINT_COUNT', (points) => points.size),
  METRIC_COUNT: (args) => scalar(listOf(one('METRIC_COUNT', args)).length),
  FIRST: (args) => edge('FIRST', args, 0),
  LAST: (args) => edge('LAST', args, -1),
  DIFF: (args) => eachSeries(one('DIFF', args), (points) => differences(points, (value, before) => value - before)),
  DIFF_TIME: (args) =>
    eachSeries(one('DIFF_TIME', args), (points) => differences(points, (_value, _before, seconds) => seconds)),
  RATE: (args) =>
    eachSeries(one('RATE', args), (points) =>
      differences(points, (value, before, seconds) => (value - before) / seconds),
    ),
  RUNNING_SUM: (args) =>
    eachSeries(one('RUNNING_SUM', args), (points) => {
      let sum = 0;
      return mapped(points, (value) => (sum += value));
    }),
  DAY: ofTime('DAY', (date) => date.getUTCDay() || 7),
  HOUR: ofTime('HOUR', (date) => date.getUTCHours()),
  MINUTE: ofTime('MINUTE', (date) => date.getUTCMinutes()),
  MONTH: ofTime('MONTH', (date) => date.getUTCMonth() + 1),
  YEAR: ofTime('YEAR', (date) => date.getUTCFullYear()),
  EPOCH: ofTime('EPOCH', (date) => date.getTime() / 1000),
  PERIOD: (args, { periodMs }) => {
    one('PERIOD', args);
    return scalar(periodMs / 1000);
  },
  FILL: (args, { grid }) => {
    const [of, filler] = exactly('FILL', args, 2);
    return eachSeries(valueOf(of), (points) => fill(points, 'word' in filler ? filler.word : filler.value, grid));
  },
  IF: (args) => {
    if (args.length !== 2 && args.length !== 3) throw new MathError('IF takes two or three arguments');
    const [condition, whenTrue, whenFalse] = args.map(valueOf);
    if (condition === undefined || whenTrue === undefined) throw new MathError('IF takes two or three arguments');
    return choose(condition, whenTrue, whenFalse);
  },
  REMOVE_EMPTY: (args) => ({
    kind: 'list',
    items: listOf(one('REMOVE_EMPTY', args)).filter(({ points }) => points.size > 0),
  }),
  SLICE: (args) => {
    const [of, from, until] = args.map(valueOf);
    if (of === undefined || from?.kind !== 'scalar' || args.length > 3) {
      throw new MathError('SLICE takes an array of time series, an index, and where it ends');
    }
    const end = until?.kind === 'scalar' ? until.value : undefined;
    const items = listOf(of).slice(from.value, until === undefined ? from.value + 1 : end);
    const [only] = items;
    return until === undefined && only !== undefined ? series(only.points) : { kind: 'list', items };
  },
  SORT: (args) => {
    const [of, by, order, limit] = args;
    if (of === undefined || by === undefined || order === undefined || !('word' in by) || !('word' in order)) {
      throw new MathError('SORT takes an array of time series, a function, ASC or DESC, and how many');
    }
    const most = limit === undefined ? undefined : valueOf(limit);
    return sorted(listOf(valueOf(of)), by.word.toUpperCase(), order.word.toUpperCase(), most);
  },
  TIME_SERIES: (args, { grid }) => {
    const value = one('TIME_SERIES', args);
    if (value.kind !== 'scalar') throw new MathError('TIME_SERIES takes a number');
    return series(new Map(grid.map((at) => [at, value.value])));
  },
};

/** Functions of CloudWatch that need what is not here; each is refused by its name. */
export const functionsElsewhere: ReadonlySet<string> = new Set([
  'SEARCH',
  'ANOMALY_DETECTION_BAND',
  'INSIGHT_RULE_METRIC',
  'SERVICE_QUOTA',
  'LAMBDA',
  'DB_PERF_INSIGHTS',
]);

/** The value of an argument that has to have one. */
export function valueOf(argument: Argument): Value {
  if ('value' in argument) return argument.value;
  throw new MathError(`'${argument.word}' is not defined`);
}

function one(name: string, args: readonly Argument[]): Value {
  const [only] = args;
  if (only === undefined || args.length !== 1) throw new MathError(`${name} takes one argument`);
  return valueOf(only);
}

function exactly(name: string, args: readonly Argument[], count: 2): [Argument, Argument] {
  const [first, second] = args;
  if (first === undefined || second === undefined || args.length !== count) {
    throw new MathError(`${name} takes two arguments`);
  }
  return [first, second];
}

/** An array of time series; a single one is an array of one. */
function listOf(value: Value): readonly NamedSeries[] {
  if (value.kind === 'scalar') throw new MathError('A time series is expected where there is a number');
  return value.kind === 'list' ? value.items : [{ label: '', points: value.points }];
}

function each(change: (value: number) => number): MathFunction {
  return (args) => {
    const [only] = args;
    if (only === undefined || args.length !== 1) throw new MathError('One argument is expected');
    return mapValue(valueOf(only), change);
  };
}

/** A function of a whole series, which is a number; of an array, that of each in its own time. */
function overTime(name: string, compute: (points: TimeSeries) => number): MathFunction {
  return (args) => {
    const value = one(name, args);
    if (value.kind === 'series') return scalar(compute(value.points));
    return eachSeries(value, (points) => {
      const result = compute(points);
      return mapped(points, () => result);
    });
  };
}

function ofTime(name: string, compute: (date: Date) => number): MathFunction {
  return (args) => eachSeries(one(name, args), (points) => mapped(points, (_value, at) => compute(dateOf(at))));
}

function edge(name: string, args: readonly Argument[], index: 0 | -1): Value {
  const found = listOf(one(name, args)).at(index);
  return series(found?.points ?? new Map());
}

function differences(
  points: TimeSeries,
  compute: (value: number, before: number, seconds: number) => number,
): TimeSeries {
  let last: readonly [number, number] | undefined;
  return mapped(points, (value, at) => {
    const before = last;
    last = [at, value];
    return before === undefined ? Number.NaN : compute(value, before[1], (at - before[0]) / 1000);
  });
}

/** By the condition, at each time: with no third argument only where it holds. */
function choose(condition: Value, whenTrue: Value, whenFalse: Value | undefined): Value {
  if (condition.kind === 'list') throw new MathError('The condition of IF cannot be an array of time series');
  if (condition.kind === 'scalar') {
    return (condition.value !== 0 ? whenTrue : whenFalse) ?? series(new Map());
  }
  const at = (value: Value | undefined, time: number): number => {
    if (value === undefined) return Number.NaN;
    if (value.kind === 'list') throw new MathError('IF chooses between numbers and time series, not arrays of them');
    return value.kind === 'scalar' ? value.value : (value.points.get(time) ?? Number.NaN);
  };
  return series(mapped(condition.points, (holds, time) => at(holds !== 0 ? whenTrue : whenFalse, time)));
}

function sorted(items: readonly NamedSeries[], by: string, order: string, limit: Value | undefined): Value {
  const name = aggregates.find((each) => each === by);
  if (name === undefined || (order !== 'ASC' && order !== 'DESC')) {
    throw new MathError(`SORT orders by ${aggregates.join(', ')}, ASC or DESC`);
  }
  const rank = (points: TimeSeries, aggregate: Aggregate): number => {
    const value = aggregated(aggregate, series(points));
    return value.kind === 'scalar' && !Number.isNaN(value.value) ? value.value : -Infinity;
  };
  const direction = order === 'ASC' ? 1 : -1;
  const ranked = items.toSorted((a, b) => direction * (rank(a.points, name) - rank(b.points, name)));
  return { kind: 'list', items: limit?.kind === 'scalar' ? ranked.slice(0, limit.value) : ranked };
}

/** `AND`, `OR`, comparisons and arithmetic. What is true is 1. */
export function operate(operator: string, left: Value, right: Value): Value {
  const compute = operators[operator];
  if (compute === undefined) throw new MathError(`Unexpected '${operator}'`);
  return combined(left, right, compute);
}

const operators: Readonly<Record<string, (left: number, right: number) => number>> = {
  '||': (left, right) => truth(left, right, left !== 0 || right !== 0),
  '&&': (left, right) => truth(left, right, left !== 0 && right !== 0),
  '==': (left, right) => truth(left, right, left === right),
  '!=': (left, right) => truth(left, right, left !== right),
  '<': (left, right) => truth(left, right, left < right),
  '<=': (left, right) => truth(left, right, left <= right),
  '>': (left, right) => truth(left, right, left > right),
  '>=': (left, right) => truth(left, right, left >= right),
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '^': (left, right) => left ** right,
};

/** Where a value is missing, nothing is true and nothing false. */
function truth(left: number, right: number, holds: boolean): number {
  return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : Number(holds);
}
