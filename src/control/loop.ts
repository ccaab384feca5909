import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Commit, Store } from '../store/store.ts';
import type { Table } from '../store/table.ts';

/**
 * One reconciling loop: `tick` observes the store, plans and applies. It is woken by commits to `tables` and every
 * `rescanMs` all the same; wake-ups carry no data, so a restart is an ordinary tick.
 */
export interface Loop {
  readonly name: string;
  readonly tables: readonly Table<never>[];
  /** Milliseconds between ticks when nothing is committed. */
  readonly rescanMs: number;
  /** Told of each commit to `tables` as it happens, for loops that keep note of what to look at. Must not transact. */
  notice?(commit: Commit): void;
  /** One observe → plan → apply. Answers when it wants to run again though nothing is committed, in epoch milliseconds. */
  tick(now: number): number | undefined;
}

/**
 * Runs a loop until the returned function is called. Commits made while a tick runs are answered by one more tick, never
 * by two; a tick that throws is logged and tried again at the next wake-up.
 */
export function runLoop(loop: Loop, deps: { store: Store; clock: Clock; log: Log }): () => void {
  const { store, clock } = deps;
  const log = deps.log.with({ loop: loop.name });
  let stopped = false;
  let queued = false;
  let cancelTimer = (): void => {};

  const wake = (): void => {
    if (queued || stopped) return;
    queued = true;
    // Not inside the commit that woke us: the committer's own caller goes first, and bursts become one tick.
    queueMicrotask(run);
  };
  const run = (): void => {
    queued = false;
    if (stopped) return;
    cancelTimer();
    const now = clock.now();
    let next: number | undefined;
    try {
      next = loop.tick(now);
    } catch (error) {
      log.error('tick failed', { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined });
    }
    const delay = Math.max(0, Math.min(loop.rescanMs, next === undefined ? Infinity : next - now));
    cancelTimer = clock.after(delay, wake);
  };

  const unwatch = store.watch(loop.tables, (commit) => {
    loop.notice?.(commit);
    wake();
  });
  wake();
  return () => {
    stopped = true;
    unwatch();
    cancelTimer();
  };
}
