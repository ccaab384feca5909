import type { Duplex } from 'node:stream';
import type { ExecSession } from './driver.ts';
import type { EngineHttp } from './engine-http.ts';
import { frames, type Frame } from './log-stream.ts';

/** Runs a command in a container over a hijacked connection. */
export async function startExec(
  http: EngineHttp,
  containerId: string,
  options: { command: readonly string[]; tty: boolean; env?: Readonly<Record<string, string>> },
): Promise<ExecSession> {
  const { Id: id } = await http.json<{ Id: string }>('POST', `/containers/${containerId}/exec`, {
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: options.tty,
      Cmd: options.command,
      Env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
    },
  });
  const socket = await http.upgrade(`/exec/${id}/start`, { Detach: false, Tty: options.tty });
  const ended = Promise.withResolvers<void>();
  socket.once('close', () => ended.resolve());
  socket.once('end', () => ended.resolve());
  // A reset connection closes too; what matters is the exit code, asked below.
  socket.on('error', () => {});
  const exited = ended.promise.then(async () => {
    const { ExitCode: code } = await http.json<{ ExitCode: number | null }>('GET', `/exec/${id}/json`);
    return code ?? -1;
  });
  // Whoever does not ask for the code must not crash the process with its failure.
  exited.catch(() => {});
  return {
    output: output(socket, options.tty),
    write: (data) => void socket.write(data),
    end: () => void socket.end(),
    async resize(columns, rows) {
      await http.json('POST', `/exec/${id}/resize`, { query: { w: String(columns), h: String(rows) } });
    },
    exited,
  };
}

async function* output(socket: Duplex, tty: boolean): AsyncGenerator<Frame> {
  try {
    yield* frames(socket, tty);
  } catch {
    // The container was killed and the connection with it: the output is over.
  }
}
