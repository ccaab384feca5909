import { dateOf } from '../../base/clock.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** "You can rotate a secret as often as every four hours. The maximum rotation period is 999 days." */
const leastHours = 4;
const mostDays = 999;
/** A schedule of a year has its next day within this, leap years too. */
const longestSearchDays = 9 * 366;

/** When a secret is rotated: every so many hours or days, or on the hours and days of a cron expression. UTC. */
export type RotationSchedule =
  | { readonly kind: 'hours'; readonly every: number }
  | { readonly kind: 'days'; readonly every: number }
  | {
      readonly kind: 'cron';
      /** Ascending. */
      readonly hours: readonly number[];
      readonly isDay: (day: Day) => boolean;
    };

/** A day of the calendar. */
interface Day {
  readonly dayOfMonth: number;
  readonly daysOfMonth: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1, a Sunday, to 7. */
  readonly dayOfWeek: number;
}

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const weekdays = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/**
 * Reads `rate(…)` or `cron(…)` as Secrets Manager has them ("Rotation schedules", Secrets Manager User Guide); `undefined` for what is
 * neither, or more often than every four hours.
 */
export function readSchedule(expression: string): RotationSchedule | undefined {
  const [, amount, unit] = /^rate\((\d+) (hours?|days?)\)$/.exec(expression) ?? [];
  if (amount !== undefined) {
    const every = Number(amount);
    const kind = unit?.startsWith('hour') === true ? 'hours' : 'days';
    const fits = kind === 'hours' ? every >= leastHours && every <= 24 * mostDays : every >= 1 && every <= mostDays;
    return fits ? { kind, every } : undefined;
  }
  const fields = /^cron\(([^)]*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/);
  return fields?.length === 6 ? readCron(fields) : undefined;
}

/** The first time after `after`, epoch milliseconds, at which a rotation window opens; `undefined` when none ever does. */
export function nextRotation(schedule: RotationSchedule, after: number): number | undefined {
  if (schedule.kind === 'hours') return Math.floor(after / hourMs) * hourMs + schedule.every * hourMs;
  const today = Math.floor(after / dayMs) * dayMs;
  if (schedule.kind === 'days') return today + schedule.every * dayMs;
  for (let day = 0; day < longestSearchDays; day++) {
    const at = today + day * dayMs;
    if (!schedule.isDay(dayOf(at))) continue;
    const hour = schedule.hours.find((each) => at + each * hourMs > after);
    if (hour !== undefined) return at + hour * hourMs;
  }
  return undefined;
}

/** The longest that a rotation window may be, hours: it ends before the next begins and, but for a rate in hours, with the day. */
export function longestWindow(schedule: RotationSchedule): number {
  if (schedule.kind === 'hours') return Math.min(24, schedule.every);
  if (schedule.kind === 'days') return 24;
  return Math.min(...gapsOf(schedule.hours), ...schedule.hours.map((hour) => 24 - hour));
}

function readCron(fields: readonly string[]): RotationSchedule | undefined {
  const [minutes = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  // Windows open on the hour, and schedules are not more than a year apart.
  if (minutes !== '0' || year !== '*') return undefined;
  // Days are told by the month or by the week.
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) return undefined;
  const hours = readField(hour, 0, 23)?.toSorted((a, b) => a - b);
  const inMonths = readField(month, 1, 12, months);
  const isInMonth = dayOfMonth === '?' ? () => true : readDays(dayOfMonth);
  const isInWeek = dayOfWeek === '?' ? () => true : readWeekdays(dayOfWeek);
  if (hours === undefined || inMonths === undefined || isInMonth === undefined || isInWeek === undefined)
    return undefined;
  if (gapsOf(hours).some((gap) => gap < leastHours)) return undefined;
  return { kind: 'cron', hours, isDay: (day) => inMonths.includes(day.month) && isInMonth(day) && isInWeek(day) };
}

/** Hours from each to the next, over midnight for the last; those of one alone are a day. */
function gapsOf(hours: readonly number[]): number[] {
  return hours.map((hour, index) => (hours[index + 1] ?? 24 + (hours[0] ?? 0)) - hour);
}

function readDays(field: string): ((day: Day) => boolean) | undefined {
  if (field === 'L') return ({ dayOfMonth, daysOfMonth }) => dayOfMonth === daysOfMonth;
  const days = readField(field, 1, 31);
  return days && (({ dayOfMonth }) => days.includes(dayOfMonth));
}

function readWeekdays(field: string): ((day: Day) => boolean) | undefined {
  const [, name, week] = /^(.+)(?:#([1-5])|L)$/.exec(field) ?? [];
  if (name !== undefined) {
    const wanted = readField(name, 1, 7, weekdays);
    if (wanted?.length !== 1) return undefined;
    return ({ dayOfMonth, daysOfMonth, dayOfWeek }) => {
      const isThatWeek = week === undefined ? dayOfMonth + 7 > daysOfMonth : Math.ceil(dayOfMonth / 7) === Number(week);
      return wanted.includes(dayOfWeek) && isThatWeek;
    };
  }
  const days = readField(field === 'L' ? '7' : field, 1, 7, weekdays);
  return days && (({ dayOfWeek }) => days.includes(dayOfWeek));
}

/** The values of a field: `*`, `3`, `1-5`, `2/6`, `MON`, and lists of them. */
function readField(field: string, least: number, most: number, names: readonly string[] = []): number[] | undefined {
  const number = (text: string): number => {
    const name = names.indexOf(text.toUpperCase());
    return name >= 0 ? name + least : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [from = '', to] = range === '*' ? [String(least), String(most)] : range.split('-');
    const first = number(from);
    const last = to === undefined ? (step === undefined ? first : most) : number(to);
    const by = Number(step ?? 1);
    if (!(first >= least && last <= most && first <= last && by > 0)) return undefined;
    for (let value = first; value <= last; value += by) found.add(value);
  }
  return [...found];
}

function dayOf(at: number): Day {
  const date = dateOf(at);
  const dayOfMonth = date.getUTCDate();
  const isThere = (day: number): boolean => dateOf(at + (day - dayOfMonth) * dayMs).getUTCDate() === day;
  return {
    dayOfMonth,
    daysOfMonth: [31, 30, 29].find(isThere) ?? 28,
    month: date.getUTCMonth() + 1,
    dayOfWeek: date.getUTCDay() + 1,
  };
}
