import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * The thread that writes the journal: node:sqlite is synchronous, and the wait for the disk must not stop the requests.
 * Each message is a batch, written as one transaction: `[order, table, version, row, order, …]`, the row as JSON text or
 * `null` for a deletion. The answer is `null` once it is on disk, or the reason why it is not.
 */
export type Batch = readonly (string | number | null)[];

interface Open {
  readonly db: DatabaseSync;
  readonly put: StatementSync;
  readonly remove: StatementSync;
}

const { path } = workerData as { readonly path: string };
let open: Open | undefined;

function connect(): Open {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return {
    db,
    put: db.prepare('INSERT OR REPLACE INTO rows ("order", "table", version, row) VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM rows WHERE "order" = ?'),
  };
}

function write(batch: Batch): void {
  open ??= connect();
  const { db, put, remove } = open;
  db.exec('BEGIN IMMEDIATE');
  for (let at = 0; at < batch.length; at += 4) {
    const [order = null, table = null, version = null, row = null] = batch.slice(at, at + 4);
    if (row === null) remove.run(order);
    else put.run(order, table, version, row);
  }
  db.exec('COMMIT');
}

/** Forgets the connection after a failure: what the page cache holds is then in doubt, and opening anew recovers from the file. */
function forget(): void {
  try {
    open?.db.close();
  } catch {
    // It is being given up because it failed already.
  }
  open = undefined;
}

parentPort?.on('message', (batch: Batch | 'close') => {
  try {
    if (batch === 'close') forget();
    else write(batch);
    parentPort?.postMessage(null);
  } catch (error) {
    forget();
    parentPort?.postMessage(error instanceof Error ? error.message : String(error));
  }
});
