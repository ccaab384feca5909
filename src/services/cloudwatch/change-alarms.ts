import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { alarmStates, type Alarm } from '../../model/cloudwatch/alarm.ts';
import { changeAlarmState, noteConfiguration } from '../../store/alarms.ts';
import { alarms } from '../../store/tables/cloudwatch.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkEnum, checkLength, cloudWatchErrors } from './errors.ts';
import { alarmNamed, findAlarm } from './find-alarm.ts';

/** Deleting alarms, setting their state for a while, and turning their actions on and off. */
export function changeAlarmHandlers({ store, clock, ids }: CloudWatchDeps) {
  const setActions = (names: readonly string[] | undefined, ctx: Ctx, actionsEnabled: boolean): object => {
    checkLength('alarmNames', names, 0, 100);
    const now = clock.now();
    store.transact((tx) => {
      for (const name of names ?? []) {
        const alarm = alarmNamed(tx, ctx, name);
        if (alarm === undefined || alarm.actionsEnabled === actionsEnabled) continue;
        const next = { ...alarm, actionsEnabled };
        tx.put(alarms, next);
        noteConfiguration(tx, 'Update', next, { now, ids });
      }
    });
    return {};
  };
  return {
    DeleteAlarms(input, ctx) {
      const names = [...new Set(input.AlarmNames)];
      checkLength('alarmNames', input.AlarmNames, 0, 100);
      store.transact((tx) => {
        const going = names.map((name) => findAlarm(tx, ctx, name));
        if (going.filter(({ kind }) => kind === 'composite').length > 1) {
          throw cloudWatchErrors.validation('You can delete at most one composite alarm in a single operation.');
        }
        const stays = (alarm: Alarm): boolean =>
          tx.by(alarms, 'child', alarm.arn).some((parent) => parent.arn !== alarm.arn && !names.includes(parent.name));
        const needed = going.filter(stays).map(({ name }) => name);
        if (needed.length > 0) {
          throw cloudWatchErrors.validation(
            `Cannot delete ${needed.join(',')} as there are composite alarm(s) depending on ${needed.length === 1 ? 'it' : 'them'}.`,
          );
        }
        for (const alarm of going) {
          tx.delete(alarms, alarm.arn);
          noteConfiguration(tx, 'Delete', alarm, { now: clock.now(), ids });
        }
      });
      return {};
    },

    SetAlarmState(input, ctx) {
      const { StateValue: value = 'OK', StateReason: reason = '', StateReasonData: data } = input;
      checkEnum('stateValue', value, alarmStates);
      checkLength('stateReason', reason, 0, 1023);
      checkLength('stateReasonData', data, 0, 4000);
      if (data !== undefined && !isJson(data)) {
        throw new AwsError('InvalidFormatFault', 'The parameter StateReasonData must be JSON.');
      }
      store.transact((tx) => {
        const alarm = findAlarm(tx, ctx, input.AlarmName);
        changeAlarmState(tx, alarm, { value, reason, ...given('reasonData', data) }, { now: clock.now(), ids });
      });
      return {};
    },

    EnableAlarmActions: (input, ctx) => setActions(input.AlarmNames, ctx, true),
    DisableAlarmActions: (input, ctx) => setActions(input.AlarmNames, ctx, false),
  } satisfies Handlers<typeof sdk>;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
