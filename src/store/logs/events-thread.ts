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
      db?.close();
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

/** After a failure what the page cache holds is in doubt: opening anew recovers from the file. */
function forget(): void {
  try {
    db?.close();
  } catch {
    // It is being given up because it failed already.
  }
  db = undefined;
}

parentPort?.on('message', (call: Call) => parentPort?.postMessage(answer(call)));
