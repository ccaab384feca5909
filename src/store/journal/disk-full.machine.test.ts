import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Store } from '../store.ts';
import { table } from '../table.ts';
import { SqliteJournal } from './sqlite.ts';

const items = table<{ readonly id: string; readonly body: string }>()({
  name: 'test.items',
  key: (row) => row.id,
  indexes: {},
});
let disk: string;

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'stowage-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
});
afterEach(() => {
  execFileSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true });
});

it('acknowledges nothing on a full disk, stays readable, and goes on by itself once there is room', async () => {
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1_000_000));
  const path = join(disk, 'state.sqlite');
  const store = new Store([items], new SqliteJournal(path));
  const acknowledged: string[] = [];
  const commit = async (id: string): Promise<void> => {
    store.transact((tx) => tx.put(items, { id, body: 'x'.repeat(10_000) }));
    await store.flushed();
    acknowledged.push(id);
  };
  const fill = async (): Promise<void> => {
    for (let n = 0; n < 1_000; n += 1) await commit(`${n}`);
  };
  const refused = { code: 'ServiceUnavailable', status: 503 };
  await expect(fill()).rejects.toMatchObject(refused);
  expect(acknowledged.length).toBeGreaterThan(5);
  await expect(commit('refused')).rejects.toMatchObject(refused);
  // The one that was on its way is in memory and waits for the disk; the one that was refused is nowhere.
  expect(store.count(items)).toBe(acknowledged.length + 1);
  rmSync(ballast);
  await expect
    .poll(() =>
      store.flushed().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await commit('after');
  const rows = store.list(items).map((row) => row.id);
  await store.close();
  const again = new Store([items], new SqliteJournal(path));
  expect(again.list(items).map((row) => row.id)).toEqual(rows);
  expect(rows).toEqual([...acknowledged.slice(0, -1), `${acknowledged.length - 1}`, 'after']);
  await again.close();
});
