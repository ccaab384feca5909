import { connect } from 'node:net';
import { DriverError } from '../../base/errors.ts';

/** The processes of one balancer, as `show proc` of the master tells. */
export interface Processes {
  /** The workers that accept connections; one, but while a reload runs. */
  readonly workers: readonly number[];
  /** Workers that only finish what they have. */
  readonly oldWorkers: readonly number[];
  /** How many reloads in a row have failed; unknown before HAProxy 2.5. */
  readonly failedReloads: number;
}

/** One server of a backend, as a worker sees it. */
export interface ObservedServer {
  readonly backend: string;
  readonly name: string;
  readonly inRotation: boolean;
}

/**
 * Sends one command to the master's socket and answers what it says, up to the end. The socket is half-closed after the command, so that
 * HAProxy ends the answer. Throws a retryable `DriverError` when nobody listens or `timeoutMs` pass in silence.
 */
export function askMaster(socketPath: string, command: string, timeoutMs = 5000): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string, cause?: Error): void => {
    socket.destroy();
    reject(new DriverError('retryable', `HAProxy did not answer "${command}": ${why}`, { cause }));
  };
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  let answer = '';
  socket.setEncoding('utf8');
  socket.setTimeout(timeoutMs, () => fail('it timed out'));
  socket.on('connect', () => socket.end(`${command}\n`));
  socket.on('data', (chunk: string) => (answer += chunk));
  socket.on('end', () => {
    socket.destroy();
    resolve(answer);
  });
  socket.on('error', (error) => fail(error.message, error));
  return promise;
}

/** Sends one command to a worker, through the master. */
export function askWorker(socketPath: string, pid: number, command: string): Promise<string> {
  return askMaster(socketPath, `@!${pid} ${command}`);
}

/** Reads `show proc`. Its columns differ between versions; the first two are always process id and kind. */
export function parseProcesses(text: string): Processes {
  const workers: number[] = [];
  const oldWorkers: number[] = [];
  let into = workers;
  for (const line of text.split('\n')) {
    if (line.startsWith('# old workers')) into = oldWorkers;
    const worker = /^(\d+)\s+worker\s/.exec(line);
    if (worker?.[1] !== undefined) into.push(Number(worker[1]));
  }
  const failed = /\[failed: (\d+)\]/.exec(text);
  return { workers, oldWorkers, failedReloads: Number(failed?.[1] ?? 0) };
}

/** Reads `show servers state`: by the header's column names. */
export function parseServers(text: string): ObservedServer[] {
  const lines = text.split('\n');
  const columns =
    lines
      .find((line) => line.startsWith('# '))
      ?.slice(2)
      .split(' ') ?? [];
  const at = {
    backend: columns.indexOf('be_name'),
    name: columns.indexOf('srv_name'),
    admin: columns.indexOf('srv_admin_state'),
  };
  return lines
    .filter((line) => !line.startsWith('#') && line.split(' ').length > 3)
    .map((line) => line.split(' '))
    .map((fields) => ({
      backend: fields[at.backend] ?? '',
      name: fields[at.name] ?? '',
      // Bit 2 only remembers that the configuration said `disabled`; any other takes the server out.
      inRotation: (Number(fields[at.admin]) & ~4) === 0,
    }));
}
