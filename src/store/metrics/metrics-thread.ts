import { parentPort, workerData } from 'node:worker_threads';
import { MetricsDb } from './metrics-db.ts';

/** The methods of `MetricsDb`, as a message asks for them. */
export type MetricsCall = {
  readonly [Name in keyof MetricsDb]: { readonly method: Name; readonly args: Parameters<MetricsDb[Name]> };
}[keyof MetricsDb];

/** What a call answered, or why it failed. */
export type MetricsAnswer = { readonly value: unknown } | { readonly error: string };

const { path } = workerData as { readonly path: string };
let db: MetricsDb | undefined;

function answer({ method, args }: MetricsCall): MetricsAnswer {
  try {
    if (method === 'close') {
      forget();
      return { value: undefined };
    }
    db ??= new MetricsDb(path);
    const call = db[method] as (...args: unknown[]) => unknown;
    return { value: call.apply(db, args as unknown[]) };
  } catch (error) {
    forget();
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Closes the file; the next call opens it, which after a failure recovers what is on disk. */
function forget(): void {
  try {
    db?.close();
  } catch {
    // What was answered is on disk all the same.
  }
  db = undefined;
}

parentPort?.on('message', (call: MetricsCall) => parentPort?.postMessage(answer(call)));
