import { messageOf } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Alarm, CompositeAlarm, MetricAlarm } from '../../model/cloudwatch/alarm.ts';
import { changeAlarmState } from '../../store/alarms.ts';
import type { MetricStore } from '../../store/metrics/metric-store.ts';
import type { Store } from '../../store/store.ts';
import { alarmArn, alarms } from '../../store/tables/cloudwatch.ts';
import type { Clock } from '../../base/clock.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { planComposite } from './composite.ts';
import { observeAlarm, queriesOfAlarm } from './observe.ts';
import { planAlarm, type AlarmChange } from './plan.ts';
import { endOf, nextAfter } from './schedule.ts';

/** What the loop is made from. */
export interface AlarmLoopDeps {
  readonly store: Store;
  readonly metrics: Pick<MetricStore, 'read'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

/**
 * Evaluates alarms: those on metrics when a period has ended and when they were written, those on alarms when one of these
 * changed. What was evaluated is kept in mind only, so that SetAlarmState holds until the next evaluation; a restart
 * evaluates everything once more.
 */
export function alarmLoop({ store, metrics, clock, ids, log }: AlarmLoopDeps): Loop {
  /** What each alarm was last evaluated for. */
  const evaluated = new Map<string, string>();

  const change = (alarm: Alarm, to: AlarmChange | undefined, now: number): void => {
    if (to === undefined) return;
    store.transact((tx) => {
      // Whoever wrote it meanwhile had it evaluated anew.
      if (tx.get(alarms, alarm.arn) === alarm) changeAlarmState(tx, alarm, to, { now, ids });
    });
  };

  const evaluate = (alarm: MetricAlarm, now: number): number => {
    const asked = queriesOfAlarm(alarm);
    const end = endOf(asked, now);
    const next = nextAfter(asked, end);
    const turn = `${alarm.configuredAt} ${end}`;
    if (evaluated.get(alarm.arn) === turn) return next;
    evaluated.set(alarm.arn, turn);
    observeAlarm(metrics, alarm, asked, end)
      .then((observed) => {
        const at = clock.now();
        change(alarm, planAlarm(observed, at), at);
      })
      .catch((error: unknown) => log.warn('an alarm was not evaluated', { alarm: alarm.arn, error: messageOf(error) }));
    return next;
  };

  const combine = (alarm: CompositeAlarm, now: number): undefined => {
    const children = alarm.children.flatMap((name) => store.get(alarms, alarmArn(alarm, name)) ?? []);
    const states = children.map(({ name, status }) => `${name} ${status.value} ${status.updatedAt}`);
    const turn = JSON.stringify([alarm.configuredAt, ...states]);
    if (evaluated.get(alarm.arn) === turn) return;
    evaluated.set(alarm.arn, turn);
    change(alarm, planComposite(alarm, children), now);
  };

  return subjectLoop(
    {
      name: 'alarms',
      sources: [source(alarms, ({ arn }) => [arn, ...store.by(alarms, 'child', arn).map((parent) => parent.arn)])],
      rescanMs: 60_000,
      all: () => store.keys(alarms),
      reconcile(arn, now) {
        const alarm = store.get(alarms, arn);
        if (alarm === undefined) {
          evaluated.delete(arn);
          return undefined;
        }
        return alarm.kind === 'metric' ? evaluate(alarm, now) : combine(alarm, now);
      },
    },
    log,
  );
}
