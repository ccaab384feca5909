import type { Ids } from '../base/ids.ts';
import type { Alarm, AlarmStatus } from '../model/cloudwatch/alarm.ts';
import { actionEntry, configurationEntry, stateEntry, type HistoryEntry } from '../model/cloudwatch/alarm-history.ts';
import type { Transaction } from './store.ts';
import { alarmHistory, alarms } from './tables/cloudwatch.ts';

/** "Alarm history is kept for 30 days" ("Alarm actions and history", CloudWatch User Guide). */
export const historyKeptMs = 30 * 24 * 3_600_000;

/** When, and where new ids come from. */
interface Moment {
  readonly now: number;
  readonly ids: Ids;
}

/** Writes an alarm's state; where the value becomes another, its history tells of that and of what became of the actions. */
export function changeAlarmState(
  tx: Transaction,
  alarm: Alarm,
  state: Pick<AlarmStatus, 'value' | 'reason' | 'reasonData'>,
  { now, ids }: Moment,
): void {
  const before = alarm.status;
  const transitioned = state.value !== before.value;
  const status = { ...state, updatedAt: now, transitionedAt: transitioned ? now : before.transitionedAt };
  tx.put(alarms, { ...alarm, status });
  if (!transitioned) return;
  note(tx, alarm, stateEntry(before, status), { now, ids });
  if (!alarm.actionsEnabled) return;
  for (const action of actionsOf(alarm, state.value)) note(tx, alarm, actionEntry(action, now), { now, ids });
}

/** Notes that an alarm was made, changed or deleted. */
export function noteConfiguration(
  tx: Transaction,
  kind: 'Create' | 'Update' | 'Delete',
  alarm: Alarm,
  moment: Moment,
): void {
  note(tx, alarm, configurationEntry(kind, alarm), moment);
}

function note(tx: Transaction, alarm: Alarm, entry: HistoryEntry, { now, ids }: Moment): void {
  const { account, region, name: alarmName, kind: alarmKind } = alarm;
  tx.put(alarmHistory, { account, region, id: ids.uuid(), alarmName, alarmKind, at: now, ...entry });
}

function actionsOf(alarm: Alarm, value: AlarmStatus['value']): readonly string[] {
  switch (value) {
    case 'OK':
      return alarm.okActions;
    case 'ALARM':
      return alarm.alarmActions;
    case 'INSUFFICIENT_DATA':
      return alarm.insufficientDataActions;
  }
}
