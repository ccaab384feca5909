import type * as sdk from '@aws-sdk/client-cloudwatch';
import { dateOf } from '../../base/clock.ts';
import type { Alarm, CompositeAlarm, MetricAlarm } from '../../model/cloudwatch/alarm.ts';

/** An alarm on a metric, as DescribeAlarms answers it. */
export function metricAlarmOf(alarm: MetricAlarm): sdk.MetricAlarm {
  const { treatMissingData, evaluateLowSampleCountPercentile, datapointsToAlarm } = alarm;
  return {
    ...commonOf(alarm),
    ...watchedOf(alarm),
    EvaluationPeriods: alarm.evaluationPeriods,
    ...(datapointsToAlarm === undefined ? {} : { DatapointsToAlarm: datapointsToAlarm }),
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparisonOperator,
    ...(treatMissingData === undefined ? {} : { TreatMissingData: treatMissingData }),
    ...(evaluateLowSampleCountPercentile === undefined
      ? {}
      : { EvaluateLowSampleCountPercentile: evaluateLowSampleCountPercentile }),
  };
}

function watchedOf({ watched }: MetricAlarm): sdk.MetricAlarm {
  // Those of metric math have an empty list of dimensions, too.
  if ('queries' in watched) return { Dimensions: [], Metrics: [...watched.queries] };
  const { namespace, name, dimensions, statistic, extendedStatistic, periodSeconds, unit } = watched.metric;
  return {
    Namespace: namespace,
    MetricName: name,
    Dimensions: dimensions.map((each) => ({ Name: each.name, Value: each.value })),
    Period: periodSeconds,
    ...(statistic === undefined ? {} : { Statistic: statistic }),
    ...(extendedStatistic === undefined ? {} : { ExtendedStatistic: extendedStatistic }),
    ...(unit === undefined ? {} : { Unit: unit as sdk.StandardUnit }),
  };
}

/** An alarm on alarms, as DescribeAlarms answers it. */
export function compositeAlarmOf(alarm: CompositeAlarm): sdk.CompositeAlarm {
  return { ...commonOf(alarm), AlarmRule: alarm.rule };
}

/** What is told of an alarm that is a child or parent of another. */
export function briefOf({ name, arn, status }: Alarm) {
  return {
    AlarmName: name,
    AlarmArn: arn,
    StateValue: status.value,
    StateUpdatedTimestamp: dateOf(status.updatedAt),
  };
}

function commonOf(alarm: Alarm) {
  const { description, status } = alarm;
  return {
    ...briefOf(alarm),
    ...(description === undefined ? {} : { AlarmDescription: description }),
    AlarmConfigurationUpdatedTimestamp: dateOf(alarm.configuredAt),
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: [...alarm.okActions],
    AlarmActions: [...alarm.alarmActions],
    InsufficientDataActions: [...alarm.insufficientDataActions],
    StateReason: status.reason,
    ...(status.reasonData === undefined ? {} : { StateReasonData: status.reasonData }),
    StateTransitionedTimestamp: dateOf(status.transitionedAt),
  };
}
