import { describe, expect, it } from 'vitest';
import { longestWindow, nextRotation, readSchedule } from './rotation-schedule.ts';

// A Saturday.
const now = Date.UTC(2026, 0, 31, 9, 30);

describe('a schedule', () => {
  it.each<[string, string | undefined, number]>([
    ['rate(4 hours)', '2026-01-31T13', 4],
    ['rate(12 hours)', '2026-01-31T21', 12],
    ['rate(1 day)', '2026-02-01T00', 24],
    ['rate(10 days)', '2026-02-10T00', 24],
    ['cron(0 8 1 * ? *)', '2026-02-01T08', 16],
    ['cron(0 8/8 * * ? *)', '2026-01-31T16', 8],
    ['cron(0 4/12 * * ? *)', '2026-01-31T16', 8],
    ['cron(0 8 1/7 * ? *)', '2026-02-01T08', 16],
    ['cron(0 0 ? * SUN#1 *)', '2026-02-01T00', 24],
    ['cron(0 0 ? * 1#2 *)', '2026-02-08T00', 24],
    ['cron(0 10 L * ? *)', '2026-01-31T10', 14],
    ['cron(0 9 L * ? *)', '2026-02-28T09', 15],
    ['cron(0 16 ? * SATL *)', '2026-01-31T16', 8],
    ['cron(0 16 ? * 2L *)', '2026-02-23T16', 8],
    ['cron(0 0 ? * L *)', '2026-02-07T00', 24],
    ['cron(0 0 ? * MON-FRI *)', '2026-02-02T00', 24],
    ['cron(0 0 29 FEB ? *)', '2028-02-29T00', 24],
    ['cron(0 0 1 3,JUN ? *)', '2026-03-01T00', 24],
    ['cron(0 0 31 2 ? *)', undefined, 24],
  ])('%s has its next window at %s', (expression, next, window) => {
    const schedule = readSchedule(expression);
    if (schedule === undefined) throw new Error('it is none');
    const at = nextRotation(schedule, now);
    expect(at === undefined ? undefined : new Date(at).toISOString().slice(0, 13)).toBe(next);
    expect(longestWindow(schedule)).toBe(window);
  });

  it.each([
    'rate(3 hours)',
    'rate(0 days)',
    'rate(1000 days)',
    'rate(1 week)',
    'cron(5 8 1 * ? *)',
    'cron(0 8 1 * ? 2027)',
    'cron(0 8 1 * * *)',
    'cron(0 8 ? * ? *)',
    'cron(0 24 1 * ? *)',
    'cron(0 0,2 1 * ? *)',
    'cron(0 1,22 1 * ? *)',
    'cron(0 8 0 * ? *)',
    'cron(0 8 1 X ? *)',
    'cron(0 8 ? * 8 *)',
    'cron(0 8 ? * MON#6 *)',
    'cron(0 8 5-1 * ? *)',
    'cron(0 8 1/0 * ? *)',
    'cron(0 8 1 * ?)',
    'every day',
  ])('is not %s', (expression) => expect(readSchedule(expression)).toBeUndefined());
});
