import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { MetricDimension } from '../../base/metric.ts';
import type { Scoped, Tag } from '../tags.ts';
import type { BasicStatistic } from './statistic.ts';

export const alarmStates = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const;
export type AlarmState = (typeof alarmStates)[number];

/** How a value is held against the threshold; those of anomaly detection are not here. */
export const comparisonOperators = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

export const missingDataTreatments = ['breaching', 'notBreaching', 'ignore', 'missing'] as const;
export type MissingData = (typeof missingDataTreatments)[number];

/** What a state came from, and when; written by SetAlarmState and by the alarm loop. */
export interface AlarmStatus {
  readonly value: AlarmState;
  readonly reason: string;
  /** JSON, as AWS words it. */
  readonly reasonData?: string;
  /** When value, reason or data were last written. */
  readonly updatedAt: number;
  /** When the value last became another. */
  readonly transitionedAt: number;
}

/** What alarms of both kinds have. The API writes everything but `status`. */
interface AlarmBase extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly description?: string;
  readonly actionsEnabled: boolean;
  readonly okActions: readonly string[];
  readonly alarmActions: readonly string[];
  readonly insufficientDataActions: readonly string[];
  readonly configuredAt: number;
  readonly tags: readonly Tag[];
  readonly status: AlarmStatus;
}

/** One metric and the statistic that is watched of it. */
export interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly MetricDimension[];
  readonly statistic?: BasicStatistic;
  readonly extendedStatistic?: string;
  readonly periodSeconds: number;
  readonly unit?: string;
}

/** An alarm on a metric, or on metric math. */
export interface MetricAlarm extends AlarmBase {
  readonly kind: 'metric';
  /** What is watched: one metric, or queries of which one is returned. */
  readonly watched: { readonly metric: WatchedMetric } | { readonly queries: readonly MetricDataQuery[] };
  readonly evaluationPeriods: number;
  /** As it was given; `evaluationPeriods` where it was not. */
  readonly datapointsToAlarm?: number;
  readonly threshold: number;
  readonly comparisonOperator: ComparisonOperator;
  readonly treatMissingData?: MissingData;
  readonly evaluateLowSampleCountPercentile?: 'evaluate' | 'ignore';
}

/** An alarm on the states of other alarms. */
export interface CompositeAlarm extends AlarmBase {
  readonly kind: 'composite';
  readonly rule: string;
  /** The alarms that the rule names, by name. */
  readonly children: readonly string[];
}

export type Alarm = MetricAlarm | CompositeAlarm;

/** Something that happened to an alarm; kept for 30 days, longer than the alarm itself if need be. */
export interface AlarmHistoryItem extends Scoped {
  readonly id: string;
  readonly alarmName: string;
  readonly alarmKind: Alarm['kind'];
  readonly at: number;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  readonly summary: string;
  /** JSON. */
  readonly data: string;
}

/** The queries that a metric alarm evaluates; exactly one is returned. */
export function queriesOf({ watched }: MetricAlarm): readonly MetricDataQuery[] {
  if ('queries' in watched) return watched.queries;
  const { namespace, name, dimensions, statistic, extendedStatistic, periodSeconds, unit } = watched.metric;
  return [
    {
      Id: 'm1',
      MetricStat: {
        Metric: {
          Namespace: namespace,
          MetricName: name,
          Dimensions: dimensions.map((each) => ({ Name: each.name, Value: each.value })),
        },
        Period: periodSeconds,
        Stat: statistic ?? extendedStatistic ?? '',
        ...(unit === undefined ? {} : { Unit: unit as 'None' }),
      },
      ReturnData: true,
    },
  ];
}
