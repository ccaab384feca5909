import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Store } from '../store.ts';
import { table } from '../table.ts';
import { allTables, counters, lefts, rights, type Half } from './killed-writer.fixture.ts';
import { SqliteJournal } from './sqlite.ts';

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stowage-journal-'));
  path = join(home, 'journal.db');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const rowOf = (n: number): Half => ({ id: `${n}`, client: 0, n, padding: '' });

describe('SqliteJournal', () => {
  it('keeps rows, their order and deletions over restarts', async () => {
    for (let round = 0; round < 3; round += 1) {
      const store = new Store(allTables, new SqliteJournal(path));
      const expected = Array.from({ length: round * 10 }, (_, i) => i).filter((n) => n % 10 !== 3);
      expect(store.list(lefts).map((row) => row.n)).toEqual(expected);
      for (let n = round * 10; n < round * 10 + 10; n += 1) store.transact((tx) => tx.put(lefts, rowOf(n)));
      store.transact((tx) => tx.delete(lefts, `${round * 10 + 3}`));
      await store.flushed();
      store.transact((tx) => tx.update(lefts, '0', (row) => ({ ...row, padding: 'changed' })));
      await store.close();
    }
  });

  it('answers single rows as they were last written, while others are', async () => {
    const store = new Store(allTables, new SqliteJournal(path));
    const put = (n: number, padding: string): void => store.transact((tx) => tx.put(rights, { ...rowOf(n), padding }));
    for (let n = 0; n < 100; n += 1) put(n, 'first');
    for (let round = 0; round < 20; round += 1) {
      await store.flushed();
      put(round, 'second');
      const expected = Array.from({ length: 100 }, (_, n) => (n <= round ? 'second' : 'first'));
      expect(store.list(rights).map(({ padding }) => padding)).toEqual(expected);
    }
    store.transact((tx) => tx.delete(rights, '4'));
    await store.flushed();
    expect([store.get(rights, '4'), store.get(rights, '6')?.n]).toEqual([undefined, 6]);
    await store.close();
  });

  it('cannot be opened twice, nor when a later version wrote it', async () => {
    const journal = new SqliteJournal(path);
    expect(() => new SqliteJournal(path)).toThrow('another process uses this state');
    await journal.close();
    await new SqliteJournal(path).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => new SqliteJournal(path)).toThrow('it has version 99');
  });

  it('loses no acknowledged commit and tears none when its process is killed, again and again', async () => {
    let acknowledged = 0;
    for (let round = 0; round < 10; round += 1) {
      const seen = await killWriterAfter(path, 1 + ((round * 37) % 200));
      const store = new Store(allTables, new SqliteJournal(path));
      const held = store.list(lefts);
      expect(held).toEqual(store.list(rights));
      for (const [client, n] of seen) {
        const counter = store.get(counters, `${client}`)?.n ?? 0;
        expect(counter).toBeGreaterThanOrEqual(n);
        // Commits of one client are there up to one point and without a hole, and the last fifty are all that is left.
        const mine = held.filter((row) => row.client === client).map((row) => row.n);
        expect(mine).toEqual(
          Array.from({ length: Math.min(50, counter) }, (_, i) => Math.max(0, counter - 50) + i + 1),
        );
        acknowledged = Math.max(acknowledged, n);
      }
      await store.close();
    }
    expect(acknowledged).toBeGreaterThan(100);
  });

  it('acknowledges nothing while it cannot write, and recovers by itself with nothing lost', async () => {
    const store = new Store(allTables, new SqliteJournal(path));
    store.transact((tx) => tx.put(lefts, rowOf(1)));
    await store.flushed();
    // Another connection that holds the write lock stands for a disk that refuses.
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    store.transact((tx) => tx.put(lefts, rowOf(2)));
    await expect(store.flushed()).rejects.toMatchObject({ code: 'ServiceUnavailable', status: 503 });
    expect(() => store.transact((tx) => tx.put(lefts, rowOf(3)))).toThrow('cannot be written');
    expect(store.list(lefts).map((row) => row.n)).toEqual([1, 2]);
    blocker.exec('COMMIT');
    blocker.close();
    await expect
      .poll(() =>
        store.flushed().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    store.transact((tx) => tx.put(lefts, rowOf(4)));
    await store.close();
    const again = new Store(allTables, new SqliteJournal(path));
    expect(again.list(lefts).map((row) => row.n)).toEqual([1, 2, 4]);
    await again.close();
  });

  it('writes migrated rows back', async () => {
    const first = new Store(allTables, new SqliteJournal(path));
    first.transact((tx) => tx.put(counters, rowOf(1)));
    await first.close();
    const newer = table<Half>()({ ...counters, version: 2, migrate: (row) => ({ ...(row as Half), padding: 'new' }) });
    await new Store([lefts, rights, newer], new SqliteJournal(path)).close();
    const journal = new SqliteJournal(path);
    expect([...journal.load()]).toMatchObject([{ version: 2, row: { padding: 'new' } }]);
    await journal.close();
  });
});

/** Starts a writer, kills it with SIGKILL after `acknowledgements`, and answers the highest acknowledged `n` of each client. */
async function killWriterAfter(path: string, acknowledgements: number): Promise<Map<number, number>> {
  const program = join(import.meta.dirname, 'killed-writer.fixture.ts');
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let lines = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= acknowledgements) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const seen = new Map<number, number>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [client = -1, n = -1] = line.split(' ').map(Number);
    seen.set(client, n);
  }
  return seen;
}
