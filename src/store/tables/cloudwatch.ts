import { arn } from '../../base/arn.ts';
import type { Alarm, AlarmHistoryItem } from '../../model/cloudwatch/alarm.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Alarms of CloudWatch, by ARN. */
export const alarms = table<Alarm>()({
  name: 'cloudwatch.alarms',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    /** The alarms that a composite alarm's rule names, by ARN. */
    child: (row) => (row.kind === 'composite' ? row.children.map((name) => alarmArn(row, name)) : undefined),
  },
});

/** What happened to alarms, by id; read from the journal alone. */
export const alarmHistory = table<AlarmHistoryItem>()({
  name: 'cloudwatch.alarm-history',
  key: (row) => row.id,
  indexes: { scope: scopeOf, alarm: (row) => alarmArn(row, row.alarmName) },
  rests: () => true,
});

/** The ARN of an alarm, which holds its name. */
export function alarmArn({ account, region }: Scoped, name: string): string {
  return arn('cloudwatch', region, account, `alarm:${name}`);
}
