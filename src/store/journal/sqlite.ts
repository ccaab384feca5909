import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { systemClock, type Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { lockFile } from '../lock.ts';
import { Thread } from '../thread.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { Batch } from './sqlite-writer.ts';

/** Milliseconds between two attempts to write while the disk refuses. */
const retryMs = 250;

/** The file's own version, SQLite's `user_version`: rows have versions of theirs. */
const fileVersion = 1;

/**
 * A journal in one SQLite file (WAL, synchronous=FULL), written by a thread of its own with group commit: while one batch is
 * on its way to the disk, commits collect, and the next batch takes them all. Two processes cannot open the same one.
 */
export class SqliteJournal implements Journal {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #unlock: () => void;
  readonly #thread: Thread<Batch | 'close', string | null>;
  /** What the next batch will hold. */
  #pending: (string | number | null)[] = [];
  /** Settles when the next batch does. */
  #next = newPromise();
  /** Settles when the batch that is being written does. */
  #current: Promise<void> = Promise.resolve();
  /** Runs from the moment a batch is due until nothing is pending. */
  #run: Promise<void> | undefined;
  #failure: string | undefined;
  readonly #closing = new AbortController();
  #reading: { readonly db: DatabaseSync; readonly row: StatementSync } | undefined;

  /** `path` is the SQLite file; it and files beside it are made when missing. `clock` decides when to try again. */
  constructor(path: string, clock: Clock = systemClock) {
    this.#path = path;
    this.#clock = clock;
    this.#unlock = lockFile(`${path}.lock`);
    try {
      prepare(path);
    } catch (error) {
      this.#unlock();
      throw new Error(`cannot open the journal ${path}: ${messageOf(error)}`, { cause: error });
    }
    this.#thread = new Thread({
      name: 'sqlite-writer',
      base: import.meta.url,
      workerData: { path },
      closing: 'close',
      clock,
    });
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  *load(): Iterable<JournalEntry> {
    const db = new DatabaseSync(this.#path, { readOnly: true });
    try {
      const rows = db.prepare('SELECT "order", "table", version, row FROM rows ORDER BY "order"').iterate();
      for (const { order, table, version, row } of rows) {
        yield {
          order: order as number,
          table: table as string,
          version: version as number,
          row: JSON.parse(row as string) as unknown,
        };
      }
    } finally {
      db.close();
    }
  }

  read(order: number): unknown {
    this.#reading ??= openForReading(this.#path);
    const found = this.#reading.row.get(order);
    if (found === undefined) throw new Error(`${this.#path} has no row ${order}`);
    return JSON.parse(found['row'] as string);
  }

  append(entries: readonly JournalEntry[]): void {
    // Serialised here, so that a row that cannot be fails the transaction that wrote it and nobody else's.
    const texts = entries.map(({ row }) => (row === undefined ? null : JSON.stringify(row)));
    for (const [at, { order, table, version }] of entries.entries()) {
      this.#pending.push(order, table, version, texts[at] ?? null);
    }
    this.#run ??= this.#write();
  }

  flushed(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(new Error(this.#failure));
    return this.#pending.length > 0 ? this.#next.promise : this.#current;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#run;
    await this.#thread.end();
    this.#reading?.db.close();
    this.#reading = undefined;
    this.#unlock();
    if (this.#failure !== undefined) throw new Error(`${this.#path} is not complete: ${this.#failure}`);
  }

  /** Writes until nothing is pending. What the disk refuses stays pending, and is tried again until the disk takes it. */
  async #write(): Promise<void> {
    // Not at once: what else this turn commits goes along.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      const done = this.#next;
      this.#pending = [];
      this.#next = newPromise();
      this.#current = done.promise;
      const reason = await this.#thread.ask(batch).catch(messageOf);
      if (reason === null) {
        this.#failure = undefined;
        done.resolve();
        continue;
      }
      this.#failure = `the journal cannot be written (${reason})`;
      const late = this.#next;
      this.#pending = [...batch, ...this.#pending];
      this.#next = newPromise();
      for (const { reject } of [done, late]) reject(new Error(this.#failure));
      if (this.#closing.signal.aborted) break;
      await this.#clock.sleep(retryMs, this.#closing.signal).catch(() => {});
    }
    this.#run = undefined;
  }
}

/** A promise whose rejection nobody needs to await. */
function newPromise(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => {});
  return made;
}

/** A connection that reads single rows; what it keeps of the file in memory is the system's business. */
function openForReading(path: string): { readonly db: DatabaseSync; readonly row: StatementSync } {
  const db = new DatabaseSync(path, { readOnly: true });
  db.exec('PRAGMA cache_size = -256');
  return { db, row: db.prepare('SELECT row FROM rows WHERE "order" = ?') };
}

/** Makes the file and its table; refuses one that a later version wrote. */
function prepare(path: string): void {
  const db = new DatabaseSync(path);
  try {
    const { user_version: found } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (found > fileVersion) throw new Error(`it has version ${found}, this program knows ${fileVersion}`);
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS rows (
        "order" INTEGER PRIMARY KEY,
        "table" TEXT NOT NULL,
        version INTEGER NOT NULL,
        row TEXT NOT NULL
      );
      PRAGMA user_version = ${fileVersion}`);
  } finally {
    db.close();
  }
}
