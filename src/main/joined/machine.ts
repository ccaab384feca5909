import { connect } from 'node:net';
import { once } from 'node:events';
import { createAgent, type Agent } from '../../agent/agent.ts';
import { pullBehaviorOf } from '../../agent/tasks/images.ts';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { systemIds } from '../../base/ids.ts';
import { textLog } from '../../base/log.ts';
import { fargateHost, type MachineAttribute } from '../../model/fleet/machine.ts';
import { sessionEnds, type Introduction, type KeyOfMachine, type RegistryAnswer } from '../../wire/join.ts';
import type { AgentMessage, Channel, ServerMessage } from '../../wire/messages.ts';
import { openFiles } from '../open-files.ts';
import { openPlatform, removeAll } from '../platform.ts';
import { ControlError, isRemoved, openSession, post, type ControlAccess } from './control.ts';
import { forgetIdentity, readIdentity, writeIdentity, type MachineIdentity } from './identity.ts';
import { Relay } from './relay.ts';

/** What the agent of a machine that joined is started with. */
export interface MachineOptions {
  readonly home: string;
  /** The installation's id on this machine, eight hexadecimal digits. */
  readonly id: string;
  readonly writeLog: (line: string) => void;
}

/** The agent of a machine that joined. */
export interface JoinedMachine {
  /** Resolves at the first session, rejects where the control plane refuses one for good. */
  readonly connected: Promise<void>;
  /** Resolves when the machine left or was removed: all that it ran is gone by then. */
  readonly removed: Promise<void>;
  /** Ends all activity; what runs goes on. */
  stop(): Promise<void>;
}

/** How often a machine takes another key: a copy of its home is good for no longer. */
const rotateMs = 24 * 3_600_000;
const rotateAgainMs = 60_000;

type Uplink = Channel<AgentMessage | Introduction, ServerMessage>;

/**
 * Runs the agent of a machine that joined, the same as a control plane has for its own, with sessions over WebSockets. Containers outlive
 * it, and the next one finds them again.
 */
export async function startMachine(options: MachineOptions): Promise<JoinedMachine> {
  const { home, id } = options;
  const clock = systemClock;
  const ids = systemIds;
  const log = textLog(clock, options.writeLog);
  let identity = need(readIdentity(home));
  const { machineId, publicPool, control } = identity;
  const platform = openPlatform({ home, id, publicPool, clock, log });
  const relay = new Relay(control);
  const relayPort = await relay.listen(identity.relayPort).catch((error: unknown) => {
    throw new Error(`port ${identity.relayPort} on 127.0.0.1, by which images are pulled: ${messageOf(error)}`);
  });
  /** On disk first: what this process alone knows, the next one would be locked out by. */
  const keep = (change: Partial<MachineIdentity>): void => {
    const next = { ...identity, ...change };
    writeIdentity(home, next);
    identity = next;
  };
  if (relayPort !== identity.relayPort) keep({ relayPort });
  const registryHost = `127.0.0.1:${relayPort}`;
  const access: ControlAccess = { url: control, region: identity.region, key: () => identity.key, clock, log };
  const stop = new AbortController();
  const connected = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();

  let agent: Agent | undefined;
  let isRemoving = false;
  /** The control plane does not know this machine any more: nothing of it runs on here. */
  const endAll = async (): Promise<void> => {
    if (isRemoving) return;
    isRemoving = true;
    log.warn('this machine left or was removed: what it runs ends');
    await agent?.stop();
    for (let attempt = 1; ; attempt += 1) {
      try {
        await removeAll(platform);
        break;
      } catch (error) {
        log.warn('not everything could be removed yet', { error: messageOf(error) });
        if (attempt === 5) break;
        await clock.sleep(1_000 * attempt);
      }
    }
    forgetIdentity(home);
    removed.resolve();
  };
  const session = async (introduction: Introduction, onEnd?: (code: number) => void): Promise<Uplink> => {
    try {
      const channel = await openSession<AgentMessage | Introduction, ServerMessage>(access, onEnd);
      channel.send(introduction);
      return channel;
    } catch (error) {
      if (isRemoved(error)) void endAll();
      else if (error instanceof ControlError && error.status === 403) connected.reject(error);
      throw error;
    }
  };

  agent = createAgent({
    async connect() {
      const { cpus, memoryBytes } = await platform.docker.capacity();
      const resources = {
        cpu: cpus * 1024,
        memory: Math.floor(memoryBytes / 2 ** 20),
        ...given('openFiles', openFiles()),
      };
      const underlay = process.env['STOWAGE_UNDERLAY'] ?? (await underlayTo(control));
      const message = { attributes: attributesOf(identity), resources, registryHost, underlay };
      const channel = await session({ type: 'StowageHello', message });
      connected.resolve();
      return channel;
    },
    docker: platform.docker,
    network: platform.network,
    registryAuth: async ({ ecrAuthData: { registryId: account, region } }) => ({
      ...(await post<RegistryAnswer>(access, 'registry', { account, region })),
      serverAddress: registryHost,
    }),
    endpoint: control,
    serveApi: (connection) => relay.carry(connection),
    pullBehavior: pullBehaviorOf(process.env['ECS_IMAGE_PULL_BEHAVIOR'], log),
    clock,
    log,
    installationId: id,
    machineId,
    arch: process.arch,
    random: () => ids.random(),
    cgroups: platform.cgroups,
    disk: platform.disk,
    instances: {
      connect: async ({ spec: { instanceId }, attributes, dockerVersion }) => {
        let isInactive = false;
        const message = { instanceId, attributes, dockerVersion, registryHost };
        const channel = await session({ type: 'StowageInstanceHello', message }, (code) => {
          isInactive ||= code === sessionEnds.inactive;
        });
        return stayAwayOnce(channel, () => isInactive);
      },
    },
  });
  agent.start();
  log.info('the agent of this machine runs', { machine: machineId, control, registry: registryHost });
  void rotateKeys(access, clock, stop.signal, log, (key) => keep({ key }));

  connected.promise.catch(() => {});
  return {
    connected: connected.promise,
    removed: removed.promise,
    async stop() {
      stop.abort();
      await agent?.stop();
      relay.close();
      await platform.close();
    },
  };
}

