import { AwsError, messageOf } from '../base/errors.ts';
import { silentLog, type Log } from '../base/log.ts';
import { noJournal, type Journal, type JournalEntry } from './journal/journal.ts';
import { Ordered, type Entry } from './ordered.ts';
import type { Table } from './table.ts';

/** What one commit did to one row. `before` is absent for an insert, `after` for a delete. */
export interface Change {
  readonly table: string;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** One commit, as watchers see it: each row at most once. */
export interface Commit {
  /** Rises by one with every commit of this process. */
  readonly sequence: number;
  readonly changes: readonly Change[];
}

/** Reading; every answer is the state after the last commit (inside a transaction: and its own writes). */
export interface Reader {
  get<Row>(table: Table<Row>, key: string): Row | undefined;
  /** Every row, in the order of insertion. */
  list<Row>(table: Table<Row>): Row[];
  /** The rows found under `value` in a declared index, in the order of their insertion into the table. */
  by<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): Row[];
  count(table: Table<never>): number;
  /** The keys of every row, in the order of insertion. */
  keys(table: Table<never>): string[];
  /** The keys of the rows that `by` answers, in the same order, without reading those that rest. */
  keysBy<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): string[];
  /** The values that rows are found under in a declared index. */
  values<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>): string[];
  /** How many rows are found under `value` in a declared index; costs the same however many there are. */
  countBy<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): number;
  /**
   * A number for the rows found under `value`: while it is the same, so are they, and what was made of them. It costs the same however
   * many there are; 0 where there are none.
   */
  stampOf<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): number;
}

/** Writing, inside `Store.transact` only. */
export interface Transaction extends Reader {
  /** Inserts or replaces. Rows are values: hand over a new object, never a changed old one. */
  put<Row>(table: Table<Row>, row: Row): void;
  /** Replaces a row with what `change` makes of it, and answers the new one; `undefined` when there is no such row. */
  update<Row>(table: Table<Row>, key: string, change: (row: Row) => Row): Row | undefined;
  delete<Row>(table: Table<Row>, key: string): void;
}

type AnyTable = Table<unknown>;

/** A row as a transaction found it. */
interface Touched {
  readonly held: Held;
  readonly key: string;
  readonly before: Entry | undefined;
  readonly row: unknown;
}

interface Index {
  readonly name: string;
  readonly valuesOf: (row: unknown) => string | readonly string[] | undefined;
  readonly under: Map<string, Ordered>;
}

/** A table and what is in it. */
interface Held {
  readonly definition: AnyTable;
  readonly version: number;
  readonly rows: Ordered;
  readonly indexes: readonly Index[];
  /** What the open transaction touched, by key. */
  readonly touched: Map<string, Touched>;
}

/**
 * The state of the control plane: typed tables in memory, each commit journalled. Transactions are synchronous and
 * atomic: what throws inside one leaves no trace. A caller that answers somebody first awaits `flushed()`.
 *
 * While the journal cannot write (a full disk), reading goes on, writing throws a retryable `ServiceUnavailable`, and
 * `flushed()` rejects with the same, so that nothing is acknowledged that is not on disk. What was committed just before
 * stays in memory and reaches the disk once it can; a client that was refused may find its request done then, as after
 * any answer of 503.
 */
export class Store implements Reader {
  readonly #tables = new Map<string, Held>();
  readonly #watchers = new Map<
    object,
    { tables: ReadonlySet<string>; notify: (commit: Commit) => void; since: number }
  >();
  readonly #journal: Journal;
  readonly #log: Log;
  readonly #queue: Commit[] = [];
  #nextOrder = 0;
  #sequence = 0;
  #open = false;
  #notifying = false;
  /** A row that rests. */
  readonly #read = ({ order }: Entry): unknown => this.#journal.read?.(order);

  /**
   * Restores what the journal holds. `tables` must name every table that the journal may hold rows of; rows of an older
   * version of a table are migrated and written back.
   */
  constructor(tables: readonly Table<never>[], journal: Journal = noJournal, log: Log = silentLog) {
    this.#journal = journal;
    this.#log = log;
    for (const definition of tables as readonly unknown[] as readonly AnyTable[]) {
      if (this.#tables.has(definition.name)) throw new Error(`two tables are named ${definition.name}`);
      const indexes = Object.entries(definition.indexes).map(([name, valuesOf]) => ({
        name,
        valuesOf,
        under: new Map(),
      }));
      const version = definition.version ?? 1;
      this.#tables.set(definition.name, { definition, version, rows: new Ordered(), indexes, touched: new Map() });
    }
    this.#restore();
  }

  /** The number of commits made so far by this process: unchanged means that nothing was written in between. */
  get sequence(): number {
    return this.#sequence;
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    const entry = this.#held(table).rows.get(key);
    return (entry && (entry.row ?? this.#read(entry))) as Row | undefined;
  }

  list<Row>(table: Table<Row>): Row[] {
    return this.#held(table).rows.rows(this.#read) as Row[];
  }

  by<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): Row[] {
    return (this.#index(table, index).get(value)?.rows(this.#read) ?? []) as Row[];
  }

  count(table: Table<never>): number {
    return this.#held(table).rows.size;
  }

  keys(table: Table<never>): string[] {
    return this.#held(table).rows.keys();
  }

  keysBy<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): string[] {
    return this.#index(table, index).get(value)?.keys() ?? [];
  }

  values<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>): string[] {
    return [...this.#index(table, index).keys()];
  }

  countBy<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): number {
    return this.#index(table, index).get(value)?.size ?? 0;
  }

  stampOf<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): number {
    return this.#index(table, index).get(value)?.stamp ?? 0;
  }

