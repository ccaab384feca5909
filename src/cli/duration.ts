import { UsageError } from './installation.ts';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds of `90s`, `30m`, `12h` or `7d`; `undefined` when nothing is given. */
export function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (units[unit] ?? 0);
  if (count === '' || ms === 0) throw new UsageError(`${option} ${text} is no duration: give 90s, 30m, 12h or 7d`);
  return ms;
}
