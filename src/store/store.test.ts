import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textLog } from '../base/log.ts';
import { systemClock } from '../base/clock.ts';
import { noJournal, type Journal, type JournalEntry } from './journal/journal.ts';
import { Store, type Commit, type Transaction } from './store.ts';
import { table } from './table.ts';

interface Item {
  readonly id: string;
  readonly colour?: string;
  readonly tags: readonly string[];
  readonly n: number;
}

const items = table<Item>()({
  name: 'test.items',
  key: (row) => row.id,
  rests: (row) => row.n >= 2,
  indexes: { colour: (row) => row.colour, tag: (row) => row.tags },
});
const others = table<Item>()({ name: 'test.others', key: (row) => row.id, indexes: {} });
const tables = [items, others];

/** A journal in memory that holds what a disk would. */
function memoryJournal(): Journal & { readonly held: Map<number, JournalEntry> } {
  const held = new Map<number, JournalEntry>();
  return {
    ...noJournal,
    held,
    load: () =>
      [...held.values()]
        .sort((a, b) => a.order - b.order)
        .map((entry) => ({ ...entry, row: JSON.parse(JSON.stringify(entry.row)) as unknown })),
    read: (order) => JSON.parse(JSON.stringify(held.get(order)?.row)) as unknown,
    append(entries) {
      for (const entry of entries) {
        if (entry.row === undefined) held.delete(entry.order);
        else held.set(entry.order, entry);
      }
    },
  };
}

const ids = ['a', 'b', 'c', 'd', 'e'];
const colours = ['red', 'green', 'blue'];
const write = fc.record({
  kind: fc.constantFrom('put', 'put', 'delete', 'update'),
  id: fc.constantFrom(...ids),
  colour: fc.option(fc.constantFrom(...colours), { nil: undefined }),
  tags: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')),
  n: fc.nat(3),
});
type Write = typeof write extends fc.Arbitrary<infer W> ? W : never;
const transaction = fc.record({ writes: fc.array(write, { maxLength: 6 }), aborts: fc.boolean() });

function item({ id, colour, tags, n }: Write): Item {
  return { id, tags, n, ...(colour === undefined ? {} : { colour }) };
}

function apply(tx: Transaction, w: Write): void {
  if (w.kind === 'put') tx.put(items, item(w));
  else if (w.kind === 'delete') tx.delete(items, w.id);
  else tx.update(items, w.id, (row) => ({ ...row, n: row.n + w.n }));
}

/** The plain meaning of the same writes: an array in the order of insertion. */
function model(rows: readonly Item[], writes: readonly Write[]): Item[] {
  let now = [...rows];
  for (const w of writes) {
    const at = now.findIndex((row) => row.id === w.id);
    if (w.kind === 'delete') now = now.filter((row) => row.id !== w.id);
    else if (w.kind === 'put' && at < 0) {
      // Deleted and put again in one transaction: it keeps its old place among those that stood before.
      const old = rows.findIndex((row) => row.id === w.id);
      const before = now.findIndex((row) => {
        const place = rows.findIndex((was) => was.id === row.id);
        return old >= 0 && (place < 0 || place > old);
      });
      if (before >= 0) now.splice(before, 0, item(w));
      else now.push(item(w));
    } else if (at >= 0) now[at] = w.kind === 'put' ? item(w) : { ...(now[at] as Item), n: (now[at] as Item).n + w.n };
  }
  return now;
}

function view(store: Store): unknown {
  return {
    list: store.list(items),
    count: store.count(items),
    colour: colours.map((value) => store.by(items, 'colour', value)),
    counts: colours.map((value) => store.countBy(items, 'colour', value)),
    tag: ['x', 'y', 'z'].map((value) => store.by(items, 'tag', value)),
    keys: store.keys(items),
    keysBy: colours.map((value) => store.keysBy(items, 'colour', value)),
    values: store.values(items, 'tag').toSorted(),
    each: ids.map((id) => store.get(items, id)),
  };
}

function viewOf(rows: readonly Item[]): unknown {
  return {
    list: rows,
    count: rows.length,
    colour: colours.map((value) => rows.filter((row) => row.colour === value)),
    counts: colours.map((value) => rows.filter((row) => row.colour === value).length),
    tag: ['x', 'y', 'z'].map((value) => rows.filter((row) => row.tags.includes(value))),
    keys: rows.map(({ id }) => id),
    keysBy: colours.map((value) => rows.filter((row) => row.colour === value).map(({ id }) => id)),
    values: [...new Set(rows.flatMap(({ tags }) => tags))].toSorted(),
    each: ids.map((id) => rows.find((row) => row.id === id)),
  };
}

