import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { historyKeptMs } from '../../store/alarms.ts';
import { scopeOf } from '../../model/tags.ts';
import { alarmArn, alarmHistory } from '../../store/tables/cloudwatch.ts';
import type { CloudWatchDeps } from './deps.ts';
import { alarmTypes, typeOf } from './describe-alarms.ts';
import { checkEnum, checkLength, checkRange, notSupported } from './errors.ts';
import { page } from './paging.ts';

const pageSize = 100;
const itemTypes = ['ConfigurationUpdate', 'StateUpdate', 'Action'] as const;
/** Those of alarms with several contributors (Metrics Insights), of which there are none. */
const contributorTypes = ['AlarmContributorStateUpdate', 'AlarmContributorAction'] as const;

/** What happened to alarms in the last 30 days, also to those that are gone. */
export function alarmHistoryHandlers({ store, clock }: CloudWatchDeps) {
  return {
    DescribeAlarmHistory(input, ctx) {
      const { AlarmName: name, HistoryItemType: type, StartDate, EndDate } = input;
      checkLength('alarmName', name, 1, 255);
      checkEnum('historyItemType', type, [...itemTypes, ...contributorTypes]);
      checkEnum('scanBy', input.ScanBy, ['TimestampDescending', 'TimestampAscending']);
      checkRange('maxRecords', input.MaxRecords, 1, 100);
      for (const [index, each] of (input.AlarmTypes ?? []).entries()) {
        checkEnum(`alarmTypes.${index + 1}.member`, each, alarmTypes);
      }
      if (input.AlarmContributorId !== undefined) throw notSupported('AlarmContributorId');
      const kinds = new Set(input.AlarmTypes ?? ['MetricAlarm']);
      const from = Math.max(StartDate?.getTime() ?? 0, clock.now() - historyKeptMs);
      const until = EndDate?.getTime() ?? Infinity;
      const all =
        name === undefined
          ? store.by(alarmHistory, 'scope', scopeOf(ctx))
          : store.by(alarmHistory, 'alarm', alarmArn(ctx, name));
      const wanted = all.filter(
        (item) =>
          kinds.has(typeOf({ kind: item.alarmKind })) &&
          item.type === (type ?? item.type) &&
          item.at >= from &&
          item.at <= until,
      );
      // They were written in the order of their times.
      const ordered = input.ScanBy === 'TimestampAscending' ? wanted : wanted.toReversed();
      const { items, next } = page(ordered, input.MaxRecords ?? pageSize, input.NextToken);
      return {
        AlarmHistoryItems: items.map((item) => ({
          AlarmName: item.alarmName,
          AlarmType: typeOf({ kind: item.alarmKind }),
          Timestamp: dateOf(item.at),
          HistoryItemType: item.type,
          HistorySummary: item.summary,
          HistoryData: item.data,
        })),
        ...next,
      };
    },
  } satisfies Handlers<typeof sdk>;
}
