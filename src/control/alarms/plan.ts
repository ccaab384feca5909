import type { AlarmState, ComparisonOperator, MetricAlarm, MissingData } from '../../model/cloudwatch/alarm.ts';
import { reasonDataOf, reasonOf, type Datapoint, type Evaluated } from './reasons.ts';

/** What an alarm is to become. */
export interface AlarmChange {
  readonly value: AlarmState;
  readonly reason: string;
  readonly reasonData?: string;
}

/** What an alarm is evaluated from. */
export interface ObservedAlarm {
  readonly alarm: MetricAlarm;
  /** What the metric came to in each period of the evaluation range that has data, the oldest first. */
  readonly datapoints: readonly Datapoint[];
  readonly periodMs: number;
  /** The end of the evaluation range, epoch milliseconds. */
  readonly end: number;
  /** The statistic as it is named; absent of metric math. */
  readonly statistic?: string;
  /** How many samples of a period make its percentile sure; absent where that is not asked. */
  readonly leastSamples?: number;
}

/**
 * Evaluates an alarm on a metric ("Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data", CloudWatch User
 * Guide). Pure. `undefined` where it stays as it is.
 */
export function planAlarm(observed: ObservedAlarm, now: number): AlarmChange | undefined {
  const { alarm, datapoints, leastSamples } = observed;
  const considered = datapoints.slice(-alarm.evaluationPeriods);
  // "If you specify ignore, the alarm state does not change during periods with too few data points to be statistically significant."
  if (leastSamples !== undefined && considered.some(({ samples = 0 }) => samples < leastSamples)) return undefined;
  const breaching = considered.filter(({ value }) => isBreaching(value, alarm.comparisonOperator, alarm.threshold));
  const filled = alarm.evaluationPeriods - considered.length;
  const value = stateOf(observed, considered, breaching);
  if (value === undefined || value === alarm.status.value) return undefined;
  const evaluated: Evaluated = { value, considered, breaching, filled };
  return { value, reason: reasonOf(alarm, evaluated), reasonData: reasonDataOf(observed, evaluated, now) };
}

function stateOf(
  { alarm, periodMs, end }: ObservedAlarm,
  considered: readonly Datapoint[],
  breaching: readonly Datapoint[],
): AlarmState | undefined {
  const { evaluationPeriods, datapointsToAlarm: least = evaluationPeriods } = alarm;
  const treatment: MissingData = alarm.treatMissingData ?? 'missing';
  const missing = evaluationPeriods - considered.length;
  if (breaching.length >= least) return 'ALARM';
  if (missing === 0) return 'OK';
  if (treatment === 'breaching') return breaching.length + missing >= least ? 'ALARM' : 'OK';
  if (treatment === 'notBreaching' || considered.length > breaching.length) return 'OK';
  if (treatment === 'ignore') return undefined;
  const [oldest] = breaching;
  if (oldest === undefined) return 'INSUFFICIENT_DATA';
  // "Avoiding premature transitions to alarm state": nothing but breaching data, the oldest of it as old as `least` periods.
  return (end - oldest.at) / periodMs >= least ? 'ALARM' : undefined;
}

/** Whether a value is on the wrong side of the threshold. */
export function isBreaching(value: number, operator: ComparisonOperator, threshold: number): boolean {
  switch (operator) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'LessThanThreshold':
      return value < threshold;
    case 'LessThanOrEqualToThreshold':
      return value <= threshold;
  }
}
