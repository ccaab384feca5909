import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import type { MetricDimension } from '../../base/metric.ts';
import { alarmStates, type Alarm, type MetricAlarm } from '../../model/cloudwatch/alarm.ts';
import { basicStatistics } from '../../model/cloudwatch/statistic.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { alarmArn, alarms } from '../../store/tables/cloudwatch.ts';
import { briefOf, compositeAlarmOf, metricAlarmOf } from './alarm-output.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkEnum, checkLength, checkRange, cloudWatchErrors } from './errors.ts';
import { findAlarm } from './find-alarm.ts';
import { checkMetricName, checkNamespace, checkUnit, readDimensions } from './metric-rules.ts';
import { page } from './paging.ts';

const pageSize = 50;
export const alarmTypes = ['CompositeAlarm', 'MetricAlarm'] as const;

/** Alarms as they are and stand. */
export function describeAlarmHandlers({ store }: CloudWatchDeps) {
  const inScope = (ctx: Ctx): Alarm[] =>
    store.by(alarms, 'scope', scopeOf(ctx)).toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));

  return {
    DescribeAlarms(input, ctx) {
      const { AlarmNames: names, AlarmNamePrefix: prefix, StateValue: state, ActionPrefix: action } = input;
      checkLength('alarmNames', names, 0, 100);
      checkLength('alarmNamePrefix', prefix, 1, 255);
      checkLength('actionPrefix', action, 1, 1024);
      checkEnum('stateValue', state, alarmStates);
      checkRange('maxRecords', input.MaxRecords, 1, 100);
      for (const [index, type] of (input.AlarmTypes ?? []).entries()) {
        checkEnum(`alarmTypes.${index + 1}.member`, type, alarmTypes);
      }
      if (names !== undefined && prefix !== undefined) {
        throw cloudWatchErrors.combination('AlarmNames and AlarmNamePrefix cannot be specified together.');
      }
      const size = input.MaxRecords ?? pageSize;
      const related = relatives(store, input, ctx);
      if (related !== undefined) {
        const { items, next } = page(related, size, input.NextToken);
        const brief = (kind: Alarm['kind']) => items.filter((alarm) => alarm.kind === kind).map(briefOf);
        return { MetricAlarms: brief('metric'), CompositeAlarms: brief('composite'), ...next };
      }
      // "If you omit this parameter, only metric alarms are returned, even if composite alarms exist in the account."
      const kinds = new Set(input.AlarmTypes ?? ['MetricAlarm']);
      const wanted = inScope(ctx).filter(
        (alarm) =>
          kinds.has(typeOf(alarm)) &&
          names?.includes(alarm.name) !== false &&
          alarm.name.startsWith(prefix ?? '') &&
          alarm.status.value === (state ?? alarm.status.value) &&
          (action === undefined || actionsOf(alarm).some((each) => each.startsWith(action))),
      );
      const { items, next } = page(wanted, size, input.NextToken);
      return {
        MetricAlarms: items.flatMap((alarm) => (alarm.kind === 'metric' ? [metricAlarmOf(alarm)] : [])),
        CompositeAlarms: items.flatMap((alarm) => (alarm.kind === 'composite' ? [compositeAlarmOf(alarm)] : [])),
        ...next,
      };
    },

    DescribeAlarmsForMetric(input, ctx) {
      const namespace = checkNamespace(input.Namespace);
      const name = checkMetricName(input.MetricName);
      const dimensions = readDimensions(input.Dimensions);
      checkEnum('statistic', input.Statistic, basicStatistics);
      const unit = checkUnit(input.Unit);
      const matches = (alarm: Alarm): alarm is MetricAlarm => {
        if (alarm.kind !== 'metric' || 'queries' in alarm.watched) return false;
        const { metric } = alarm.watched;
        return (
          metric.namespace === namespace &&
          metric.name === name &&
          sameDimensions(metric.dimensions, dimensions) &&
          (input.Statistic === undefined || metric.statistic === input.Statistic) &&
          (input.ExtendedStatistic === undefined || metric.extendedStatistic === input.ExtendedStatistic) &&
          (input.Period === undefined || metric.periodSeconds === input.Period) &&
          (unit === undefined || metric.unit === unit)
        );
      };
      return { MetricAlarms: inScope(ctx).filter(matches).map(metricAlarmOf) };
    },
  } satisfies Handlers<typeof sdk>;
}

/** The children or parents of an alarm, where these are asked for. */
function relatives(reader: Reader, input: sdk.DescribeAlarmsInput, ctx: Ctx): Alarm[] | undefined {
  const { ChildrenOfAlarmName: parent, ParentsOfAlarmName: child } = input;
  if (parent === undefined && child === undefined) return undefined;
  const filters = ['AlarmNames', 'AlarmNamePrefix', 'AlarmTypes', 'StateValue', 'ActionPrefix'] as const;
  const other = filters.find((name) => input[name] !== undefined);
  if (other !== undefined || (parent !== undefined && child !== undefined)) {
    throw cloudWatchErrors.validation(
      'ChildrenOfAlarmName and ParentsOfAlarmName cannot be used together, or with other filters.',
    );
  }
  if (child !== undefined) return reader.by(alarms, 'child', findAlarm(reader, ctx, child).arn);
  const found = findAlarm(reader, ctx, parent);
  if (found.kind !== 'composite') return [];
  return found.children.flatMap((name) => reader.get(alarms, alarmArn(ctx, name)) ?? []);
}

/** The type of an alarm as the API names it. */
export function typeOf({ kind }: Pick<Alarm, 'kind'>): (typeof alarmTypes)[number] {
  return kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm';
}

function sameDimensions(a: readonly MetricDimension[], b: readonly MetricDimension[]): boolean {
  return (
    a.length === b.length && a.every((one) => b.some((other) => one.name === other.name && one.value === other.value))
  );
}

function actionsOf({ okActions, alarmActions, insufficientDataActions }: Alarm): string[] {
  return [...okActions, ...alarmActions, ...insufficientDataActions];
}
