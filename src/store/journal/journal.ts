/** One row's new value in a commit. */
export interface JournalEntry {
  readonly table: string;
  /** The version of the row's shape, as its table declares it. */
  readonly version: number;
  /** The row's identity in the journal: given at insertion, unique over all tables, never used twice. */
  readonly order: number;
  /** `undefined` when the row was deleted. */
  readonly row: unknown;
}

/**
 * Where commits become durable. Implementations keep the last value of each row and apply a commit wholly or not at all,
 * never without those before it.
 */
export interface Journal {
  /** Every row, once, by rising `order`. Called once, before the first `append`. */
  load(): Iterable<JournalEntry>;
  /**
   * The last durable value of a row that is there, by its `order`. Absent where the journal cannot be read in the same turn: then
   * every row stays in memory.
   */
  read?(order: number): unknown;
  /** Takes one commit. Synchronous and cheap: the write itself happens later, in commit order. */
  append(entries: readonly JournalEntry[]): void;
  /** Resolves once everything appended so far is on disk; rejects when it could not be written for now. */
  flushed(): Promise<void>;
  /**
   * Why nothing can be written at the moment (a full disk), `undefined` when all is well. The journal keeps what was
   * appended and tries again by itself.
   */
  readonly failure: string | undefined;
  /** Writes what is pending and releases the files; rejects when it could not be written. */
  close(): Promise<void>;
}

/** A journal that keeps nothing: for unit tests. */
export const noJournal: Journal = {
  load: () => [],
  append: () => {},
  flushed: () => Promise.resolve(),
  failure: undefined,
  close: () => Promise.resolve(),
};
