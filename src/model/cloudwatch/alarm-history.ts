import { isoOf } from '../../base/clock.ts';
import { parseArn } from '../../base/arn.ts';
import type { Alarm, AlarmHistoryItem, AlarmStatus } from './alarm.ts';

/** What an item of an alarm's history says; whose and when is added by who keeps it. */
export type HistoryEntry = Pick<AlarmHistoryItem, 'type' | 'summary' | 'data'>;

/** The most that HistoryData holds ("AlarmHistoryItem", CloudWatch API Reference). */
const longestData = 4095;

/** An alarm has become another state. */
export function stateEntry(before: AlarmStatus, after: AlarmStatus): HistoryEntry {
  const side = ({ value, reason, reasonData }: AlarmStatus): object => ({
    stateValue: value,
    stateReason: reason,
    ...(reasonData === undefined ? {} : { stateReasonData: parsed(reasonData) }),
  });
  const full = { version: '1.0', oldState: side(before), newState: side(after) };
  const short = { version: '1.0', oldState: { stateValue: before.value }, newState: { stateValue: after.value } };
  const summary = `Alarm updated from ${before.value} to ${after.value}`;
  return { type: 'StateUpdate', summary, data: within(full, short) };
}

/** An alarm was made, changed or deleted. */
export function configurationEntry(kind: 'Create' | 'Update' | 'Delete', alarm: Alarm): HistoryEntry {
  const done = { Create: 'created', Update: 'updated', Delete: 'deleted' } as const;
  const { status: _state, tags: _tags, account: _account, region: _region, kind: type, configuredAt, ...rest } = alarm;
  const told = {
    ...rest,
    type: type === 'metric' ? 'MetricAlarm' : 'CompositeAlarm',
    alarmConfigurationUpdatedTimestamp: isoOf(configuredAt),
  };
  const full = { version: '1.0', type: kind, [`${done[kind]}Alarm`]: told };
  return {
    type: 'ConfigurationUpdate',
    summary: `Alarm "${alarm.name.slice(0, 200)}" ${done[kind]}`,
    data: within(full, { version: '1.0', type: kind }),
  };
}

/** An action that a state asks for. None can be done: what they would act on is not served (docs/decisions/0027). */
export function actionEntry(action: string, at: number): HistoryEntry {
  const service = parseArn(action)?.service ?? action;
  const error = `Stowage does not serve ${service} yet, so that nothing can be done there`;
  const full = { actionState: 'Failed', stateUpdateTimestamp: at, notificationResource: action, error };
  return {
    type: 'Action',
    summary: `Failed to execute action ${action}. Received error: "${error}"`.slice(0, 255),
    data: within(full, { actionState: 'Failed' }),
  };
}

function within(full: object, short: object): string {
  const text = JSON.stringify(full);
  return text.length <= longestData ? text : JSON.stringify(short);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
