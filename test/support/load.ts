import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { atLength } from './length.ts';

/** What a load of requests met: every answer other than a 2xx or 3xx, and every broken connection, is a failure. */
export interface LoadReport {
  readonly requests: number;
  readonly failed: number;
  readonly printed: string;
}

/** A `wrk` that goes on until it is told to stop. */
export interface Load {
  stop(): Promise<LoadReport>;
}

/** Sends requests over `connections` connections at once, until it is stopped or the test is over. */
export function startLoad(url: string, connections: number): Load {
  const { promise, resolve, reject } = Promise.withResolvers<LoadReport>();
  const wrk = spawn('wrk', [
    '--threads',
    '1',
    '--connections',
    String(connections),
    '--duration',
    '600s',
    '--timeout',
    '50s',
    // At full length of the tests, as much as the machine can.
    ...atLength(['--script', join(import.meta.dirname, 'load.lua')], []),
    url,
  ]);
  let printed = '';
  wrk.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  wrk.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  wrk.on('error', reject);
  wrk.on('close', () => {
    const requests = Number(/(\d+) requests in/.exec(printed)?.[1] ?? 0);
    const sockets =
      /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(printed)?.slice(1) ?? [];
    const statuses = Number(/Non-2xx or 3xx responses: (\d+)/.exec(printed)?.[1] ?? 0);
    resolve({ requests, failed: sockets.reduce((sum, count) => sum + Number(count), statuses), printed });
  });
  // SIGINT ends wrk early, and it still reports.
  onTestFinished(() => void wrk.kill('SIGINT'));
  return {
    stop: () => {
      wrk.kill('SIGINT');
      return promise;
    },
  };
}
