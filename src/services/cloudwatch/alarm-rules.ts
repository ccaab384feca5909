import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx } from '../../aws/handlers.ts';
import { parseArn } from '../../base/arn.ts';
import { given } from '../../base/given.ts';
import type { Alarm } from '../../model/cloudwatch/alarm.ts';
import { checkLength, cloudWatchErrors, notSupported } from './errors.ts';

/** The services whose ARNs alarms take as actions ("Alarm actions", CloudWatch User Guide). */
const actionServices = new Set(['sns', 'autoscaling', 'automate', 'swf', 'ssm', 'ssm-incidents', 'lambda', 'aiops']);

/** What alarms of both kinds are given. */
type AlarmInput = Pick<
  sdk.PutMetricAlarmInput,
  | 'AlarmName'
  | 'AlarmDescription'
  | 'ActionsEnabled'
  | 'OKActions'
  | 'AlarmActions'
  | 'InsufficientDataActions'
  | 'ActionConfiguration'
>;

/** What alarms of both kinds are given, checked. */
export function readAlarm(
  input: AlarmInput,
  ctx: Ctx,
): Pick<
  Alarm,
  | 'name'
  | 'description'
  | 'actionsEnabled'
  | 'okActions'
  | 'alarmActions'
  | 'insufficientDataActions'
  | 'account'
  | 'region'
> {
  const name = input.AlarmName ?? '';
  checkLength('alarmName', name, 1, 255);
  // "The name must contain only UTF-8 characters, and can't contain ASCII control characters."
  if (/\p{Cc}/u.test(name)) {
    throw cloudWatchErrors.validation('AlarmName must not contain ASCII control characters');
  }
  if (input.ActionConfiguration !== undefined) throw notSupported('ActionConfiguration');
  checkLength('alarmDescription', input.AlarmDescription, 0, 1024);
  return {
    account: ctx.account,
    region: ctx.region,
    name,
    ...given('description', input.AlarmDescription),
    actionsEnabled: input.ActionsEnabled ?? true,
    okActions: readActions(input.OKActions, 'oKActions', ctx),
    alarmActions: readActions(input.AlarmActions, 'alarmActions', ctx),
    insufficientDataActions: readActions(input.InsufficientDataActions, 'insufficientDataActions', ctx),
  };
}

/** ARNs are taken as AWS takes them, of things that need not be there; what becomes of them is in the history (docs/decisions/0027). */
function readActions(actions: readonly string[] | undefined, member: string, ctx: Ctx): readonly string[] {
  checkLength(member, actions, 0, 5);
  for (const action of actions ?? []) {
    checkLength(`${member}.member`, action, 1, 1024);
    const parsed = parseArn(action);
    if (parsed === undefined) throw cloudWatchErrors.validation(`Invalid arn syntax: ${action}`);
    if (!actionServices.has(parsed.service)) {
      throw cloudWatchErrors.validation(`Unsupported alarm action: ${action}`);
    }
    if (parsed.region !== ctx.region) {
      throw cloudWatchErrors.validation(`Invalid region ${parsed.region} specified. Only ${ctx.region} is supported.`);
    }
  }
  return [...new Set(actions)];
}

/** The status of an alarm that was just made. */
export function initialStatus(now: number): Alarm['status'] {
  const reason = 'Unchecked: Initial alarm creation';
  return { value: 'INSUFFICIENT_DATA', reason, updatedAt: now, transitionedAt: now };
}
