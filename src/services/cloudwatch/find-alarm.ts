import type { Ctx } from '../../aws/handlers.ts';
import type { Alarm } from '../../model/cloudwatch/alarm.ts';
import type { Reader } from '../../store/store.ts';
import { alarmArn, alarms } from '../../store/tables/cloudwatch.ts';
import { checkLength, cloudWatchErrors } from './errors.ts';

/** An alarm of the caller's by its name, or ResourceNotFound. */
export function findAlarm(reader: Reader, ctx: Ctx, name: string | undefined): Alarm {
  const found = alarmNamed(reader, ctx, name);
  if (found === undefined) throw cloudWatchErrors.alarmNotFound(name ?? '');
  return found;
}

/** An alarm of the caller's by its name. */
export function alarmNamed(reader: Reader, ctx: Ctx, name: string | undefined): Alarm | undefined {
  checkLength('alarmName', name, 1, 255);
  return reader.get(alarms, alarmArn(ctx, name ?? ''));
}
