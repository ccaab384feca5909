const dayMs = 24 * 3_600_000;

/**
 * Where a request's start lies once CloudWatch has rounded it down ("GetMetricStatistics", StartTime): to the minute, to five
 * minutes when it is more than 15 days ago, to the hour when it is more than 63; to the second, for periods of less than a minute.
 */
export function roundedStart(at: number, periodMs: number, now: number): number {
  const age = now - at;
  const unit = age > 63 * dayMs ? 3_600_000 : age > 15 * dayMs ? 300_000 : periodMs < 60_000 ? 1_000 : 60_000;
  return Math.floor(at / unit) * unit;
}