function need(identity: MachineIdentity | undefined): MachineIdentity {
  if (identity === undefined) throw new Error('this machine has not joined');
  return identity;
}

/** One that is a container instance has given that all it has: tasks of Fargate run on the others. */
function attributesOf({ instanceId }: MachineIdentity): readonly MachineAttribute[] {
  return [
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.os-family', value: 'LINUX' },
    { name: 'ecs.cpu-architecture', value: process.arch === 'arm64' ? 'arm64' : 'x86_64' },
    { name: 'stowage.vpc' },
    ...(instanceId === undefined ? [{ name: fargateHost }] : []),
  ];
}

/** The address by which this machine speaks to the control plane: that at which other machines find it. */
async function underlayTo(control: string): Promise<string> {
  const { hostname, port } = new URL(control);
  const socket = connect({ host: hostname, port: Number(port === '' ? 80 : port) });
  try {
    await once(socket, 'connect');
    return socket.localAddress?.replace(/^::ffff:/, '') ?? '';
  } finally {
    socket.destroy();
  }
}

/** A channel whose end is never told when it was the last: whose instance was deregistered does not come again. */
function stayAwayOnce(channel: Uplink, isOver: () => boolean): Channel<AgentMessage, ServerMessage> {
  return {
    send: (message) => channel.send(message),
    onMessage: (receive) => channel.onMessage(receive),
    onClose: (closed) => channel.onClose(() => (isOver() ? undefined : closed())),
    close: () => channel.close(),
  };
}

async function rotateKeys(
  access: ControlAccess,
  clock: typeof systemClock,
  signal: AbortSignal,
  log: ReturnType<typeof textLog>,
  keep: (key: KeyOfMachine) => void,
): Promise<void> {
  // One that is started anew every day takes another too.
  let pauseMs = rotateAgainMs;
  for (;;) {
    try {
      await clock.sleep(pauseMs, signal);
    } catch {
      return;
    }
    try {
      keep(await post<KeyOfMachine>(access, 'key', {}));
      pauseMs = rotateMs;
    } catch (error) {
      // The one that it has is good until then.
      log.warn('no new key', { error: messageOf(error) });
      pauseMs = rotateAgainMs;
    }
  }
}
