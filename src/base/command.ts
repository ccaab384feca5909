import { spawn } from 'node:child_process';
import { DriverError } from './errors.ts';

/** What a finished command printed. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program without a shell and waits for it. Throws a `DriverError`: `fatal` when the program is missing,
 * `retryable` when it exits with another status than 0 (the message holds its standard error).
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: {
    input?: string;
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    signal?: AbortSignal;
    /** Whether what it printed counts whatever status it exits with. */
    anyStatus?: boolean;
  } = {},
): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.on('error', (error: NodeJS.ErrnoException) => {
    const missing = error.code === 'ENOENT';
    reject(
      new DriverError(missing ? 'fatal' : 'retryable', missing ? `${program} is not installed` : error.message, {
        cause: error,
      }),
    );
  });
  child.on('close', (status, signal) => {
    if (status === 0 || (options.anyStatus === true && status !== null)) return resolve({ stdout, stderr });
    const how = status === null ? `ended by ${signal ?? 'a signal'}` : `exited with ${status}`;
    return reject(
      new DriverError('retryable', `${program} ${args.join(' ')} ${how}: ${stderr.trim() || stdout.trim()}`),
    );
  });
  // A program that exits without reading its input must not end us with EPIPE.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return promise;
}
