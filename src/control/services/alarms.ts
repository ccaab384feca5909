import { queriesOf, type Alarm, type AlarmState } from '../../model/cloudwatch/alarm.ts';
import { isOver, type DeploymentAlarmState, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { alarmArn, alarms } from '../../store/tables/cloudwatch.ts';

/** An alarm as a deployment sees it. */
export interface ObservedAlarm {
  readonly name: string;
  readonly state: AlarmState;
  /** How much time its evaluation looks at. */
  readonly spanMs: number;
}

/** The alarms that watch a service deployment, as far as they are there. */
export function observeAlarms(reader: Reader, rollout: ServiceDeployment | undefined): ObservedAlarm[] {
  if (rollout?.alarms === undefined) return [];
  return rollout.alarms.names.flatMap((name) => {
    const alarm = reader.get(alarms, alarmArn(rollout, name));
    return alarm === undefined ? [] : [{ name, state: alarm.status.value, spanMs: spanOf(reader, alarm) }];
  });
}

/** Periods times evaluation periods; of an alarm on alarms the longest of theirs. */
function spanOf(reader: Reader, alarm: Alarm, above: readonly string[] = []): number {
  if (above.includes(alarm.arn)) return 0;
  if (alarm.kind === 'metric') {
    const periods = queriesOf(alarm).map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 0);
    return Math.max(...periods) * 1000 * alarm.evaluationPeriods;
  }
  const children = alarm.children.flatMap((name) => reader.get(alarms, alarmArn(alarm, name)) ?? []);
  return Math.max(0, ...children.map((child) => spanOf(reader, child, [...above, alarm.arn])));
}

/** The alarms' watch as a deployment begins: those in ALARM are left out. */
export function beginWatch(watch: DeploymentAlarmState, observed: readonly ObservedAlarm[]): DeploymentAlarmState {
  return { ...watch, ignored: observed.flatMap(({ name, state }) => (state === 'ALARM' ? [name] : [])) };
}

/** The watched alarms that have gone into ALARM, of a deployment that is under way. */
export function triggeredAlarms(rollout: ServiceDeployment, observed: readonly ObservedAlarm[]): string[] {
  const { alarms: watch, status, lifecycle } = rollout;
  if (watch?.status !== 'MONITORING' || status !== 'IN_PROGRESS' || lifecycle?.stage === 'CLEAN_UP') return [];
  return observed.flatMap(({ name, state }) => (state === 'ALARM' && !watch.ignored.includes(name) ? [name] : []));
}

/**
 * Until when a rolling deployment that is done is watched on: ECS "computes this time period based on the alarm configuration",
 * here the longest time that one of them looks at. `undefined` where nothing is waited for.
 */
export function bakesUntil(
  rollout: ServiceDeployment | undefined,
  observed: readonly ObservedAlarm[],
  now: number,
): number | undefined {
  const watch = rollout?.alarms;
  if (watch?.status !== 'MONITORING' || rollout?.status !== 'IN_PROGRESS' || rollout.lifecycle !== undefined)
    return undefined;
  if (watch.bakeUntil !== undefined) return watch.bakeUntil;
  const watched = observed.filter(({ name }) => !watch.ignored.includes(name));
  return now + Math.max(0, ...watched.map(({ spanMs }) => spanMs));
}

/** Nothing is watched of a deployment that is over. */
export function endWatch(rollout: ServiceDeployment): ServiceDeployment {
  if (rollout.alarms?.status !== 'MONITORING' || !isOver(rollout)) return rollout;
  return { ...rollout, alarms: { ...rollout.alarms, status: 'MONITORING_COMPLETE' } };
}

/** The services whose deployment an alarm watches. */
export function watchedBy(alarm: Scoped & { readonly name: string }, rollouts: Iterable<ServiceDeployment>): string[] {
  return [...rollouts].flatMap(({ account, region, serviceArn, alarms: watch }) =>
    account === alarm.account && region === alarm.region && watch?.names.includes(alarm.name) === true
      ? [serviceArn]
      : [],
  );
}
