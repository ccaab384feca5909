import type { Clock } from '../../base/clock.ts';

/** What a script of the fake engine may touch. */
export interface FakeProcess {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  write(stream: 'stdout' | 'stderr', text: string): void;
  /** Standard input as it comes; ends when it is closed. */
  readonly input: AsyncIterable<string>;
  /** What a file holds; `undefined` when it is not there. */
  fileOf?(path: string): string | undefined;
  /** Called by `trap '' TERM`. */
  ignoreTerm(): void;
  /** The terminal's size as it is now; absent where there is no terminal. */
  readonly size?: { readonly columns: number; readonly rows: number };
}

const words = ['', 'true', 'false', 'echo', 'sleep', 'cat', 'trap', 'exit', 'stty', 'read'];

/** Whether a script begins with a word that the fake shell knows: a real engine does not start what does not exist. */
export function isKnown(script: string): boolean {
  return words.includes(script.trim().split(/[\s;]+/)[0] ?? '');
}

/**
 * Runs the few words of shell that tests are written in, so that one conformance suite serves the real engine's busybox
 * and the fake: `echo …` (with `>&2`), `sleep N`, `exit N`, `cat` (its input, or a file), `read line`, `stty size`, `trap '' TERM`,
 * parted by `;`. Answers the exit code;
 * a word not known is 127, as in a shell.
 */
export async function runScript(script: string, process: FakeProcess): Promise<number> {
  for (const statement of script.split(';')) {
    const text = statement.trim();
    const [word = '', ...rest] = text.split(/\s+/);
    const argument = rest.join(' ');
    switch (word) {
      case '':
      case 'true':
        break;
      case 'false':
        return 1;
      case 'echo': {
        const toError = argument.endsWith('>&2');
        const said = (toError ? argument.slice(0, -3) : argument).trim().replace(/^(['"])(.*)\1$/, '$2');
        process.write(toError ? 'stderr' : 'stdout', `${said}\n`);
        break;
      }
      case 'sleep':
        await process.clock.sleep(Number(rest[0]) * 1000, process.signal);
        break;
      case 'cat': {
        const text = argument === '' ? undefined : process.fileOf?.(argument);
        if (text !== undefined) process.write('stdout', text);
        else if (argument === '') for await (const piece of process.input) process.write('stdout', piece);
        else return 1;
        break;
      }
      case 'read':
        for await (const _line of process.input) break;
        break;
      case 'stty':
        process.write('stdout', `${process.size?.rows ?? 0} ${process.size?.columns ?? 0}\n`);
        break;
      case 'trap':
        process.ignoreTerm();
        break;
      case 'exit':
        return Number(rest[0] ?? 0);
      default:
        process.write('stderr', `sh: ${word}: not found\n`);
        return 127;
    }
  }
  return 0;
}
