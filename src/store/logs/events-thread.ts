import { parentPort, workerData } from 'node:worker_threads';
import { FilterPatternError } from '../../model/logs/filter-pattern.ts';
import { EventsDb } from './events-db.ts';

/** The methods of `EventsDb`, as a message asks for them. */
export type Call = {
  readonly [Name in keyof EventsDb]: { readonly method: Name; readonly args: Parameters<EventsDb[Name]> };
}[keyof EventsDb];

/** What a call answered, or why it failed; `badPattern` when the caller's filter pattern is to blame. */
export type Answer = { readonly value: unknown } | { readonly error: string; readonly badPattern: boolean };

const { path } = workerData as { readonly path: string };
let db: EventsDb | undefined;

function answer({ method, args }: Call): Answer {
  try {
    if (method === 'close') {
      forget();
      return { value: undefined };
    }
    db ??= new EventsDb(path);
    const call = db[method] as (...args: unknown[]) => unknown;
    return { value: call.apply(db, args as unknown[]) };
  } catch (error) {
    const badPattern = error instanceof FilterPatternError;
    if (!badPattern) forget();
    return { error: error instanceof Error ? error.message : String(error), badPattern };
  }
}

/** Closes the file; the next call opens it. After a failure what the page cache holds is in doubt, and opening anew recovers from the file. */
function forget(): void {
  try {
    db?.close();
  } catch {
    // What was answered is on disk all the same.
  }
  db = undefined;
}

parentPort?.on('message', (call: Call) => parentPort?.postMessage(answer(call)));
