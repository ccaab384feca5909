import { isoOf, type Clock } from './clock.ts';

/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured logging of the control plane itself (containers' logs go to `src/store/logs`). */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log whose lines carry `fields` as well. */
  with(fields: Record<string, unknown>): Log;
}

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that writes one line of text an entry: time, level, message, `key=value` pairs. */
export function textLog(clock: Clock, write: (line: string) => void, least: LogLevel = 'info'): Log {
  const make = (base: Record<string, unknown>): Log => {
    const at =
      (level: LogLevel) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        if (order[level] < order[least]) return;
        const pairs = Object.entries({ ...base, ...fields }).map(([key, value]) => `${key}=${text(value)}`);
        write([isoOf(clock.now()), level.padEnd(5), message, ...pairs].join(' '));
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => make({ ...base, ...fields }),
    };
  };
  return make({});
}

function text(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'string') return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

/** A log that says nothing. */
export const silentLog: Log = textLog(
  { now: () => 0, after: () => () => {}, sleep: () => Promise.resolve() },
  () => {},
);
