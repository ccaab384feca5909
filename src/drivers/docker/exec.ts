import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import type { ExecOptions, ExecSession } from './driver.ts';
import type { EngineHttp } from './engine-http.ts';
import { hangUp } from './exec-processes.ts';
import { frames, type Frame } from './log-stream.ts';
import type { EngineContainer } from './translate.ts';

/** The members of `GET /exec/{id}/json` that are read here. */
interface EngineExec {
  /** Also while it is being begun. */
  readonly Running: boolean;
  readonly ExitCode: number | null;
  /** 0 or absent as long as it has not begun. */
  readonly Pid?: number;
  /** Base64. */
  readonly DetachKeys?: string;
}

/**
 * The engine leaves a terminal when these keys are typed, and takes `ctrl-p,ctrl-q` unless told otherwise, which would swallow
 * the shell's "previous command" and break off binary data. There is no way to have none; a sequence so long nobody types,
 * and no data holds by chance. It also tells our terminals from those that somebody opened by hand.
 */
const detachBytes = Buffer.from('1e1f1d1e1c1f1e1d1f1c1e1f1d1c1e1f1c1d1e1f', 'hex');
const detachKeys = Array.from(detachBytes, (byte) => `ctrl-${String.fromCodePoint(byte + 64)}`).join(',');
const detachKeysBase64 = detachBytes.toString('base64');

/** How often is looked whether a program has begun. */
const lookEveryMs = 10;

/** The programs that were begun here and have not ended, by the engine's ids: somebody holds them. */
export type HeldExecs = Set<string>;

/** Runs a command in a container over a hijacked connection; resolves once it runs. */
export async function startExec(
  http: EngineHttp,
  clock: Clock,
  held: HeldExecs,
  containerId: string,
  options: ExecOptions,
): Promise<ExecSession> {
  const { Id: id } = await http.json<{ Id: string }>('POST', `/containers/${containerId}/exec`, {
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: options.tty,
      ...(options.tty ? { DetachKeys: detachKeys } : {}),
      ...(options.user === undefined ? {} : { User: options.user }),
      Cmd: options.command,
      Env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
    },
  });
  held.add(id);
  const release = (): void => void held.delete(id);
  try {
    const session = await attach(http, clock, containerId, id, options.tty);
    session.exited.then(release, release);
    return session;
  } catch (error) {
    release();
    throw error;
  }
}

async function attach(
  http: EngineHttp,
  clock: Clock,
  containerId: string,
  id: string,
  tty: boolean,
): Promise<ExecSession> {
  const inspect = (): Promise<EngineExec> => http.json<EngineExec>('GET', `/exec/${id}/json`);
  const socket = await http.upgrade(`/exec/${id}/start`, { Detach: false, Tty: tty });
  const ended = Promise.withResolvers<void>();
  socket.once('close', () => ended.resolve());
  socket.once('end', () => ended.resolve());
  // A reset connection closes too; what matters is the exit code, asked below.
  socket.on('error', () => {});
  let begun = await inspect();
  while ((begun.Pid ?? 0) === 0 && begun.ExitCode === null) {
    await clock.sleep(lookEveryMs);
    begun = await inspect();
  }
  const pid = begun.Pid ?? 0;
  if (pid === 0) throw await refusal(socket, tty);
  const exited = ended.promise.then(async () => (await inspect()).ExitCode ?? -1);
  // Whoever does not ask for the code must not crash the process with its failure.
  exited.catch(() => {});
  return {
    output: output(socket, tty),
    write: (data) => written(socket, data),
    end: () => void socket.end(),
    async resize(columns, rows) {
      await http.json('POST', `/exec/${id}/resize`, { query: { w: String(columns), h: String(rows) } });
    },
    async terminate() {
      if ((await inspect()).Running) await endProcess(http, clock, containerId, pid);
      socket.destroy();
    },
    exited,
  };
}

/** Ends the terminals of a container that an earlier process opened: those of ours that nobody holds. */
export async function endAbandonedExecs(
  http: EngineHttp,
  clock: Clock,
  held: HeldExecs,
  containerId: string,
): Promise<number> {
  const { ExecIDs: ids } = await http.json<{ ExecIDs?: string[] | null }>('GET', `/containers/${containerId}/json`);
  let ended = 0;
  for (const id of ids ?? []) {
    if (held.has(id)) continue;
    const { Running: running, Pid: pid = 0, DetachKeys: keys } = await http.json<EngineExec>('GET', `/exec/${id}/json`);
    if (!running || keys !== detachKeysBase64) continue;
    await endProcess(http, clock, containerId, pid);
    ended += 1;
  }
  return ended;
}

async function endProcess(http: EngineHttp, clock: Clock, containerId: string, pid: number): Promise<void> {
  const { State: state } = await http.json<EngineContainer>('GET', `/containers/${containerId}/json`);
  await hangUp(pid, state.Pid, clock);
}

/** Why a program could not be run, which the engine says where its output would be. */
async function refusal(socket: Duplex, tty: boolean): Promise<DriverError> {
  let text = '';
  for await (const { data } of output(socket, tty)) text += data.toString('utf8');
  socket.destroy();
  return new DriverError('fatal', text.trim() || 'the container engine did not start the command');
}

/** Resolves once the engine has taken the data, or never will. */
function written(socket: Duplex, data: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (socket.writable) socket.write(data, () => resolve());
  else resolve();
  return promise;
}

async function* output(socket: Duplex, tty: boolean): AsyncGenerator<Frame> {
  try {
    yield* frames(socket, tty);
  } catch {
    // The container was killed and the connection with it: the output is over.
  }
}
