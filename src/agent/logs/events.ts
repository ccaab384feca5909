import { isoOf, timeOf } from '../../base/clock.ts';
import type { LogEvent } from '../../wire/messages.ts';

/** The first nanosecond that a position can name, and how many nanoseconds one step is: 2^53 steps last until 2062. */
const originMs = 1_767_225_600_000;
const stepNanos = 128n;

/**
 * The position of a line in its container's output: a safe integer that rises with the engine's stamp and can be turned
 * back into one, so that a new process can go on where an old one was.
 */
export function positionOf(stamp: string): number {
  const fraction = (/\.(\d{1,9})/.exec(stamp)?.[1] ?? '').padEnd(9, '0');
  const wholeMs = Math.floor((timeOf(stamp) ?? 0) / 1000) * 1000;
  const nanos = BigInt(wholeMs - originMs) * 1_000_000n + BigInt(fraction);
  return Number(nanos / stepNanos);
}

/** A stamp not after any line whose position is above `position`; `undefined` for the beginning. */
export function stampBefore(position: number): string | undefined {
  if (position <= 0) return undefined;
  const nanos = BigInt(position) * stepNanos;
  const ms = Number(nanos / 1_000_000n) + originMs;
  return isoOf(ms).replace('Z', `${(nanos % 1_000_000n).toString().padStart(6, '0')}Z`);
}

/** An event and the position of its last line. */
export interface PositionedEvent extends LogEvent {
  readonly position: number;
  readonly bytes: number;
}

/** The longest event's bytes: what PutLogEvents takes, less what it counts for each event. */
const maxEventBytes = 262_144 - eventOverheadBytes();

/** What PutLogEvents counts for each event besides its message. */
export function eventOverheadBytes(): number {
  return 26;
}

/**
 * Turns lines into events as Docker's `awslogs` driver does: empty lines are left out, long ones cut; where `start` is
 * given, lines are gathered, with their line feeds, until the next one that matches it.
 */
export class EventMaker {
  readonly #start: RegExp | undefined;
  #open: { timestamp: number; text: string; bytes: number; position: number } | undefined;

  constructor(start: RegExp | undefined) {
    this.#start = start;
  }

  /** Adds a line and answers the events that it completes. */
  add(line: string, timestamp: number, position: number): PositionedEvent[] {
    if (this.#start === undefined) return cut(line, timestamp, position);
    const bytes = Buffer.byteLength(line) + 1;
    const done =
      this.#open !== undefined && (this.#start.test(line) || this.#open.bytes + bytes > maxEventBytes)
        ? this.flush()
        : [];
    this.#open = {
      timestamp: this.#open?.timestamp ?? timestamp,
      text: `${this.#open?.text ?? ''}${line}\n`,
      bytes: (this.#open?.bytes ?? 0) + bytes,
      position,
    };
    return done;
  }

  /** Whether lines wait for the next event to begin. */
  get waiting(): boolean {
    return this.#open !== undefined;
  }

  /** Ends the event that is open: nothing came for a while, or nothing will. */
  flush(): PositionedEvent[] {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? [] : cut(open.text, open.timestamp, open.position);
  }
}

function cut(text: string, timestamp: number, position: number): PositionedEvent[] {
  if (text.length * 3 <= maxEventBytes || Buffer.byteLength(text) <= maxEventBytes) {
    return text === '' ? [] : [{ timestamp, message: text, position, bytes: Buffer.byteLength(text) }];
  }
  const events: PositionedEvent[] = [];
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    let end = Math.min(maxEventBytes, rest.length);
    // Never inside a character: continuation bytes of UTF-8 begin with the bits 10.
    while (end < rest.length && end > 0 && ((rest[end] ?? 0) & 0xc0) === 0x80) end--;
    events.push({ timestamp, message: rest.toString('utf8', 0, end), position, bytes: end });
    rest = rest.subarray(end);
  }
  return events;
}
