import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { systemIds } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { SqliteJournal } from '../src/store/journal/sqlite.ts';
import { Vault } from '../src/store/keys/vault.ts';
import { LogStore } from '../src/store/logs/log-store.ts';
import { Store } from '../src/store/store.ts';
import { table } from '../src/store/table.ts';
import { logGroups, logStreams, newLogGroup, newLogStream } from '../src/store/tables/logs.ts';
import { median, nowMs, type Row } from './report.ts';

/** About as large as a task's row. */
interface Item {
  readonly arn: string;
  readonly cluster: string;
  readonly body: string;
}
const items = table<Item>()({ name: 'bench.items', key: (row) => row.arn, indexes: { cluster: (row) => row.cluster } });
const body = 'x'.repeat(900);
const rounds = 3;
const clients = 256;

/** Durable commits with one client and with 256, against appending the same bytes with an fdatasync each; restart; log events. */
export async function benchStore(): Promise<Row[]> {
  // Beside the sources and not in /tmp, which may be memory.
  const home = mkdtempSync(join(import.meta.dirname, '..', '.bench-store-'));
  try {
    const store = new Store([items, logGroups, logStreams], new SqliteJournal(join(home, 'state.sqlite')));
    let next = 0;
    const commit = (): Promise<void> => {
      const n = (next += 1);
      store.transact((tx) =>
        tx.put(items, { arn: `arn:aws:ecs:us-east-1:000000000000:task/c/${n}`, cluster: `c${n % 10}`, body }),
      );
      return store.flushed();
    };
    await commit();
    const floors: number[] = [];
    const singles: number[] = [];
    const manies: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      floors.push(appendRate(join(home, 'floor'), 1_000));
      singles.push(await rate(1_000, 1, commit));
      manies.push(await rate(30_000, clients, commit));
    }
    await rate(100_000 - next, 1_000, commit);
    await store.close();
    const startedAt = nowMs();
    const again = new Store([items, logGroups, logStreams], new SqliteJournal(join(home, 'state.sqlite')));
    const restart = nowMs() - startedAt;
    const events = await logRate(again, home);
    await again.close();
    const floor = { floor: median(floors), against: 'append + fdatasync each' };
    return [
      { name: 'durable commits, 1 client', value: median(singles), unit: '/s', ...floor, rate: true },
      { name: `durable commits, ${clients} clients`, value: median(manies), unit: '/s', ...floor, rate: true },
      { name: 'restart with 100,000 rows', value: restart, unit: 'ms' },
      { name: 'durable log events, 64 streams, 10 an append', value: events, unit: '/s', ...floor, rate: true },
    ];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The floor: one writer, one append of a row's size and one fdatasync a commit. */
function appendRate(path: string, times: number): number {
  const file = openSync(path, 'a');
  const bytes = Buffer.alloc(1_000, 'x');
  const startedAt = nowMs();
  for (let n = 0; n < times; n += 1) {
    writeSync(file, bytes);
    fdatasyncSync(file);
  }
  const took = nowMs() - startedAt;
  closeSync(file);
  return times / (took / 1000);
}

/** How often `work` is done a second by `workers` that each wait for their own. */
async function rate(times: number, workers: number, work: () => Promise<void>): Promise<number> {
  const startedAt = nowMs();
  let left = times;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return times / ((nowMs() - startedAt) / 1000);
}

async function logRate(store: Store, home: string): Promise<number> {
  const vault = new Vault({ ids: systemIds, root: new Uint8Array(32) });
  const deps = { store, clock: systemClock, ids: systemIds, log: silentLog, vault };
  const logs = new LogStore({ ...deps, path: join(home, 'logs.sqlite') });
  const group = newLogGroup({ account: '000000000000', region: 'us-east-1' }, 'bench', systemClock.now(), systemIds);
  const streams = Array.from({ length: 64 }, (_, n) => newLogStream(group, `${n}`, systemClock.now(), systemIds));
  const message = 'a line of a container, about as long as lines are: '.padEnd(120, '.');
  let turn = 0;
  const append = (): Promise<void> => {
    const stream = streams[(turn += 1) % streams.length];
    if (stream === undefined) throw new Error('no stream');
    const timestamp = systemClock.now();
    return logs.append(
      group,
      stream,
      Array.from({ length: 10 }, () => ({ timestamp, message })),
    );
  };
  await append();
  const appends = await rate(4_000, streams.length, append);
  await logs.close();
  return appends * 10;
}
