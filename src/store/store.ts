import { noJournal, type Journal } from './journal/journal.ts';
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
  /** Every row, in the order of first insertion. */
  list<Row>(table: Table<Row>): Row[];
  /** The rows found under `value` in a declared index, in the order in which they came under it. */
  by<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): Row[];
  count(table: Table<never>): number;
  /** How many rows are found under `value` in a declared index; costs the same however many there are. */
  countBy<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): number;
}

/** Writing, inside `Store.transact` only. */
export interface Transaction extends Reader {
  /** Inserts or replaces. Rows are values: hand over a new object, never a changed old one. */
  put<Row>(table: Table<Row>, row: Row): void;
  /** Replaces a row with what `change` makes of it, and answers the new one; `undefined` when there is no such row. */
  update<Row>(table: Table<Row>, key: string, change: (row: Row) => Row): Row | undefined;
  delete<Row>(table: Table<Row>, key: string): void;
}

interface Held {
  readonly rows: Map<string, unknown>;
  /** index name → value → keys, in the order in which they came under the value. */
  readonly indexes: Map<string, Map<string, Set<string>>>;
}

type AnyTable = Table<unknown>;

/**
 * The state of the control plane: typed tables in memory, each commit journalled. Transactions are synchronous and
 * atomic: what throws inside one leaves no trace. A caller that answers somebody first awaits `flushed()`.
 */
export class Store implements Reader {
  readonly #tables = new Map<string, Held>();
  readonly #watchers = new Map<object, { tables: ReadonlySet<string>; notify: (commit: Commit) => void }>();
  readonly #journal: Journal;
  readonly #queue: Commit[] = [];
  #definitions = new Map<string, AnyTable>();
  #sequence = 0;
  #open = false;
  #notifying = false;

