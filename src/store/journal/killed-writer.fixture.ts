import { writeSync } from 'node:fs';
import { Store } from '../store.ts';
import { table } from '../table.ts';
import { SqliteJournal } from './sqlite.ts';

/** Half of a commit: each writes one row of both tables, and raises the client's counter. */
export interface Half {
  readonly id: string;
  readonly client: number;
  readonly n: number;
  readonly padding: string;
}

export const lefts = table<Half>()({ name: 'test.lefts', key: (row) => row.id, indexes: {} });
/** Half of them rest. */
export const rights = table<Half>()({
  name: 'test.rights',
  key: (row) => row.id,
  indexes: {},
  rests: (row) => row.n % 2 === 0,
});
export const counters = table<Half>()({ name: 'test.counters', key: (row) => row.id, indexes: {} });
export const allTables = [lefts, rights, counters];

/** Run as a program: eight clients commit as fast as they can and print `client n` once a commit is acknowledged. */
async function main(path: string): Promise<void> {
  const store = new Store(allTables, new SqliteJournal(path));
  const client = async (client: number): Promise<never> => {
    for (let n = (store.get(counters, `${client}`)?.n ?? 0) + 1; ; n += 1) {
      const half = { id: `${client}-${n}`, client, n, padding: '.'.repeat((n * 97) % 2000) };
      store.transact((tx) => {
        tx.put(lefts, half);
        tx.put(counters, { ...half, id: `${client}` });
        tx.put(rights, half);
        if (n > 50) {
          tx.delete(lefts, `${client}-${n - 50}`);
          tx.delete(rights, `${client}-${n - 50}`);
        }
      });
      await store.flushed();
      writeSync(1, `${client} ${n}\n`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, id) => client(id)));
}

if (import.meta.main) await main(process.argv[2] ?? '');
