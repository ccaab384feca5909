import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join as joinPath } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { MachineIdentity } from '../../main/joined/identity.ts';
import type { JoinAnswer, JoinRequest } from '../../wire/join.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../installation.ts';
import { clearAgent, runningAgent, startDetached, writeAgent } from '../machine-agent.ts';
import { prepareMachine } from '../prepare/prepare.ts';
import type { Terminal } from '../terminal.ts';

type Options = Readonly<Record<string, unknown>>;

/** `stowage join`: this machine runs tasks of a control plane on another one. */
export const join: Command = {
  name: 'join',
  usage: 'join http://CONTROL:4566 --token TOKEN [--cluster default | --fargate] [--detach]',
  summary: 'let this machine run tasks of a control plane on another one',
  options: {
    token: { type: 'string' },
    cluster: { type: 'string' },
    fargate: { type: 'boolean' },
    attribute: { type: 'string', multiple: true },
    zone: { type: 'string' },
    name: { type: 'string' },
    'reserve-memory': { type: 'string' },
    detach: { type: 'boolean', short: 'd' },
  },
  async run({ installation: { home, id }, terminal, json, options, arguments: [url, ...rest] }) {
    if (rest.length > 0) throw new UsageError(`say 'stowage ${join.usage}'`);
    // The log is no data: it goes where warnings go.
    const quiet: Terminal = json
      ? { ...terminal, done: () => {}, step: () => {}, line: (text = '') => terminal.warn(text) }
      : terminal;
    if (existsSync(joinPath(home, 'state.sqlite'))) {
      throw new UsageError(`${home} is the home of a control plane: give the machine another one with --home`);
    }
    const running = runningAgent(home);
    if (running !== undefined) {
      throw new UsageError(`process ${running.pid} is the agent of ${home} already: 'stowage down' stops it`);
    }
    const { readIdentity } = await import('../../main/joined/identity.ts');
    await prepareMachine('serve', quiet);
    const known = readIdentity(home);
    const identity = known ?? (await exchange(home, url, options, quiet));
    if (known !== undefined) checkSame(known, url, quiet);
    if (options['detach'] === true) {
      const { pid, logFile } = await startDetached(home);
      quiet.done(`the agent runs (process ${pid}, log ${logFile})`);
      if (json) terminal.json({ ...shown(identity), pid });
      return 0;
    }
    if (json) terminal.json(shown(identity));
    return serve({ home, id }, quiet);
  },
};

function shown({ machineId, instanceId, control }: MachineIdentity): Record<string, unknown> {
  return { machineId, ...(instanceId === undefined ? {} : { instanceId }), control };
}

function checkSame(known: MachineIdentity, url: string | undefined, terminal: Terminal): void {
  if (url !== undefined && new URL(url).origin !== known.control) {
    throw new UsageError(`this machine has joined ${known.control} as ${known.machineId}: 'stowage leave' first`);
  }
  terminal.done(`this machine has joined ${known.control} as ${known.machineId}`);
}

/** The options that are about the container instance that a machine becomes. */
const ofInstances = ['cluster', 'attribute', 'zone', 'reserve-memory'];

/** Exchanges the token for who this machine is from now on. */
async function exchange(
  home: string,
  url: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<MachineIdentity> {
  const control = originOf(url);
  const { token, fargate } = options;
  const meaningless = fargate === true && ofInstances.find((name) => options[name] !== undefined);
  if (typeof meaningless === 'string') {
    throw new UsageError(`--${meaningless} is about a container instance: a machine that joins with --fargate is none`);
  }
  if (typeof token !== 'string') {
    throw new UsageError(
      "a token is missing: 'stowage token create' on the control plane's machine makes one; give it with --token",
    );
  }
  const { post } = await import('../../main/joined/control.ts');
  const { writeIdentity } = await import('../../main/joined/identity.ts');
  const { createDocker } = await import('../../drivers/docker/engine.ts');
  const docker = createDocker({ dockerHost: process.env['DOCKER_HOST'], clock: systemClock });
  const { cpus, memoryBytes } = await docker.capacity().finally(() => docker.close());
  const request: JoinRequest = {
    token,
    name: (options['name'] as string | undefined) ?? hostname(),
    resources: { cpu: cpus * 1024, memory: Math.floor(memoryBytes / 2 ** 20) },
    arch: process.arch,
    ...(fargate === true ? {} : { cluster: (options['cluster'] as string | undefined) ?? 'default' }),
    attributes: attributesIn(options['attribute'] as readonly string[] | undefined),
    ...(typeof options['zone'] === 'string' ? { zone: options['zone'] } : {}),
    reservedMemory: memoryIn(options['reserve-memory'] as string | undefined),
  };
  terminal.step(`joining ${control}`);
  const access = { url: control, region: '', key: () => undefined, clock: systemClock, log: silentLog };
  const answer = await post<JoinAnswer>(access, 'join', request).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  const { machineId, instanceId, region, publicPool, key } = answer;
  const identity: MachineIdentity = {
    control,
    machineId,
    ...(instanceId === undefined ? {} : { instanceId }),
    region,
    publicPool,
    key,
    relayPort: 0,
  };
  writeIdentity(home, identity);
  terminal.done(
    `this machine is ${machineId}${instanceId === undefined ? '' : `, the instance ${instanceId} of cluster ${request.cluster ?? ''}`}`,
  );
  return identity;
}

/** Runs the agent until a signal comes, or the machine has left. */
async function serve({ home, id }: { home: string; id: string }, terminal: Terminal): Promise<number> {
  const stopped = Promise.withResolvers<'stopped'>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.resolve('stopped'));
  const { startMachine } = await import('../../main/joined/machine.ts');
  writeAgent(home, { pid: process.pid, connected: false });
  const machine = await startMachine({ home, id, writeLog: (line) => terminal.line(line) });
  try {
    const over = Promise.race([stopped.promise, machine.removed]);
    const first = await Promise.race([machine.connected.then(() => 'connected' as const), over]);
    if (first === 'connected') {
      writeAgent(home, { pid: process.pid, connected: true });
      terminal.done('connected: the control plane may place tasks here');
    }
    if ((await over) === 'stopped') terminal.step('stopping the agent (tasks go on running)');
    else terminal.done('this machine has left, or was removed: nothing of it runs here any more');
  } catch (error) {
    throw new UsageError(`the control plane does not take this machine: ${messageOf(error)}`);
  } finally {
    await machine.stop();
    clearAgent(home);
  }
  return 0;
}

function originOf(text: string | undefined): string {
  if (text === undefined)
    throw new UsageError("say where the control plane is: 'stowage join http://192.168.1.10:4566 …'");
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw new UsageError(`${text} is no address of a control plane: give http://192.168.1.10:4566`);
  }
  if (url.protocol !== 'http:') {
    throw new UsageError(
      `${text}: the control plane speaks plain HTTP; where the network is not yours, lead it through a tunnel`,
    );
  }
  return url.origin;
}

function attributesIn(given: readonly string[] = []): Record<string, string> {
  const pairs = given.map((text) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new UsageError(`--attribute ${text}: give NAME=VALUE`);
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

function memoryIn(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--reserve-memory ${text}: give a number of MiB`);
  return Number(text);
}
