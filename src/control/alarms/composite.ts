import { dateOf } from '../../base/clock.ts';
import { parseAlarmRule, ruleHolds } from '../../model/cloudwatch/alarm-rule.ts';
import type { Alarm, CompositeAlarm } from '../../model/cloudwatch/alarm.ts';
import type { AlarmChange } from './plan.ts';
import { stamp } from './reasons.ts';

/** StateReasonData names no more alarms than fit. */
const mostTold = 10;

/**
 * Evaluates an alarm on other alarms ("Combining alarms", CloudWatch User Guide). Pure: `children` are the alarms that its rule
 * names, as far as they are there. `undefined` where it stays as it is.
 */
export function planComposite(alarm: CompositeAlarm, children: readonly Alarm[]): AlarmChange | undefined {
  const states = new Map(children.map(({ name, status }) => [name, status.value]));
  const holds = ruleHolds(parseAlarmRule(alarm.rule), (name) => states.get(name) ?? 'INSUFFICIENT_DATA');
  const value = holds ? 'ALARM' : 'OK';
  if (alarm.status.value === value) return undefined;
  const newestFirst = children.toSorted((a, b) => b.status.transitionedAt - a.status.transitionedAt);
  const [trigger] = newestFirst;
  if (trigger === undefined) {
    return {
      value,
      reason: `${alarm.arn} was updated and its alarm rule evaluates to ${value}`,
      reasonData: triggers([]),
    };
  }
  const reason = `${trigger.arn} transitioned to ${trigger.status.value} at ${longDate(trigger.status.transitionedAt)}`;
  return { value, reason: reason.slice(0, 1023), reasonData: triggers(newestFirst.slice(0, mostTold)) };
}

function triggers(alarms: readonly Alarm[]): string {
  const told = alarms.map(({ arn, status }) => ({
    arn,
    state: { value: status.value, timestamp: stamp(status.transitionedAt) },
  }));
  const data = JSON.stringify({ triggeringAlarms: told });
  return data.length <= 4000 ? data : JSON.stringify({ triggeringAlarms: told.slice(0, 2) });
}

/** `Friday 14 August, 2020 19:01:08 UTC`. */
function longDate(at: number): string {
  const part = (options: Intl.DateTimeFormatOptions): string =>
    dateOf(at).toLocaleString('en-GB', { timeZone: 'UTC', ...options });
  const time = part({ hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  const day = `${part({ weekday: 'long' })} ${part({ day: '2-digit' })} ${part({ month: 'long' })}`;
  return `${day}, ${part({ year: 'numeric' })} ${time} UTC`;
}
