import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * A SQLite file of a thread's own, made as `schema` says where it is not: every commit is on disk before the next call.
 * What is asked of it stands in the classes that extend it.
 */
export class SqliteFile {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, schema: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${schema}`);
  }

  close(): void {
    this.#db.close();
  }

  /** Does some work as one transaction: all of it, or, when it throws, nothing. */
  protected transact<Result>(work: () => Result): Result {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // SQLite itself has rolled back already where, for one, the disk is full.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** A statement, prepared once. */
  protected sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.#db.prepare(text)));
    return statement;
  }
}
