import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../base/errors.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** The methods of a file, as a message to its thread asks for them. */
export type FileCall<File extends SqliteFile> = {
  readonly [Name in keyof File]: File[Name] extends (...args: infer Args) => unknown
    ? { readonly method: Name; readonly args: Args }
    : never;
}[keyof File];

/** What a call answered, or why it failed; `callersFault` when nothing is wrong with the file. */
export type FileAnswer = { readonly value: unknown } | { readonly error: string; readonly callersFault: boolean };

/** A call as it arrives: of which kind of file, only who sent it knows. */
type Call = { readonly method: string; readonly args: unknown[] };

/**
 * What the thread of a file does: opens the one that `workerData.path` names with the first call, and answers each call. After a failure
 * what the page cache holds is in doubt, and the next call opens the file anew, which recovers what is on disk.
 */
export function answerCalls(
  open: (path: string) => SqliteFile,
  isCallersFault: (error: unknown) => boolean = () => false,
): void {
  const { path } = workerData as { readonly path: string };
  let file: SqliteFile | undefined;
  const forget = (): void => {
    try {
      file?.close();
    } catch {
      // What was answered is on disk all the same.
    }
    file = undefined;
  };
  const answer = ({ method, args }: Call): FileAnswer => {
    try {
      if (method === 'close') {
        forget();
        return { value: undefined };
      }
      file ??= open(path);
      const call = Reflect.get(file, method) as (...args: unknown[]) => unknown;
      return { value: call.apply(file, args) };
    } catch (error) {
      const callersFault = isCallersFault(error);
      if (!callersFault) forget();
      return { error: messageOf(error), callersFault };
    }
  };
  parentPort?.on('message', (call: Call) => parentPort?.postMessage(answer(call)));
}
