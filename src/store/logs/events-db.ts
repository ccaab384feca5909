import { compileFilterPattern } from '../../model/logs/filter-pattern.ts';
import type { Ids } from '../../base/ids.ts';
import { EventCipher, storedSizeOf } from './event-cipher.ts';
import {
  pageBytes,
  sizeOf,
  type Append,
  type Appended,
  type GroupPage,
  type GroupQuery,
  type StoredEvent,
  type StreamQuery,
  type StreamStats,
  type Unsealing,
} from './events.ts';
import { SqliteFile } from '../sqlite-file.ts';

/** The most events that one page of a search looks at, so that a search that finds nothing does not hold up the writers. */
const scanLimit = 20_000;

/** The most events that one step of a deletion removes, for the same reason. */
const removeLimit = 5_000;

const schema = `
  CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "group" INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ingestedAt INTEGER NOT NULL,
    -- A blob when it is encrypted.
    message TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS byGroup ON events ("group", at);
  CREATE INDEX IF NOT EXISTS byStream ON events (stream, at);
  CREATE TABLE IF NOT EXISTS streams (
    stream INTEGER PRIMARY KEY,
    "group" INTEGER NOT NULL,
    firstAt INTEGER NOT NULL,
    lastAt INTEGER NOT NULL,
    ingestedAt INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS streamsByGroup ON streams ("group");
  CREATE TABLE IF NOT EXISTS sources (
    runtimeId TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    seenAt INTEGER NOT NULL
  ) WITHOUT ROWID`;

/** An event as it is stored: its message in clear, or encrypted. */
type Row = Omit<StoredEvent, 'message'> & { readonly message: string | Uint8Array };

const eventColumns = 'id, stream, at, ingestedAt, message';

/**
 * Log events in one SQLite file. Synchronous: it lives in a thread of its own. An event's `id` rises with its arrival; the
 * indexes end with it (as SQLite's do), so that each reads in the order of time, then arrival.
 */
export class EventsDb extends SqliteFile {
  readonly #ids: Ids;

  constructor(path: string, ids: Ids) {
    super(path, schema);
    this.#ids = ids;
  }

