import type { QueryWindow } from '../../model/cloudwatch/queries.ts';

const dayMs = 24 * 3_600_000;
/**
 * How many periods are looked at beyond those that are evaluated, in case some of those have no data ("How alarm state is
 * evaluated when data is missing", CloudWatch User Guide: 5 for 3).
 */
const spare = 2;

/** What an alarm says of its periods. */
export interface AlarmPeriods {
  readonly periodMs: number;
  readonly evaluationPeriods: number;
}

/** How often an alarm is evaluated ("Alarm evaluation"): each minute; with short periods every ten seconds, over more than a day hourly. */
export function intervalOf({ periodMs, evaluationPeriods }: AlarmPeriods): number {
  if (periodMs < 60_000) return 10_000;
  return periodMs * evaluationPeriods > dayMs ? 3_600_000 : 60_000;
}

/** How long after the end of a period it is evaluated, so that its data are there. */
function delayOf(intervalMs: number): number {
  return intervalMs < 60_000 ? 1_000 : 5_000;
}

/** The end of the newest period that is evaluated at `now`. */
export function endOf(periods: AlarmPeriods, now: number): number {
  const interval = intervalOf(periods);
  return Math.floor((now - delayOf(interval)) / interval) * interval;
}

/** When the period after that which ends at `end` can be evaluated. */
export function nextAfter(periods: AlarmPeriods, end: number): number {
  const interval = intervalOf(periods);
  return end + interval + delayOf(interval);
}

/** The evaluation range that ends at `end`. */
export function windowOf({ periodMs, evaluationPeriods }: AlarmPeriods, end: number): QueryWindow {
  return { from: end - (evaluationPeriods + spare) * periodMs, until: end, anchor: end };
}
