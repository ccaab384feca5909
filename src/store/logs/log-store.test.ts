import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { Vault } from '../keys/vault.ts';
import { Store } from '../store.ts';
import { logGroupKey, logGroups, logStreamKey, logStreams, newLogGroup } from '../tables/logs.ts';
import { SqliteJournal } from '../journal/sqlite.ts';
import { LogStore, type ContainerOutput, type Followed } from './log-store.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const day = 86_400_000;
let home: string;
let clock: FakeClock;
const open: { close(): Promise<void> }[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stowage-logs-'));
  clock = new FakeClock();
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  rmSync(home, { recursive: true, force: true });
});

function start(): { store: Store; logs: LogStore } {
  const store = new Store([logGroups, logStreams], new SqliteJournal(join(home, 'state.db')));
  const ids = seededIds(1);
  const vault = new Vault({ ids, root: new Uint8Array(32) });
  const logs = new LogStore({ store, clock, ids, log: silentLog, vault, path: join(home, 'logs.db') });
  logs.start();
  open.push(logs, store);
  return { store, logs };
}

async function stop(): Promise<void> {
  for (const each of open.splice(0)) await each.close();
}

const output = (
  sequence: number,
  messages: readonly string[],
  more: Partial<ContainerOutput> = {},
): ContainerOutput => ({
  runtimeId: 'c1',
  sequence,
  ...scope,
  logGroup: 'g',
  logStream: 's',
  createGroup: true,
  events: messages.map((message) => ({ timestamp: clock.now(), message })),
  ...more,
});

async function messages({ store, logs }: { store: Store; logs: LogStore }, name = 's'): Promise<string[]> {
  const stream = store.get(logStreams, logStreamKey(scope, 'g', name));
  const group = store.get(logGroups, logGroupKey(scope, 'g')) ?? newLogGroup(scope, 'g', 0, seededIds(1));
  const events = await logs.read(group, {
    stream: stream?.eventsId ?? -1,
    from: 0,
    until: Number.MAX_SAFE_INTEGER,
    direction: 'forward',
    limit: 10_000,
  });
  return events.map((event) => event.message);
}

it('takes the output of a container once, however often it is sent, also over restarts', async () => {
  let here = start();
  expect(await here.logs.take(output(0, []))).toEqual({ sequence: 0 });
  expect(await here.logs.take(output(3, ['a', 'b', 'c']))).toEqual({ sequence: 3 });
  await stop();
  here = start();
  expect(await here.logs.take(output(0, []))).toEqual({ sequence: 3 });
  expect(await here.logs.take(output(3, ['a', 'b', 'c']))).toEqual({ sequence: 3 });
  const both = await Promise.all([here.logs.take(output(5, ['d', 'e'])), here.logs.take(output(5, ['d', 'e']))]);
  expect(both).toEqual([{ sequence: 5 }, { sequence: 5 }]);
  expect(await here.logs.take(output(1, ['x'], { runtimeId: 'c2' }))).toEqual({ sequence: 1 });
  expect(await messages(here)).toEqual(['a', 'b', 'c', 'd', 'e', 'x']);
});

it('says when the group is missing and is not to be made', async () => {
  const { store, logs } = start();
  const refused = { sequence: 0, error: 'ResourceNotFoundException: The specified log group does not exist.' };
  expect(await logs.take(output(1, ['a'], { createGroup: false }))).toEqual(refused);
  expect(store.count(logStreams)).toBe(0);
  await logs.take(output(0, []));
  expect(store.get(logGroups, logGroupKey(scope, 'g'))).toMatchObject({ name: 'g', createdAt: clock.now() });
  expect(await logs.take(output(1, ['a'], { createGroup: false }))).toEqual({ sequence: 1 });
});

it('tells followers of a group what was stored, in order', async () => {
  const { store, logs } = start();
  await logs.take(output(0, []));
  const group = store.get(logGroups, logGroupKey(scope, 'g'));
  if (group === undefined) throw new Error('no group');
  const heard: Followed[] = [];
  const stop = logs.follow(group, (batch) => heard.push(batch));
  await Promise.all([1, 2, 3].map((n) => logs.take(output(n, [`${n}`]))));
  await logs.take(output(3, ['3']));
  stop();
  await logs.take(output(4, ['4']));
  expect(heard.flatMap((batch) => batch.events.map((event) => event.message))).toEqual(['1', '2', '3']);
});

it('removes what expires, and counts what is left', async () => {
  const here = start();
  const { store, logs } = here;
  await logs.take(output(1, ['old']));
  await clock.advance(2 * day);
  await logs.take(output(2, ['new']));
  const key = logGroupKey(scope, 'g');
  store.transact((tx) => tx.update(logGroups, key, (group) => ({ ...group, retentionInDays: 1 })));
  await logs.settled();
  expect(await messages(here)).toEqual(['new']);
  const groups = store.list(logGroups);
  expect(await logs.stats(groups)).toMatchObject([{ firstAt: clock.now(), bytes: 29 }]);
  await clock.advance(2 * day);
  await logs.settled();
  expect(await messages(here)).toEqual([]);
});

it('removes the events of streams that went, also when they went while it was not running', async () => {
  let here = start();
  await here.logs.take(output(1, ['a']));
  await here.logs.take(output(1, ['b'], { runtimeId: 'c2', logStream: 't' }));
  const drop = (name: string): void =>
    here.store.transact((tx) => tx.delete(logStreams, logStreamKey(scope, 'g', name)));
  drop('s');
  await here.logs.settled();
  await here.logs.close();
  drop('t');
  await here.store.close();
  open.length = 0;
  here = start();
  await here.logs.settled();
  await stop();
  const db = new DatabaseSync(join(home, 'logs.db'));
  expect(db.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 0 });
  expect(db.prepare('SELECT count(*) AS n FROM streams').get()).toEqual({ n: 0 });
  db.close();
});

it('acknowledges nothing that it cannot write, and goes on once it can', async () => {
  const here = start();
  await here.logs.take(output(1, ['a']));
  const blocker = new DatabaseSync(join(home, 'logs.db'));
  blocker.exec('BEGIN IMMEDIATE');
  await expect(here.logs.take(output(2, ['b']))).rejects.toMatchObject({
    code: 'ServiceUnavailableException',
    status: 503,
  });
  blocker.exec('COMMIT');
  blocker.close();
  expect(await here.logs.take(output(2, ['b']))).toEqual({ sequence: 2 });
  expect(await messages(here)).toEqual(['a', 'b']);
});

it('goes through more than one page of a search that finds little', async () => {
  const { store, logs } = start();
  const many = Array.from({ length: 25_000 }, (_, n) => (n === 24_000 ? 'needle' : 'hay'));
  await logs.take(output(1, many));
  const [group] = store.list(logGroups);
  if (group === undefined) throw new Error('there is no group');
  const query = { from: 0, until: Number.MAX_SAFE_INTEGER, pattern: 'needle', limit: 10 };
  const first = await logs.search(group, query);
  expect(first.events).toEqual([]);
  const second = await logs.search(group, { ...query, ...(first.more === undefined ? {} : { after: first.more }) });
  expect(second.events).toMatchObject([{ message: 'needle' }]);
  expect(second.more).toBeUndefined();
});
