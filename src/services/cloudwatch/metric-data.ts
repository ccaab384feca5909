import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { MathError } from '../../model/cloudwatch/math/parse.ts';
import { evaluateQueries, type Query, type QueryResult, type QueryWindow } from '../../model/cloudwatch/queries.ts';
import { readMetrics } from '../../store/metrics/read-metrics.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkEnum, checkRange, cloudWatchErrors, notSupported } from './errors.ts';
import { readToken, tokenOf } from './paging.ts';
import { checkQueries } from './query-rules.ts';
import { roundedStart } from './time-range.ts';

const mostQueries = 500;
const mostDatapoints = 100_800;
const hourMs = 3_600_000;

/** GetMetricData: metrics and metric math over them, periods beginning at multiples of their length. */
export function metricDataHandlers({ clock, metrics }: CloudWatchDeps) {
  return {
    async GetMetricData(input, ctx) {
      const given = input.MetricDataQueries ?? [];
      if (given.length === 0) throw cloudWatchErrors.validation('The parameter MetricDataQueries is required.');
      if (given.length > mostQueries) {
        throw cloudWatchErrors.validation(
          `The collection MetricDataQueries must not have a size greater than ${mostQueries}.`,
        );
      }
      checkEnum('scanBy', input.ScanBy, ['TimestampDescending', 'TimestampAscending']);
      checkRange('maxDatapoints', input.MaxDatapoints, 1, mostDatapoints);
      if (input.LabelOptions?.Timezone !== undefined) throw notSupported('LabelOptions.Timezone, for dynamic labels,');
      const queries = checkQueries(given, ctx, 'MetricDataQueries');
      const window = windowOf(input, queries, clock.now());
      const points = await readMetrics(metrics, queries, window);
      const results = evaluated(() => evaluateQueries(queries, points, window));
      const descending = input.ScanBy !== 'TimestampAscending';
      return paged(results, descending, input.MaxDatapoints ?? mostDatapoints, input.NextToken);
    },
  } satisfies Handlers<typeof sdk>;
}

function windowOf({ StartTime, EndTime }: sdk.GetMetricDataInput, queries: readonly Query[], now: number): QueryWindow {
  const [start, until] = [StartTime?.getTime() ?? 0, EndTime?.getTime() ?? 0];
  if (start > until) throw cloudWatchErrors.validation('The parameter EndTime must be greater than StartTime.');
  if (start === until) throw cloudWatchErrors.validation('The parameter StartTime must not equal parameter EndTime.');
  const shortest = Math.min(...queries.map(({ periodMs = 60_000 }) => periodMs));
  // Beyond that nothing is kept ("Metrics retention"), or can be put.
  const kept = shortest < 60_000 ? 3 * hourMs : 455 * 24 * hourMs;
  const from = Math.max(roundedStart(start, shortest, now), now - kept);
  return { from, until: Math.min(until, now + 3 * hourMs), anchor: 0 };
}

function evaluated<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof MathError) throw cloudWatchErrors.validation(`${error.message}.`);
    throw error;
  }
}

/** As many data as one answer may have; a result that is cut says PartialData, and goes on in the next. */
function paged(results: readonly QueryResult[], descending: boolean, most: number, token: string | undefined) {
  let skip = token === undefined ? 0 : readToken(token);
  const begin = skip;
  let room = most;
  let cut = false;
  const MetricDataResults = results.flatMap(({ id, label, points }): sdk.MetricDataResult[] => {
    const all = [...points].toSorted(([a], [b]) => (descending ? b - a : a - b));
    const skipped = Math.min(skip, all.length);
    skip -= skipped;
    const rest = all.slice(skipped);
    // What an earlier answer told to its end is not told again.
    if (begin > 0 && rest.length === 0) return [];
    const part = rest.slice(0, room);
    room -= part.length;
    const partial = part.length < rest.length;
    cut ||= partial;
    return [
      {
        Id: id,
        Label: label,
        Timestamps: part.map(([at]) => dateOf(at)),
        Values: part.map(([, value]) => value),
        StatusCode: partial ? 'PartialData' : 'Complete',
      },
    ];
  });
  return { MetricDataResults, Messages: [], ...(cut ? { NextToken: tokenOf(begin + most) } : {}) };
}