  /** Runs `work` as one commit and answers what it returns. Not re-entrant; no `await` inside. */
  transact<Result>(work: (tx: Transaction) => Result): Result {
    if (this.#open) throw new Error('a transaction is already open');
    this.#open = true;
    const touched: Touched[] = [];
    let result: Result;
    let changes: readonly Change[];
    try {
      result = work(this.#transaction(touched));
      if (result instanceof Promise) throw new Error('a transaction is synchronous: no await inside');
      changes = this.#journalled(touched);
    } catch (error) {
      for (const { held, key, before, row } of touched) set(held, key, before, row);
      this.#rest(touched);
      throw error;
    } finally {
      this.#open = false;
      for (const { held } of touched) held.touched.clear();
    }
    this.#rest(touched);
    if (changes.length > 0) this.#tellAll(changes);
    return result;
  }

  /**
   * Calls `notify` after every commit from now on that touches one of `tables`, once each and in commit order, with that
   * commit's changes to those tables. A watcher may itself transact; what it commits is told after what is being told.
   * A watcher that throws is logged; neither the committer nor the other watchers notice.
   */
  watch(tables: readonly Table<never>[], notify: (commit: Commit) => void): () => void {
    const id = {};
    const names = new Set(tables.map((table) => this.#held(table).definition.name));
    this.#watchers.set(id, { tables: names, notify, since: this.#sequence });
    return () => void this.#watchers.delete(id);
  }

  /**
   * Resolves once every commit made so far is durable; rejects with `ServiceUnavailable` when the disk refuses. Who names the
   * `sequence` at which they began is not refused when nobody has committed since: they have only read.
   */
  async flushed(since?: number): Promise<void> {
    try {
      await this.#journal.flushed();
    } catch (error) {
      if (since === this.#sequence) return;
      throw unavailable(messageOf(error));
    }
  }

  /** Makes everything durable and closes the journal. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  /** Deletes every row of every table, as one commit. */
  reset(): void {
    this.transact((tx) => {
      for (const { definition, rows } of this.#tables.values()) {
        for (const key of rows.keys()) tx.delete(definition, key);
      }
    });
  }

  #transaction(touched: Touched[]): Transaction {
    const write = (held: Held, key: string, row: unknown): void => {
      if (!this.#open) throw new Error('this transaction is over');
      if (this.#journal.failure !== undefined) throw unavailable(this.#journal.failure);
      const entry = held.rows.get(key);
      // What it was found under must be known, and what it was.
      if (entry !== undefined) entry.row ??= this.#read(entry);
      let first = held.touched.get(key);
      if (first === undefined) {
        first = { held, key, before: entry, row: entry?.row };
        held.touched.set(key, first);
        touched.push(first);
      }
      // A row that is deleted and put again in one transaction keeps its place: to everyone else it never went.
      const place = entry ?? first.before ?? { row: undefined, order: this.#nextOrder++ };
      set(held, key, row === undefined ? undefined : place, row);
    };
    return {
      get: (table, key) => this.get(table, key),
      list: (table) => this.list(table),
      by: (table, index, value) => this.by(table, index, value),
      count: (table) => this.count(table),
      keys: (table) => this.keys(table),
      keysBy: (table, index, value) => this.keysBy(table, index, value),
      values: (table, index) => this.values(table, index),
      countBy: (table, index, value) => this.countBy(table, index, value),
      stampOf: (table, index, value) => this.stampOf(table, index, value),
      put: (table, row) => write(this.#held(table), table.key(row), row),
      update: (table, key, change) => {
        const row = this.get(table, key);
        if (row === undefined) return undefined;
        const changed = change(row);
        if (table.key(changed) !== key) throw new Error(`${table.name}: the key of a row never changes (${key})`);
        if (changed !== row) write(this.#held(table), key, changed);
        return changed;
      },
      delete: (table, key) => {
        const held = this.#held(table);
        if (held.rows.get(key) !== undefined) write(held, key, undefined);
      },
    };
  }

  /** Leaves to the journal what has come to rest, once it is on disk. */
  #rest(touched: readonly Touched[]): void {
    if (this.#journal.read === undefined) return;
    const resting = touched.flatMap(({ held, key }) => {
      const entry = held.rows.get(key);
      return entry !== undefined && held.definition.rests?.(entry.row) === true ? [{ entry, row: entry.row }] : [];
    });
    if (resting.length === 0) return;
    this.#journal.flushed().then(
      () => {
        for (const { entry, row } of resting) if (entry.row === row) entry.row = undefined;
      },
      // Then they stay: whoever waits for the disk is told that it refuses.
      () => {},
    );
  }

  /** Hands what the transaction changed to the journal, and answers it. */
  #journalled(touched: readonly Touched[]): readonly Change[] {
    const changes: Change[] = [];
    const entries: JournalEntry[] = [];
    for (const { held, key, before, row } of touched) {
      const after = held.rows.get(key);
      if (after?.row === row) continue;
      const table = held.definition.name;
      changes.push({ table, key, before: row, after: after?.row });
      const order = (after ?? before)?.order;
      if (order !== undefined) entries.push({ table, version: held.version, order, row: after?.row });
    }
    if (entries.length > 0) this.#journal.append(entries);
    return changes;
  }

  #tellAll(changes: readonly Change[]): void {
    this.#sequence += 1;
    this.#queue.push({ sequence: this.#sequence, changes });
    if (this.#notifying) return;
    this.#notifying = true;
    for (let commit = this.#queue.shift(); commit !== undefined; commit = this.#queue.shift()) this.#tell(commit);
    this.#notifying = false;
  }

  #tell(commit: Commit): void {
    for (const { tables, notify, since } of this.#watchers.values()) {
      if (commit.sequence <= since) continue;
      const changes = commit.changes.filter((change) => tables.has(change.table));
      if (changes.length === 0) continue;
      try {
        notify({ sequence: commit.sequence, changes });
      } catch (error) {
        const stack = error instanceof Error ? error.stack : undefined;
        this.#log.error('a watcher threw', { error: messageOf(error), stack, tables: [...tables].join(',') });
      }
    }
  }

  #restore(): void {
    const migrated: JournalEntry[] = [];
    for (const { table, version, order, row } of this.#journal.load()) {
      const held = this.#tables.get(table);
      if (held === undefined || version > held.version) {
        throw new Error(`the journal was written by a newer version: ${table} rows of version ${version}`);
      }
      let current = row;
      if (version < held.version) {
        if (held.definition.migrate === undefined) throw new Error(`${table}: no migration from version ${version}`);
        current = held.definition.migrate(row, version);
        migrated.push({ table, version: held.version, order, row: current });
      }
      const entry = { row: undefined, order };
      set(held, held.definition.key(current), entry, current);
      const rests = current === row && this.#journal.read !== undefined && held.definition.rests?.(current) === true;
      if (rests) entry.row = undefined;
      this.#nextOrder = Math.max(this.#nextOrder, order + 1);
    }
    if (migrated.length > 0) this.#journal.append(migrated);
  }

  #index(table: { readonly name: string }, index: string): ReadonlyMap<string, Ordered> {
    const found = this.#held(table).indexes.find(({ name }) => name === index);
    if (found === undefined) throw new Error(`${table.name} has no index ${index}`);
    return found.under;
  }

  #held(table: { readonly name: string }): Held {
    const held = this.#tables.get(table.name);
    if (held === undefined) throw new Error(`the store was not given the table ${table.name}`);
    return held;
  }
}

/** Puts a row into its table and under its index values, or takes it out of both when `entry` is `undefined`. */
function set(held: Held, key: string, entry: Entry | undefined, row: unknown): void {
  const old = held.rows.get(key);
  const { indexes } = held;
  // Every index function is asked before anything changes: one that throws must leave no half-indexed row.
  const moves = Array.from(indexes, ({ valuesOf, under }) => ({
    under,
    was: old === undefined ? none : listed(valuesOf(old.row)),
    is: entry === undefined ? none : listed(valuesOf(row)),
  }));
  for (const { under, was, is } of moves) {
    for (const value of was) {
      if (is.includes(value)) continue;
      const rows = under.get(value);
      if (rows === undefined) continue;
      rows.remove(key);
      rows.stamp = nextStamp();
      if (rows.size === 0) under.delete(value);
    }
    for (const value of is) {
      let rows = under.get(value);
      if (rows === undefined) under.set(value, (rows = new Ordered()));
      if (entry !== undefined && rows.get(key) === undefined) rows.add(key, entry);
      rows.stamp = nextStamp();
    }
  }
  if (entry === undefined) return held.rows.remove(key);
  entry.row = row;
  if (old === undefined) held.rows.add(key, entry);
}

let stamps = 0;

/** Never the same again in this process: one that was made of rows that are gone is not taken for one of those that came after. */
function nextStamp(): number {
  stamps += 1;
  return stamps;
}

const none: readonly string[] = [];

function listed(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return none;
  return typeof value === 'string' ? [value] : value;
}

function unavailable(why: string): AwsError {
  return new AwsError('ServiceUnavailable', `Nothing can be written at the moment: ${why}. Try again later.`, {
    status: 503,
  });
}
