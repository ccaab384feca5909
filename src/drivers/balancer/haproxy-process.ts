import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import { askMaster, parseProcesses, type Processes } from './master-cli.ts';

const pollMs = 10;
const startTimeoutMs = 10_000;

/** The paths of one balancer. */
export interface BalancerFiles {
  readonly directory: string;
  readonly config: string;
  readonly pid: string;
  readonly masterSocket: string;
  readonly log: string;
  /** What HAProxy notes of requests: its standard output. */
  readonly requests: string;
}

/** Where a balancer's files are. Throws where a socket's path would not fit (`sun_path` has 108 bytes, HAProxy binds `<path>.<pid>.tmp`). */
export function filesOf(directory: string): BalancerFiles {
  const masterSocket = join(directory, 'master.sock');
  if (Buffer.byteLength(masterSocket) > 90) {
    throw new DriverError('fatal', `${masterSocket} is too long for a socket's path: choose a shorter STOWAGE_HOME`);
  }
  return {
    directory,
    config: join(directory, 'haproxy.cfg'),
    pid: join(directory, 'haproxy.pid'),
    masterSocket,
    log: join(directory, 'haproxy.log'),
    requests: join(directory, 'requests.log'),
  };
}

/** Checks a configuration file with `haproxy -c`; a fatal `DriverError` with what HAProxy says against it. */
export async function checkConfig(program: string, path: string): Promise<void> {
  try {
    await runCommand(program, ['-c', '-q', '-f', path]);
  } catch (error) {
    throw new DriverError('fatal', `HAProxy refuses the configuration: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Starts master and worker, detached from us, inside the network namespace `namespace` when there is one, and waits until
 * a worker serves. The process is entered in the pid file before anything else may fail. The file that it notes requests in grows
 * by no more than `mostNotedBytes`, until `allowNotes` says otherwise: beyond that nothing is noted, and all else goes on.
 */
export async function startMaster(
  program: string,
  files: BalancerFiles,
  namespace: string | undefined,
  mostNotedBytes: number,
  clock: Clock,
): Promise<number> {
  const log = openSync(files.log, 'a', 0o600);
  const requests = openSync(files.requests, 'a', 0o600);
  const most = statSync(files.requests).size + mostNotedBytes;
  const haproxy = [
    // What a write beyond the limit is answered with is an error, and not the signal that ends the process (setrlimit(2)).
    'env',
    '--ignore-signal=XFSZ',
    'prlimit',
    `--fsize=${most}:unlimited`,
    program,
    '-W',
    '-db',
    '-S',
    `${files.masterSocket},mode,600`,
    '-f',
    files.config,
  ];
  const [file = program, ...args] =
    namespace === undefined ? haproxy : ['nsenter', `--net=/run/netns/${basename(namespace)}`, ...haproxy];
  // Detached is setsid: what ends our session does not end theirs.
  const child = spawn(file, args, { detached: true, stdio: ['ignore', requests, log] });
  closeSync(log);
  closeSync(requests);
  let failed: string | undefined;
  child.on('error', (error) => (failed = error.message));
  child.on('exit', (status, signal) => (failed ??= `it exited with ${status ?? signal ?? 'no status'}`));
  child.unref();
  const pid = child.pid;
  if (pid !== undefined) await writeFile(files.pid, String(pid), { mode: 0o600 });
  const until = clock.now() + startTimeoutMs;
  for (;;) {
    if (failed !== undefined || pid === undefined) {
      throw new DriverError('retryable', `HAProxy did not start: ${failed ?? 'no process'}: ${lastLines(files.log)}`);
    }
    const processes = await processesOf(files).catch(() => undefined);
    if (processes !== undefined && processes.workers.length > 0) return pid;
    if (clock.now() > until) throw new DriverError('retryable', `HAProxy did not start: ${lastLines(files.log)}`);
    await clock.sleep(pollMs);
  }
}

/**
 * Lets the processes of a balancer note requests up to an offset of their file: the bound counts what was freed too. A process that runs
 * as somebody else may be told so by root only with a capability that not every machine gives it, and by that user always (prlimit(2)).
 */
export async function allowNotes(
  files: BalancerFiles,
  {
    pid,
    mostBytes,
    workersAs,
  }: { pid: number; mostBytes: number; workersAs: { uid: number; gid: number } | undefined },
): Promise<void> {
  const allow = async (process: number, ...as: string[]): Promise<void> => {
    const command = ['prlimit', '--pid', String(process), `--fsize=${mostBytes}:unlimited`];
    const [program = 'prlimit', ...args] = as.concat(command);
    await runCommand(program, args).catch((error: unknown) => {
      if (isAlive(process)) throw error;
    });
  };
  const { workers, oldWorkers } = await processesOf(files);
  const as =
    workersAs === undefined
      ? []
      : ['setpriv', `--reuid=${workersAs.uid}`, `--regid=${workersAs.gid}`, '--clear-groups', '--'];
  await allow(pid);
  for (const each of [...workers, ...oldWorkers]) await allow(each, ...as);
}

/** Loads the configuration file into a new worker and waits until it alone accepts connections. */
export async function reloadMaster(files: BalancerFiles, clock: Clock): Promise<void> {
  const before = await processesOf(files);
  // From 2.7 on the answer comes when the reload is over; 2.6 hangs up at once, older masters know only the signal.
  const answer = await askMaster(files.masterSocket, 'reload', startTimeoutMs).catch(() => '');
  if (answer.startsWith('Success=0')) throw new DriverError('retryable', `HAProxy did not reload: ${answer}`);
  const until = clock.now() + startTimeoutMs;
  for (;;) {
    const now = await processesOf(files).catch(() => undefined);
    if (now !== undefined) {
      if (now.workers.length > 0 && now.workers.every((pid) => !before.workers.includes(pid))) return;
      if (now.failedReloads > before.failedReloads) {
        throw new DriverError('retryable', `HAProxy did not reload: ${lastLines(files.log)}`);
      }
    }
    if (clock.now() > until) throw new DriverError('retryable', `HAProxy did not reload: ${lastLines(files.log)}`);
    await clock.sleep(pollMs);
  }
}

/** The master's and workers' process ids, asked of the master. */
export async function processesOf(files: BalancerFiles): Promise<Processes> {
  return parseProcesses(await askMaster(files.masterSocket, 'show proc'));
}

/**
 * The master of these files, when it lives, and whether it stands in another network namespace than `namespace` (a VPC that was made
 * anew has another one under the same name). The pid file names it, mostly: whoever started it may have been killed before the
 * file was written, and process ids are used again; then it is looked for.
 */
export function findMaster(
  files: BalancerFiles,
  namespace: string | undefined,
): { pid: number; astray: boolean } | undefined {
  const named = Number(readText(files.pid));
  const pid = isMaster(files, named) ? named : processesWith(files).find((each) => isMaster(files, each));
  return pid === undefined ? undefined : { pid, astray: isAstray(pid, namespace) };
}

/**
 * Ends workers whose master is gone: they would go on taking connections, and nobody could tell them anything. They have a moment to
 * finish what they are at.
 */
export async function endOrphans(files: BalancerFiles, clock: Clock): Promise<void> {
  const orphans = processesWith(files).filter((pid) => !isMaster(files, pid) && !isMaster(files, sessionOf(pid) ?? 0));
  await endAll(orphans, 'SIGUSR1', clock);
}

function processesWith(files: BalancerFiles): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && hasConfig(files, pid));
}

function hasConfig(files: BalancerFiles, pid: number): boolean {
  return (readText(`/proc/${pid}/cmdline`) ?? '').split('\0').includes(files.config);
}

/** A master leads the session that it was started in; its workers are in it. */
function isMaster(files: BalancerFiles, pid: number): boolean {
  return pid > 0 && hasConfig(files, pid) && sessionOf(pid) === pid;
}

/** The sixth field of "/proc/pid/stat" (proc(5)); the second, the name, may hold anything. */
function sessionOf(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

/** Whether a process stands in another network namespace than the one of that name, which exists. */
export function isAstray(pid: number, namespace: string | undefined): boolean {
  if (namespace === undefined) return false;
  try {
    return statSync(`/proc/${pid}/ns/net`).ino !== statSync(`/run/netns/${basename(namespace)}`).ino;
  } catch {
    // One of them is just not there: it is or will be seen as dead, or the name comes back with another namespace.
    return false;
  }
}

/** Whether a process lives; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Ends the master and its workers: asked first, killed when they have not gone within two seconds. */
export async function stopMaster(files: BalancerFiles, pid: number, clock: Clock): Promise<void> {
  const processes = await processesOf(files).catch(() => ({ workers: [], oldWorkers: [] }));
  const all = [pid, ...processes.workers, ...processes.oldWorkers];
  await endAll(all, 'SIGTERM', clock);
}

/** Asks the processes to end, and kills those that have not within two seconds. */
async function endAll(pids: readonly number[], how: NodeJS.Signals, clock: Clock): Promise<void> {
  for (const pid of pids) signal(pid, how);
  const until = clock.now() + 2000;
  while (pids.some((each) => isAlive(each))) {
    if (clock.now() > until) for (const each of pids) if (isAlive(each)) signal(each, 'SIGKILL');
    await clock.sleep(pollMs);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function lastLines(path: string): string {
  return readText(path)?.trim().split('\n').slice(-5).join(' | ') ?? 'it left no log';
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