  /** Stores everything as one transaction. */
  append(appends: readonly Append[]): Appended[] {
    return this.transact(() => appends.map((each) => this.#append(each)));
  }

  /** The highest sequence that was taken of a source; 0 when there was none. */
  taken(runtimeId: string): number {
    const row = this.sql('SELECT sequence FROM sources WHERE runtimeId = ?').get(runtimeId);
    return (row?.['sequence'] as number | undefined) ?? 0;
  }

  /**
   * At most `limit` events and 1 MiB of a stream, in the order of time whatever the direction; `sealed` when one is encrypted with a key
   * that is not given.
   */
  read({ stream, from, until, direction, beyond, limit, keys }: Unsealing<StreamQuery>): StoredEvent[] | 'sealed' {
    const cipher = new EventCipher(keys);
    const forward = direction === 'forward';
    const start = beyond ?? { at: forward ? from : until, id: 0 };
    // The bounds of `at` are what the index is entered by: a late page must not begin its walk at the first.
    const least = forward ? Math.max(from, start.at) : from;
    const most = forward ? until : Math.min(until, start.at + 1);
    const order = forward ? 'ASC' : 'DESC';
    const rows = this.sql(
      `SELECT ${eventColumns} FROM events WHERE stream = ? AND at >= ? AND at < ? AND (at, id) ${forward ? '>' : '<'} (?, ?)
       ORDER BY at ${order}, id ${order} LIMIT ?`,
    ).iterate(stream, least, most, start.at, start.id, limit);
    const found: StoredEvent[] = [];
    let bytes = 0;
    for (const row of rows as Iterable<unknown> as Iterable<Row>) {
      bytes += storedSizeOf(row.message);
      if (bytes > pageBytes && found.length > 0) break;
      const message = messageIn(row, cipher);
      if (message === undefined) return 'sealed';
      found.push({ ...row, message });
    }
    return forward ? found : found.toReversed();
  }

  /** A page of at most `limit` events and 1 MiB of a group that the pattern takes, in the order of time; `sealed` as in `read`. */
  search({ group, streams, from, until, after, pattern, limit, keys }: Unsealing<GroupQuery>): GroupPage | 'sealed' {
    const cipher = new EventCipher(keys);
    const takes = compileFilterPattern(pattern);
    const wanted = streams === undefined ? undefined : new Set(streams);
    const [only] = streams?.length === 1 ? streams : [];
    const start = after ?? { at: from, id: 0 };
    const rows = this.sql(
      `SELECT ${eventColumns} FROM events WHERE ${only === undefined ? '"group"' : 'stream'} = ?
       AND at >= ? AND at < ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?`,
    ).iterate(only ?? group, Math.max(from, start.at), until, start.at, start.id, scanLimit);
    const events: StoredEvent[] = [];
    let bytes = 0;
    let scanned = 0;
    let last = start;
    for (const row of rows as Iterable<unknown> as Iterable<Row>) {
      scanned += 1;
      if (wanted?.has(row.stream) !== false) {
        const message = messageIn(row, cipher);
        if (message === undefined) return 'sealed';
        if (takes(message)) {
          bytes += sizeOf(message);
          if (events.length === limit || (bytes > pageBytes && events.length > 0)) return { events, more: last };
          events.push({ ...row, message });
        }
      }
      last = { at: row.at, id: row.id };
    }
    return scanned < scanLimit ? { events } : { events, more: last };
  }

  /** What is known of the streams of these groups; a stream that never had an event is not among them. */
  stats(groups: readonly number[]): StreamStats[] {
    const statement = this.sql(
      'SELECT stream, "group", firstAt, lastAt, ingestedAt, bytes FROM streams WHERE "group" = ?',
    );
    return groups.flatMap((group) => statement.all(group).map((row) => ({ ...row }) as unknown as StreamStats));
  }

  /** The numbers of all streams that hold something. */
  known(): number[] {
    return this.sql('SELECT stream FROM streams')
      .all()
      .map((row) => row['stream'] as number);
  }

  /** One step of removing a stream with all its events; answers whether there is more to do. */
  removeStream(stream: number): boolean {
    return this.transact(() => {
      const { changes } = this.sql(
        'DELETE FROM events WHERE id IN (SELECT id FROM events WHERE stream = ? LIMIT ?)',
      ).run(stream, removeLimit);
      if (changes === removeLimit) return true;
      this.sql('DELETE FROM streams WHERE stream = ?').run(stream);
      return false;
    });
  }

  /** One step of removing a group's events from before a time; answers whether there is more to do. */
  expire(group: number, before: number): boolean {
    return this.transact(() => {
      const gone = this.sql(
        'SELECT id, stream, message FROM events WHERE "group" = ? AND at < ? ORDER BY at LIMIT ?',
      ).all(group, before, removeLimit) as unknown as Pick<Row, 'id' | 'stream' | 'message'>[];
      const bytes = new Map<number, number>();
      const remove = this.sql('DELETE FROM events WHERE id = ?');
      for (const { id, stream, message } of gone) {
        bytes.set(stream, (bytes.get(stream) ?? 0) + storedSizeOf(message));
        remove.run(id);
      }
      const update = this.sql(
        `UPDATE streams SET bytes = bytes - ?,
           firstAt = coalesce((SELECT min(at) FROM events WHERE events.stream = streams.stream), firstAt) WHERE stream = ?`,
      );
      for (const [stream, size] of bytes) update.run(size, stream);
      return gone.length === removeLimit;
    });
  }

  /** Forgets sources that were last heard of before a time. */
  forgetSources(before: number): void {
    this.sql('DELETE FROM sources WHERE seenAt < ?').run(before);
  }

  #append({ group, stream, at, events, key, source }: Append): Appended {
    if (source !== undefined) {
      const taken = this.taken(source.runtimeId);
      if (source.sequence <= taken) return { stored: false, sequence: taken };
      this.sql('INSERT OR REPLACE INTO sources (runtimeId, sequence, seenAt) VALUES (?, ?, ?)').run(
        source.runtimeId,
        source.sequence,
        at,
      );
    }
    const insert = this.sql('INSERT INTO events ("group", stream, at, ingestedAt, message) VALUES (?, ?, ?, ?, ?)');
    let bytes = 0;
    let first = Infinity;
    let last = -Infinity;
    const cipher = key === undefined ? undefined : { id: key.id, of: new EventCipher([key]) };
    for (const { timestamp, message } of events) {
      const stored = cipher?.of.seal(cipher.id, { stream, at: timestamp, message }, this.#ids) ?? message;
      insert.run(group, stream, timestamp, at, stored);
      bytes += sizeOf(message);
      first = Math.min(first, timestamp);
      last = Math.max(last, timestamp);
    }
    if (events.length > 0) {
      this.sql(
        `INSERT INTO streams (stream, "group", firstAt, lastAt, ingestedAt, bytes) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (stream) DO UPDATE SET firstAt = min(firstAt, excluded.firstAt), lastAt = max(lastAt, excluded.lastAt),
           ingestedAt = excluded.ingestedAt, bytes = bytes + excluded.bytes`,
      ).run(stream, group, first, last, at, bytes);
    }
    return { stored: true, sequence: source?.sequence ?? 0 };
  }
}

function messageIn({ stream, at, message }: Row, cipher: EventCipher): string | undefined {
  return typeof message === 'string' ? message : cipher.open({ stream, at, message });
}
