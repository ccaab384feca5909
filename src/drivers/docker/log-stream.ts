import { timeOf } from '../../base/clock.ts';
import type { LogLine } from './driver.ts';

/** A piece of output and where it came from. */
export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/**
 * Splits the engine's multiplexed stream into frames: a header of eight bytes (1 or 2 for the stream, three zeros, the
 * length, big-endian) before each ("Stream format" of the Engine API's attach). A terminal's output is not multiplexed.
 */
export async function* frames(body: AsyncIterable<Uint8Array>, tty: boolean): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    if (tty) {
      yield { stream: 'stdout', data: Buffer.from(chunk) };
      continue;
    }
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let offset = 0;
    while (rest.length - offset >= 8) {
      const length = rest.readUInt32BE(offset + 4);
      if (rest.length - offset - 8 < length) break;
      yield {
        stream: rest[offset] === 2 ? 'stderr' : 'stdout',
        data: rest.subarray(offset + 8, offset + 8 + length),
      };
      offset += 8 + length;
    }
    rest = rest.subarray(offset);
  }
}

/** The engine cuts lines into entries of this many bytes, each stamped with the time of the first. */
const entryBytes = 16_384;

/**
 * Puts the lines together again. Every entry begins with its stamp and a blank; an entry without a line feed at its end
 * is continued by the next of the same stream, which repeats the stamp. `since` (exclusive) drops what is not after it.
 */
export async function* logLines(body: AsyncIterable<Uint8Array>, tty: boolean, since: string): AsyncGenerator<LogLine> {
  // A terminal's entries come without borders, so that only line feeds part them.
  if (tty) return yield* ttyLines(body, since);
  const open: Record<Frame['stream'], { stamp: string; parts: Buffer[] } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };
  for await (const { stream, data } of frames(body, false)) {
    const blank = data.indexOf(0x20);
    if (blank < 0) continue;
    const entry = (open[stream] ??= { stamp: data.toString('latin1', 0, blank), parts: [] });
    const whole = data[data.length - 1] === 0x0a;
    entry.parts.push(data.subarray(blank + 1, whole ? data.length - 1 : data.length));
    if (!whole) continue;
    open[stream] = undefined;
    const line = lineOf(stream, entry.stamp, Buffer.concat(entry.parts), since);
    if (line !== undefined) yield line;
  }
  // The last words of a process that ended without a line feed.
  for (const stream of ['stdout', 'stderr'] as const) {
    const entry = open[stream];
    const line = entry && lineOf(stream, entry.stamp, Buffer.concat(entry.parts), since);
    if (line !== undefined) yield line;
  }
}

async function* ttyLines(body: AsyncIterable<Uint8Array>, since: string): AsyncGenerator<LogLine> {
  let parts: Buffer[] = [];
  const finish = (): LogLine | undefined => {
    const data = Buffer.concat(parts);
    parts = [];
    const blank = data.indexOf(0x20);
    if (blank < 0) return undefined;
    const prefix = data.subarray(0, blank + 1);
    const pieces: Buffer[] = [];
    let at = blank + 1;
    // Further entries of a long line repeat the stamp where the entry before was full.
    while (at + entryBytes < data.length && data.subarray(at + entryBytes).indexOf(prefix) === 0) {
      pieces.push(data.subarray(at, at + entryBytes));
      at += entryBytes + prefix.length;
    }
    pieces.push(data.subarray(at));
    const text = Buffer.concat(pieces);
    const end = text[text.length - 1] === 0x0d ? text.length - 1 : text.length;
    return lineOf('stdout', data.toString('latin1', 0, blank), text.subarray(0, end), since);
  };
  for await (const chunk of body) {
    let data = Buffer.from(chunk);
    for (let feed = data.indexOf(0x0a); feed >= 0; feed = data.indexOf(0x0a)) {
      parts.push(data.subarray(0, feed));
      data = data.subarray(feed + 1);
      const line = finish();
      if (line !== undefined) yield line;
    }
    if (data.length > 0) parts.push(data);
  }
  const line = finish();
  if (line !== undefined) yield line;
}

function lineOf(stream: Frame['stream'], stamp: string, text: Buffer, since: string): LogLine | undefined {
  // Stamps are all UTC with nine fraction digits, so that they sort as text.
  if (since !== '' && stamp <= since) return undefined;
  return { stream, stamp, at: timeOf(stamp) ?? 0, line: text.toString('utf8') };
}

/** A stamp as the `since` parameter wants it: seconds, a point, nanoseconds. */
export function sinceQuery(stamp: string): string {
  const fraction = /\.(\d{1,9})/.exec(stamp)?.[1] ?? '0';
  return `${Math.floor((timeOf(stamp) ?? 0) / 1000)}.${fraction.padEnd(9, '0')}`;
}
