import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Change } from '../store/store.ts';
import type { Table } from '../store/table.ts';
import { Agenda } from './agenda.ts';
import type { Loop } from './loop.ts';

/** A table whose commits concern a loop, and the subjects that a commit to it concerns. */
export interface Source {
  readonly table: Table<never>;
  subjectsOf(change: Change): Iterable<string>;
}

/** A source: `subjectsOf` is asked about the row as it was and as it is. */
export function source<Row>(table: Table<Row>, subjectsOf: (row: Row) => Iterable<string>): Source {
  return {
    table,
    *subjectsOf({ before, after }) {
      if (after !== undefined) yield* subjectsOf(after as Row);
      if (before !== undefined) yield* subjectsOf(before as Row);
    },
  };
}

/** A loop over many alike things (tasks, services), each reconciled by itself and named by its key. */
export interface Subjects {
  readonly name: string;
  readonly sources: readonly Source[];
  /** Milliseconds between looks at every subject. */
  readonly rescanMs: number;
  /** Every subject there is that may have something to be done about it. */
  all(now: number): Iterable<string>;
  /** One observe → plan → apply of one subject. Answers when it wants to be looked at though nothing is committed. */
  reconcile(subject: string, now: number): number | undefined;
}

/** How many subjects one tick takes on before it lets others run. */
const subjectsPerTick = 500;

/** Milliseconds until a subject whose reconciliation threw is tried again. */
const retryMs = 5_000;

/**
 * Makes a loop of `Subjects`, whose ticks cost what changed and not what there is: a commit names the subjects to look
 * at (names only, never data), the rescan names all of them, and both take the same path. A subject that throws is
 * logged, tried again later and holds up no other.
 */
export function subjectLoop(subjects: Subjects, log: Log): Loop {
  const waiting = new Set<string>();
  const agenda = new Agenda();
  const sources = Map.groupBy(subjects.sources, (one) => one.table.name);
  let rescanAt = -Infinity;

  const reconcile = (subject: string, now: number): void => {
    try {
      agenda.set(subject, subjects.reconcile(subject, now));
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      log.error('reconciling failed', { loop: subjects.name, subject, error: messageOf(error), stack });
      agenda.set(subject, now + retryMs);
    }
  };

  return {
    name: subjects.name,
    tables: subjects.sources.map((one) => one.table),
    rescanMs: subjects.rescanMs,
    notice(commit) {
      for (const change of commit.changes) {
        for (const one of sources.get(change.table) ?? []) {
          for (const subject of one.subjectsOf(change)) waiting.add(subject);
        }
      }
    },
    tick(now) {
      if (now >= rescanAt) {
        for (const subject of subjects.all(now)) waiting.add(subject);
        rescanAt = now + subjects.rescanMs;
      }
      for (const subject of agenda.due(now)) waiting.add(subject);
      let budget = subjectsPerTick;
      // What a reconciliation commits is noticed at once and so joins the end of this very walk.
      for (const subject of waiting) {
        if (budget-- === 0) return now;
        waiting.delete(subject);
        reconcile(subject, now);
      }
      return agenda.next();
    },
  };
}
