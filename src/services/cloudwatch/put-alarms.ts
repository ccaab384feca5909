import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AlarmRuleError, childrenOf, parseAlarmRule } from '../../model/cloudwatch/alarm-rule.ts';
import type { Alarm, CompositeAlarm, MetricAlarm } from '../../model/cloudwatch/alarm.ts';
import { noteConfiguration } from '../../store/alarms.ts';
import { alarmArn, alarms } from '../../store/tables/cloudwatch.ts';
import { initialStatus, readAlarm } from './alarm-rules.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkLength, cloudWatchErrors, notSupported } from './errors.ts';
import { readJudgement } from './metric-alarm-rules.ts';
import { readTags } from './tags.ts';

/** An alarm without what it keeps from before, and what is decided when it is put. */
type Given<Kind extends Alarm> = Omit<Kind, 'arn' | 'configuredAt' | 'tags' | 'status'>;

/** Makes alarms, and changes them: an existing alarm keeps its state and its tags. */
export function putAlarmHandlers({ store, clock, ids }: CloudWatchDeps) {
  const put = (ctx: Ctx, given: Given<MetricAlarm> | Given<CompositeAlarm>, tags: Alarm['tags']): void => {
    const now = clock.now();
    const arn = alarmArn(ctx, given.name);
    store.transact((tx) => {
      const before = tx.get(alarms, arn);
      if (before !== undefined && before.kind !== given.kind) {
        throw cloudWatchErrors.validation(`The alarm ${given.name} already exists, and is of another type.`);
      }
      if (given.kind === 'composite') {
        const missing = given.children.filter((name) => tx.get(alarms, alarmArn(ctx, name)) === undefined);
        if (missing.length > 0) {
          throw cloudWatchErrors.validation(
            `Could not save the composite alarm as alarms [${missing.join(', ')}] in the alarm rule do not exist`,
          );
        }
      }
      const kept = { tags: before?.tags ?? tags, status: before?.status ?? initialStatus(now) };
      const alarm: Alarm = { ...given, ...kept, arn, configuredAt: now };
      tx.put(alarms, alarm);
      noteConfiguration(tx, before === undefined ? 'Create' : 'Update', alarm, { now, ids });
    });
  };
  return {
    PutMetricAlarm(input, ctx) {
      const alarm = { kind: 'metric' as const, ...readAlarm(input, ctx), ...readJudgement(input, ctx) };
      put(ctx, alarm, readTags(input.Tags));
      return {};
    },
    PutCompositeAlarm(input, ctx) {
      if (
        input.ActionsSuppressor !== undefined ||
        input.ActionsSuppressorWaitPeriod !== undefined ||
        input.ActionsSuppressorExtensionPeriod !== undefined
      ) {
        throw notSupported('ActionsSuppressor');
      }
      const rule = input.AlarmRule ?? '';
      checkLength('alarmRule', rule, 1, 10_240);
      if (rule.trim() !== rule) {
        throw cloudWatchErrors.validation('AlarmRule must not contain leading or trailing whitespace or be null');
      }
      const alarm = readAlarm(input, ctx);
      put(ctx, { kind: 'composite', ...alarm, rule, children: readChildren(rule) }, readTags(input.Tags));
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

function readChildren(rule: string): string[] {
  try {
    return childrenOf(parseAlarmRule(rule));
  } catch (error) {
    if (error instanceof AlarmRuleError) throw cloudWatchErrors.validation(`Error in AlarmRule: ${error.message}.`);
    throw error;
  }
}
