import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Thread } from './thread.ts';

/** What the fixture answers: what it was told, and how many messages it had been told since it began. */
type Told = readonly [said: string, count: number];

describe('a thread', () => {
  let clock: FakeClock;
  let thread: Thread<string, Told>;
  beforeEach(() => {
    clock = new FakeClock();
    thread = new Thread({
      name: 'echoing.fixture',
      base: import.meta.url,
      workerData: { greeting: 'hello' },
      closing: 'bye',
      clock,
    });
  });
  afterEach(() => thread.end());

  it('begins with the first message, and answers in order', async () => {
    expect(thread.runs).toBe(false);
    const answers = await Promise.all(['a', 'b', 'c'].map((each) => thread.ask(each)));
    expect(answers).toEqual([
      ['hello a', 1],
      ['hello b', 2],
      ['hello c', 3],
    ]);
    expect(thread.runs).toBe(true);
  });

  it('rests when nothing is asked for a while, and begins anew', async () => {
    await thread.ask('a');
    await clock.advance(4_000);
    await thread.ask('b');
    await clock.advance(4_900);
    expect(thread.runs).toBe(true);
    await clock.advance(200);
    while (thread.runs) await new Promise((turn) => void setImmediate(turn));
    expect(await thread.ask('c')).toEqual(['hello c', 1]);
  });

  it('loses nothing that is asked while it ends', async () => {
    await thread.ask('a');
    const ended = thread.end();
    expect(await thread.ask('b')).toEqual(['hello b', 3]);
    await ended;
    expect(await thread.ask('c')).toEqual(['hello c', 4]);
    await thread.end();
    expect(thread.runs).toBe(false);
    expect(await thread.ask('d')).toEqual(['hello d', 1]);
  });

  it('that dies refuses what it was asked, and the next message starts another', async () => {
    await thread.ask('a');
    await expect(Promise.all([thread.ask('die'), thread.ask('b')])).rejects.toThrow('I die');
    expect(await thread.ask('c')).toEqual(['hello c', 1]);
  });
});
