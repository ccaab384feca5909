/** One row's new value in a commit; `row` is `undefined` when the row was deleted. */
export interface JournalEntry {
  readonly table: string;
  readonly key: string;
  readonly row: unknown;
}

/**
 * Where commits become durable. Implementations keep the last value of each row, in the order in which the rows were
 * first written, and apply a commit wholly or not at all.
 */
export interface Journal {
  /** Every row, once, in the order of first writing. Called once, before the first `append`. */
  load(): Iterable<{ readonly table: string; readonly key: string; readonly row: unknown }>;
  /** Takes one commit. Synchronous and cheap: the write itself happens later, in commit order. */
  append(entries: readonly JournalEntry[]): void;
  /** Resolves once everything appended so far is on disk. */
  flushed(): Promise<void>;
  /** Writes what is pending and releases the files. */
  close(): Promise<void>;
}

/** A journal that keeps nothing: for unit tests. */
export const noJournal: Journal = {
  load: () => [],
  append: () => {},
  flushed: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