  /** Restores what the journal holds. `tables` must name every table that the journal may hold rows of. */
  constructor(tables: readonly Table<never>[], journal: Journal = noJournal) {
    this.#journal = journal;
    for (const definition of tables as readonly unknown[] as readonly AnyTable[]) {
      if (this.#definitions.has(definition.name)) throw new Error(`two tables are named ${definition.name}`);
      this.#definitions.set(definition.name, definition);
      const indexes = new Map(Object.keys(definition.indexes).map((name) => [name, new Map<string, Set<string>>()]));
      this.#tables.set(definition.name, { rows: new Map(), indexes });
    }
    for (const { table, key, row } of journal.load()) {
      const definition = this.#definitions.get(table);
      if (definition === undefined) throw new Error(`the journal holds rows of an unknown table, ${table}`);
      this.#set(definition, key, row);
    }
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    return this.#held(table).rows.get(key) as Row | undefined;
  }

  list<Row>(table: Table<Row>): Row[] {
    return [...this.#held(table).rows.values()] as Row[];
  }

  by<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): Row[] {
    const { rows, indexes } = this.#held(table);
    const found = indexes.get(index);
    if (found === undefined) throw new Error(`${table.name} has no index ${index}`);
    return Array.from(found.get(value) ?? [], (key) => rows.get(key) as Row);
  }

  count(table: Table<never>): number {
    return this.#held(table).rows.size;
  }

  countBy<Row, Index extends string>(table: Table<Row, Index>, index: NoInfer<Index>, value: string): number {
    const found = this.#held(table).indexes.get(index);
    if (found === undefined) throw new Error(`${table.name} has no index ${index}`);
    return found.get(value)?.size ?? 0;
  }

  /** Runs `work` as one commit and answers what it returns. Not re-entrant; no `await` inside. */
  transact<Result>(work: (tx: Transaction) => Result): Result {
    if (this.#open) throw new Error('a transaction is already open');
    this.#open = true;
    /** The rows this transaction touched, as they were before it. */
    const before = new Map<string, { definition: AnyTable; key: string; row: unknown }>();
    const write = (definition: AnyTable, key: string, row: unknown): void => {
      const id = `${definition.name} ${key}`;
      if (!before.has(id)) before.set(id, { definition, key, row: this.#held(definition).rows.get(key) });
      this.#set(definition, key, row);
    };
    const tx: Transaction = {
      get: (table, key) => this.get(table, key),
      list: (table) => this.list(table),
      by: (table, index, value) => this.by(table, index, value),
      count: (table) => this.count(table),
      countBy: (table, index, value) => this.countBy(table, index, value),
      put: (table, row) => write(table as AnyTable, table.key(row), row),
      update: (table, key, change) => {
        const row = this.get(table, key);
        if (row === undefined) return undefined;
        const changed = change(row);
        if (table.key(changed) !== key) throw new Error(`${table.name}: the key of a row never changes (${key})`);
        if (changed !== row) write(table as AnyTable, key, changed);
        return changed;
      },
      delete: (table, key) => write(table as AnyTable, key, undefined),
    };
    let result: Result;
    try {
      result = work(tx);
    } catch (error) {
      for (const { definition, key, row } of [...before.values()].toReversed()) this.#set(definition, key, row);
      throw error;
    } finally {
      this.#open = false;
    }
    const changes: Change[] = [];
    for (const { definition, key, row } of before.values()) {
      const after = this.#held(definition).rows.get(key);
      if (after !== row) changes.push({ table: definition.name, key, before: row, after });
    }
    if (changes.length > 0) this.#commit(changes);
    return result;
  }

  /**
   * Calls `notify` after every commit that touches one of `tables`, once each and in commit order, with that commit's
   * changes to those tables. A watcher may itself transact; what it commits is told after what is being told.
   */
  watch(tables: readonly Table<never>[], notify: (commit: Commit) => void): () => void {
    const id = {};
    this.#watchers.set(id, { tables: new Set(tables.map((table) => table.name)), notify });
    return () => void this.#watchers.delete(id);
  }

  /** Resolves once every commit made so far is durable. */
  flushed(): Promise<void> {
    return this.#journal.flushed();
  }

  /** Makes everything durable and closes the journal. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  /** Deletes every row of every table, as one commit. */
  reset(): void {
    this.transact((tx) => {
      for (const [name, { rows }] of this.#tables) {
        const definition = this.#definitions.get(name);
        if (definition !== undefined) for (const key of rows.keys()) tx.delete(definition, key);
      }
    });
  }

  #commit(changes: readonly Change[]): void {
    this.#journal.append(changes.map(({ table, key, after }) => ({ table, key, row: after })));
    this.#sequence += 1;
    this.#queue.push({ sequence: this.#sequence, changes });
    if (this.#notifying) return;
    this.#notifying = true;
    try {
      for (let commit = this.#queue.shift(); commit !== undefined; commit = this.#queue.shift()) this.#tell(commit);
    } finally {
      this.#notifying = false;
    }
  }

  #tell(commit: Commit): void {
    for (const { tables, notify } of this.#watchers.values()) {
      const changes = commit.changes.filter((change) => tables.has(change.table));
      if (changes.length > 0) notify({ sequence: commit.sequence, changes });
    }
  }

  #held(table: { readonly name: string }): Held {
    const held = this.#tables.get(table.name);
    if (held === undefined) throw new Error(`the store was not given the table ${table.name}`);
    return held;
  }

  #set(definition: AnyTable, key: string, row: unknown): void {
    const { rows, indexes } = this.#held(definition);
    const old = rows.get(key);
    for (const [name, under] of indexes) {
      const valuesOf = definition.indexes[name];
      const was = old === undefined ? [] : listed(valuesOf?.(old));
      const is = row === undefined ? [] : listed(valuesOf?.(row));
      for (const value of was) {
        if (is.includes(value)) continue;
        const keys = under.get(value);
        keys?.delete(key);
        if (keys?.size === 0) under.delete(value);
      }
      for (const value of is) {
        let keys = under.get(value);
        if (keys === undefined) under.set(value, (keys = new Set()));
        keys.add(key);
      }
    }
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }
}

function listed(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
