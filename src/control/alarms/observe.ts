import { queriesOf, type MetricAlarm } from '../../model/cloudwatch/alarm.ts';
import { byPeriod } from '../../model/cloudwatch/periods.ts';
import { beginOf, evaluateQueries, periodOf, readQueries, type Query } from '../../model/cloudwatch/queries.ts';
import { statisticOf, type Statistic } from '../../model/cloudwatch/statistic.ts';
import type { MetricStore } from '../../store/metrics/metric-store.ts';
import { readMetrics } from '../../store/metrics/read-metrics.ts';
import type { ObservedAlarm } from './plan.ts';
import type { Datapoint } from './reasons.ts';
import { windowOf, type AlarmPeriods } from './schedule.ts';

/** What an alarm asks of the metrics. */
export interface AlarmQueries extends AlarmPeriods {
  readonly queries: readonly Query[];
  readonly watched: Query;
}

/** Reads the queries of an alarm. Throws `MathError` where they make no sense, which PutMetricAlarm does not let pass. */
export function queriesOfAlarm(alarm: MetricAlarm): AlarmQueries {
  const queries = readQueries(queriesOf(alarm), alarm);
  const watched = queries.find(({ returned }) => returned);
  if (watched === undefined) throw new Error(`alarm ${alarm.arn} watches nothing`);
  return { queries, watched, periodMs: periodOf(watched, queries), evaluationPeriods: alarm.evaluationPeriods };
}

/** Reads what `planAlarm` needs for the evaluation range that ends at `end`. */
export async function observeAlarm(
  metrics: Pick<MetricStore, 'read'>,
  alarm: MetricAlarm,
  asked: AlarmQueries,
  end: number,
): Promise<ObservedAlarm> {
  const { queries, watched, periodMs } = asked;
  const window = windowOf(asked, end);
  const points = await readMetrics(metrics, queries, window);
  if (watched.kind === 'metric') {
    const { statistic, unit } = watched;
    const periods = byPeriod(points.get(watched.id) ?? [], { from: beginOf(periodMs, window), periodMs, unit });
    const datapoints = [...periods.values()].flatMap((point): Datapoint[] => {
      const value = statisticOf(point, statistic);
      return value === undefined ? [] : [{ at: point.at, value, samples: point.count }];
    });
    const least = alarm.evaluateLowSampleCountPercentile === 'ignore' ? leastSamples(statistic) : undefined;
    return {
      alarm,
      datapoints,
      periodMs,
      end,
      statistic: nameOf(alarm),
      ...(least === undefined ? {} : { leastSamples: least }),
    };
  }
  const [result] = evaluateQueries(queries, points, window);
  const datapoints = [...(result?.points ?? [])].map(([at, value]): Datapoint => ({ at, value }));
  return { alarm, datapoints: datapoints.toSorted((a, b) => a.at - b.at), periodMs, end };
}

function nameOf(alarm: MetricAlarm): string {
  return queriesOf(alarm).find(({ ReturnData }) => ReturnData !== false)?.MetricStat?.Stat ?? '';
}

/** "Percentile-based CloudWatch alarms and low data samples": 10/(1-p) samples from the median on, 10/p below. */
function leastSamples(statistic: Statistic): number | undefined {
  if (statistic.kind !== 'percentile') return undefined;
  const share = statistic.percent / 100;
  return share >= 0.5 ? 10 / (1 - share) : 10 / share;
}