const abort = new Error('abort');
function attempt(store: Store, work: (tx: Transaction) => void): void {
  try {
    store.transact(work);
  } catch (error) {
    if (error !== abort) throw error;
  }
}

describe('store', () => {
  it('answers rows and indexes as a plain list would, at rest or not, after commits, aborts and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(transaction, { maxLength: 20 }), fc.boolean(), async (transactions, flush) => {
        const journal = memoryJournal();
        const store = new Store(tables, journal);
        let rows: Item[] = [];
        for (const { writes, aborts } of transactions) {
          attempt(store, (tx) => {
            for (const w of writes) apply(tx, w);
            expect(view(store)).toEqual(viewOf(model(rows, writes)));
            if (aborts) throw abort;
          });
          if (!aborts) rows = model(rows, writes);
          expect(view(store)).toEqual(viewOf(rows));
          expect(view(new Store(tables, journal))).toEqual(viewOf(rows));
          if (flush) await store.flushed();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('tells watchers every commit once and in order, also when they transact or throw', () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 15 }), fc.array(fc.nat(20)), (transactions, answers) => {
        const store = new Store(tables);
        const told: Commit[][] = [[], []];
        const mirror = new Map<string, unknown>();
        let left = answers.length;
        store.watch([items, others], (commit) => told[0]?.push(commit));
        // A watcher that writes in answer to some commits, and one that always throws.
        store.watch([items], ({ sequence }) => {
          if (left === 0 || !answers.includes(sequence % 20)) return;
          left -= 1;
          store.transact((tx) => tx.put(others, { id: `answer-${sequence}`, tags: [], n: sequence }));
          store.transact((tx) => tx.put(items, { id: 'answer', tags: ['x'], n: sequence }));
        });
        store.watch([items], () => {
          throw new Error('a bad watcher');
        });
        store.watch([items, others], (commit) => {
          told[1]?.push(commit);
          for (const { table, key, before, after } of commit.changes) {
            expect(mirror.get(`${table} ${key}`)).toBe(before);
            if (after === undefined) mirror.delete(`${table} ${key}`);
            else mirror.set(`${table} ${key}`, after);
          }
        });
        for (const { writes, aborts } of transactions) {
          attempt(store, (tx) => {
            for (const w of writes) apply(tx, w);
            if (aborts) throw abort;
          });
        }
        const sequences = told[0]?.map((commit) => commit.sequence);
        expect(sequences).toEqual(Array.from({ length: store.sequence }, (_, i) => i + 1));
        expect(told[1]).toEqual(told[0]);
        expect(new Set(mirror.values())).toEqual(new Set([...store.list(items), ...store.list(others)]));
      }),
    );
  });

  it('logs what a watcher throws and tells a new watcher nothing of the past', () => {
    const lines: string[] = [];
    const store = new Store(
      tables,
      noJournal,
      textLog(systemClock, (line) => lines.push(line)),
    );
    const late: number[] = [];
    store.watch([items], () => {
      if (late.length === 0) store.watch([items], ({ sequence }) => late.push(sequence));
      throw new Error('a bad watcher');
    });
    const put = (n: number): void => store.transact((tx) => tx.put(items, { id: 'a', tags: [], n }));
    put(1);
    expect(late).toEqual([]);
    put(2);
    expect(late).toEqual([2]);
    expect(lines[0]).toContain('a bad watcher');
  });

  it('leaves no trace of a transaction whose index function or serialisation fails', () => {
    const picky = table<Item>()({
      name: 'test.picky',
      key: (row) => row.id,
      indexes: {
        colour: (row) => row.colour,
        bad: (row) => {
          if (row.n === 13) throw new Error('unlucky');
          return undefined;
        },
      },
    });
    const journal: Journal = { ...noJournal, append: (entries) => void JSON.stringify(entries) };
    const store = new Store([picky], journal);
    store.transact((tx) => tx.put(picky, { id: 'a', colour: 'red', tags: [], n: 1 }));
    const spoil = (row: unknown) => () => store.transact((tx) => tx.put(picky, row as Item));
    expect(spoil({ id: 'a', colour: 'blue', tags: [], n: 13 })).toThrow('unlucky');
    expect(spoil({ id: 'a', colour: 'blue', tags: [], n: 1n })).toThrow('BigInt');
    expect(store.by(picky, 'colour', 'blue')).toEqual([]);
    expect(store.by(picky, 'colour', 'red')).toEqual([{ id: 'a', colour: 'red', tags: [], n: 1 }]);
    expect(store.sequence).toBe(1);
  });

  it('refuses nesting, waiting, late writes and changed keys', () => {
    const store = new Store(tables);
    let kept: Transaction | undefined;
    store.transact((tx) => (kept = tx));
    expect(() => kept?.put(items, { id: 'a', tags: [], n: 1 })).toThrow('over');
    expect(() => store.transact(() => store.transact(() => 1))).toThrow('already open');
    expect(() => store.transact(() => Promise.resolve())).toThrow('no await');
    store.transact((tx) => tx.put(items, { id: 'a', tags: [], n: 1 }));
    expect(() => store.transact((tx) => tx.update(items, 'a', (row) => ({ ...row, id: 'b' })))).toThrow(
      'never changes',
    );
    expect(() => new Store([items, items])).toThrow('two tables');
    expect(() => new Store([others]).list(items)).toThrow('not given');
  });

  it('migrates rows of older versions, writes them back, and refuses newer ones', () => {
    const journal = memoryJournal();
    new Store(tables, journal).transact((tx) => tx.put(items, { id: 'a', tags: [], n: 1 }));
    const second = table<Item>()({
      ...items,
      version: 2,
      migrate: (row) => ({ ...(row as Item), colour: 'grey' }),
    });
    expect(new Store([second, others], journal).by(second, 'colour', 'grey')).toHaveLength(1);
    expect([...journal.held.values()][0]).toMatchObject({ version: 2, row: { colour: 'grey' } });
    expect(() => new Store(tables, journal)).toThrow('newer version');
    expect(() => new Store([others], journal)).toThrow('newer version');
  });

  it('refuses to write, and goes on reading, while the journal fails', async () => {
    const journal = {
      ...noJournal,
      failure: undefined as string | undefined,
      async flushed() {
        if (this.failure !== undefined) throw new Error(this.failure);
      },
    };
    const store = new Store(tables, journal);
    const put = (): void => store.transact((tx) => tx.put(items, { id: 'a', tags: [], n: 1 }));
    put();
    journal.failure = 'disk full';
    expect(put).toThrow(expect.objectContaining({ code: 'ServiceUnavailable', status: 503 }));
    await expect(store.flushed()).rejects.toMatchObject({ code: 'ServiceUnavailable', status: 503 });
    expect(store.transact((tx) => tx.list(items))).toHaveLength(1);
    // Who has written nothing is not refused.
    await store.flushed(store.sequence);
    await expect(store.flushed(store.sequence - 1)).rejects.toMatchObject({ status: 503 });
    journal.failure = undefined;
    put();
    await store.flushed();
  });

  it('leaves rows that rest to the journal, once they are on disk, until they are changed', async () => {
    let read = 0;
    const disk = { refuses: false };
    const held = memoryJournal();
    const journal: Journal = {
      ...held,
      read(order) {
        read += 1;
        return held.read?.(order);
      },
      flushed: () => (disk.refuses ? Promise.reject(new Error('disk full')) : Promise.resolve()),
    };
    const store = new Store(tables, journal);
    const reads = (id: string): number => {
      const before = read;
      expect(store.get(items, id)).toMatchObject({ id });
      return read - before;
    };
    const put = (id: string, n: number): void => store.transact((tx) => tx.put(items, { id, tags: [], n }));
    put('rests', 2);
    put('lives', 1);
    expect([reads('rests'), reads('lives')]).toEqual([0, 0]);
    await store.flushed();
    expect([reads('rests'), reads('rests'), reads('lives')]).toEqual([1, 1, 0]);
    expect([reads('rests'), store.keysBy(items, 'colour', 'red')]).toEqual([1, []]);
    attempt(store, (tx) => {
      tx.update(items, 'rests', (row) => ({ ...row, n: 0 }));
      throw abort;
    });
    await store.flushed();
    expect(reads('rests')).toBe(1);
    disk.refuses = true;
    put('unwritten', 2);
    await expect(store.flushed()).rejects.toThrow('disk full');
    expect(reads('unwritten')).toBe(0);
    disk.refuses = false;
    put('rests', 1);
    await store.flushed();
    expect(reads('rests')).toBe(0);
    expect(new Store(tables, journal).get(items, 'unwritten')).toMatchObject({ n: 2 });
    expect(read).toBeGreaterThan(0);
  });

  it('resets to nothing', () => {
    const journal = memoryJournal();
    const store = new Store(tables, journal);
    store.transact((tx) => ids.forEach((id) => tx.put(items, { id, tags: ['x'], n: 1 })));
    store.reset();
    expect(view(store)).toEqual(viewOf([]));
    expect(journal.held.size).toBe(0);
  });
});
