import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import type { MetricPoint } from '../../base/metric.ts';
import { byPeriod } from '../../model/cloudwatch/periods.ts';
import { basicStatistics, parseStatistic, statisticOf, type Statistic } from '../../model/cloudwatch/statistic.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkEnum, checkLength, cloudWatchErrors } from './errors.ts';
import { checkMetricName, checkNamespace, checkPeriod, checkUnit, readDimensions } from './metric-rules.ts';
import { roundedStart } from './time-range.ts';

const mostDatapoints = 1440;

/** GetMetricStatistics: each unit by itself, in no promised order. */
export function metricStatisticsHandlers({ clock, metrics }: CloudWatchDeps) {
  return {
    async GetMetricStatistics(input, ctx) {
      const namespace = checkNamespace(input.Namespace);
      const name = checkMetricName(input.MetricName);
      const dimensions = readDimensions(input.Dimensions);
      const unit = checkUnit(input.Unit);
      const periodMs = checkPeriod(input.Period ?? 60) * 1000;
      const statistics = readStatistics(input);
      const [startAt, until] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? 0];
      if (startAt >= until) {
        throw cloudWatchErrors.value('The parameter StartTime must be less than the parameter EndTime.');
      }
      const from = roundedStart(startAt, periodMs, clock.now());
      const count = Math.ceil((until - from) / periodMs);
      if (count > mostDatapoints) {
        throw cloudWatchErrors.combination(
          `You have requested up to ${count.toLocaleString('en-US')} datapoints, which exceeds the limit of 1,440. You may ` +
            'reduce the datapoints requested by increasing Period, or decreasing the time range.',
        );
      }
      const { account, region } = ctx;
      const points = await metrics.read({ account, region, namespace, name, dimensions }, from, until);
      const units = Map.groupBy(
        points.filter((point) => unit === undefined || point.unit === unit),
        (point) => point.unit,
      );
      const Datapoints = [...units.values()].flatMap((ofUnit) =>
        [...byPeriod(ofUnit, { from, periodMs }).values()].map((point) => datapointOf(point, statistics)),
      );
      return { Label: name, Datapoints };
    },
  } satisfies Handlers<typeof sdk>;
}

/** The statistics that are asked for, by the names they are asked by. */
interface Wanted {
  readonly basic: readonly string[];
  readonly extended: readonly (readonly [string, Statistic])[];
}

function readStatistics({ Statistics, ExtendedStatistics }: sdk.GetMetricStatisticsInput): Wanted {
  checkLength('statistics', Statistics, 1, 5);
  checkLength('extendedStatistics', ExtendedStatistics, 1, 10);
  for (const [index, each] of (Statistics ?? []).entries()) {
    checkEnum(`statistics.${index + 1}.member`, each, basicStatistics);
  }
  if (Statistics === undefined && ExtendedStatistics === undefined) {
    throw cloudWatchErrors.combination('Must specify either Statistics or ExtendedStatistics');
  }
  const extended = (ExtendedStatistics ?? []).map((text) => {
    const statistic = parseStatistic(text);
    if (statistic === undefined || statistic.kind === 'basic') {
      throw cloudWatchErrors.value(`The value ${text} for parameter ExtendedStatistics is invalid.`);
    }
    return [text, statistic] as const;
  });
  return { basic: Statistics ?? [], extended };
}

function datapointOf(point: MetricPoint, { basic, extended }: Wanted): sdk.Datapoint {
  const values = basicStatistics
    .filter((name) => basic.includes(name))
    .map((name) => [name, statisticOf(point, { kind: 'basic', name })] as const);
  const more = extended.flatMap(([text, statistic]) => {
    const value = statisticOf(point, statistic);
    return value === undefined ? [] : [[text, value] as const];
  });
  return {
    Timestamp: dateOf(point.at),
    ...Object.fromEntries(values),
    Unit: point.unit as sdk.StandardUnit,
    ...(extended.length === 0 ? {} : { ExtendedStatistics: Object.fromEntries(more) }),
  };
}
