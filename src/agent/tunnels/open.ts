import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { NetworkDriver } from '../../drivers/network/driver.ts';
import type { TunnelTarget } from '../../wire/tunnel.ts';
import type { TaskView } from '../tasks/view.ts';
import { ownsNetwork } from '../tasks/view.ts';
import type { TunnelEnd } from './tunnel.ts';

/** The environment that the SSM agent gives a session's program beyond the container's own (`shell_unix.go`). */
const terminalEnvironment = { TERM: 'xterm-256color', LANG: 'C.UTF-8' };

/** Opens the way into a task that a tunnel leads to. Rejects with what is to be told when there is none. */
export function openEnd(
  drivers: { readonly docker: DockerDriver; readonly network: NetworkDriver },
  task: TaskView,
  to: TunnelTarget,
): Promise<TunnelEnd> {
  return to.kind === 'command' ? openCommand(drivers.docker, task, to) : openPort(drivers, task, to);
}

async function openCommand(
  docker: DockerDriver,
  task: TaskView,
  to: Extract<TunnelTarget, { kind: 'command' }>,
): Promise<TunnelEnd> {
  const container = task.containers.find(({ spec }) => spec.name === to.container);
  if (container?.id === undefined || container.phase !== 'running') throw new Error('the container does not run');
  const { LANG: language } = container.spec.environment;
  const session = await docker.exec(container.id, {
    command: to.command,
    tty: true,
    // "Commands run as the root user … even when you specify a user ID for the container" ("ECS Exec", ECS Developer Guide).
    user: '0',
    env: language === undefined ? terminalEnvironment : { TERM: terminalEnvironment.TERM },
  });
  // The program may have ended already: then there is nothing to resize.
  if (to.columns > 0 && to.rows > 0) await session.resize(to.columns, to.rows).catch(() => {});
  return {
    output: dataOf(session.output),
    write: (data) => session.write(data),
    // A terminal's input has no end: what its program takes for one is typed.
    end: () => {},
    resize: (columns, rows) => session.resize(columns, rows),
    terminate: () => session.terminate(),
    ended: async () => ({ exitCode: await session.exited }),
  };
}

async function* dataOf(output: AsyncIterable<{ readonly data: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { data } of output) yield data;
}

async function openPort(
  { docker, network }: { readonly docker: DockerDriver; readonly network: NetworkDriver },
  task: TaskView,
  to: Extract<TunnelTarget, { kind: 'port' }>,
): Promise<TunnelEnd> {
  const socket = await network.connectTcp(await pidOf(docker, task), to.host, to.port);
  let broken: string | undefined;
  socket.on('error', (error) => (broken = error.message));
  return {
    output: chunksOf(socket),
    write(data) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (socket.writable) socket.write(data, () => resolve());
      else resolve();
      return promise;
    },
    end: () => void socket.end(),
    resize: () => Promise.resolve(),
    terminate() {
      socket.destroy();
      return Promise.resolve();
    },
    ended: () => Promise.resolve(broken === undefined ? {} : { error: broken }),
  };
}

async function* chunksOf(socket: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of socket) yield chunk as Uint8Array;
  } catch {
    // A connection that breaks is over; what broke it was noted.
  }
}

/** A process in whose network namespace the task's programs are. */
async function pidOf(docker: DockerDriver, task: TaskView): Promise<number> {
  if (ownsNetwork(task)) return task.pause.pid;
  const running = task.containers.find(({ phase }) => phase === 'running');
  if (running?.id === undefined) throw new Error('the task does not run');
  return (await docker.inspect(running.id)).pid;
}
