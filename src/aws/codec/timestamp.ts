import { dateOf, timeOf } from '../../base/clock.ts';
import type { TimestampFormat } from '../schema/shape.ts';

/** Writes a time in a format of Smithy's "timestampFormat trait"; seconds keep their milliseconds. */
export function writeTimestamp(date: Date, format: TimestampFormat): string | number {
  switch (format) {
    case 'epoch-seconds':
      return date.getTime() / 1000;
    case 'date-time':
      return date.toISOString().replace('.000Z', 'Z');
    case 'http-date':
      return date.toUTCString();
  }
}

/** Reads a time in any of the three formats, as AWS does whatever the model says; `undefined` when it is in none. */
export function readTimestamp(value: unknown): Date | undefined {
  const seconds = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds === 'number') return Math.abs(seconds) <= 8.64e12 ? dateOf(Math.round(seconds * 1000)) : undefined;
  const at = typeof value === 'string' ? timeOf(value) : undefined;
  return at === undefined ? undefined : dateOf(at);
}
