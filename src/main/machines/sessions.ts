import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../base/clock.ts';
import { AwsError, messageOf } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Log } from '../../base/log.ts';
import type { MachineHello } from '../../fleet/deps.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Member } from '../../model/fleet/member.ts';
import type { Store } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { members } from '../../store/tables/fleet.ts';
import { sessionEnds, type Introduction } from '../../wire/join.ts';
import type { AgentMessage, Channel, ServerMessage } from '../../wire/messages.ts';
import { decode } from '../../wire/envelope.ts';
import { endWhenSilent } from '../../wire/liveness.ts';
import { maxFrameBytes, socketChannel } from '../../wire/socket-channel.ts';
import type { InstanceAdmission } from '../instance-agents.ts';
import { authenticateMachine } from './authenticate.ts';
import { removed } from './routes.ts';

/** What sessions of machines are made from. */
export interface SessionDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly admitInstance: InstanceAdmission;
}

/** A machine that is not heard of for so long is not there. */
const silenceMs = 30_000;
/** How long a machine may take to say who it is. */
const introductionMs = 10_000;

type Arriving = AgentMessage | Introduction;

/** The sessions of machines that joined: WebSockets, each signed with its machine's key, one for the machine and one for each instance on it. */
export class MachineSessions {
  readonly #deps: SessionDeps;
  readonly #open = new Map<Channel<ServerMessage, Arriving>, string>();
  readonly #unwatch: () => void;
  #server: WebSocketServer | undefined;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#unwatch = deps.store.watch([members], ({ changes }) => {
      for (const { after } of changes) {
        const member = after as Member | undefined;
        if (member?.removedAt === undefined) continue;
        for (const [channel, machineId] of this.#open) if (machineId === member.id) channel.close();
      }
    });
  }

  /** Takes a connection over. Throws `AwsError` for one that is not a machine's. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { store } = this.#deps;
    const { member } = authenticateMachine(this.#deps, request, Buffer.alloc(0));
    // The key that it used is the only one from now on.
    await store.flushed();
    if (member.removedAt !== undefined) throw removed();
    const { WebSocketServer } = await import('ws');
    this.#server ??= new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
    this.#server.handleUpgrade(request, socket, head, (client) => this.#welcome(member, client));
  }

  close(): void {
    this.#unwatch();
    for (const channel of this.#open.keys()) channel.close();
  }

  /** Its first words say for whom it speaks. */
  #welcome(member: Member, client: WebSocket): void {
    const { clock, log } = this.#deps;
    const channel = socketChannel<ServerMessage, Arriving>(client, (frame) => decode(frame) as Arriving);
    endWhenSilent(client, { clock, log, silenceMs });
    this.#open.set(channel, member.id);
    channel.onClose(() => this.#open.delete(channel));
    const cancel = clock.after(introductionMs, () => channel.close());
    const waiting: AgentMessage[] = [];
    let receive = (message: Arriving): void => void waiting.push(message as AgentMessage);
    channel.onMessage((first) => {
      cancel();
      channel.onMessage((message) => receive(message));
      const connected: Channel<ServerMessage, AgentMessage> = {
        send: (message) => channel.send(message),
        onMessage: (take) => {
          receive = take as (message: Arriving) => void;
          for (const message of waiting.splice(0)) take(message);
        },
        onClose: (closed) => channel.onClose(closed),
        close: () => channel.close(),
      };
      this.#introduce(member, first, connected, client).catch((error: unknown) => {
        log.warn('a machine was not let in', { machine: member.id, error: messageOf(error) });
        client.close(sessionEnds.misunderstood, messageOf(error).slice(0, 120));
      });
    });
  }

  async #introduce(
    member: Member,
    said: Arriving,
    channel: Channel<ServerMessage, AgentMessage>,
    client: WebSocket,
  ): Promise<void> {
    const { fleet, store, admitInstance } = this.#deps;
    let hello: MachineHello | undefined;
    switch (said.type) {
      case 'StowageHello': {
        const { attributes, resources, registryHost, underlay } = said.message;
        hello = { id: member.id, attributes, resources, registryHost, underlay };
        const { instanceId } = member;
        store.transact((tx) =>
          tx.update(instances, instanceId ?? '', (row) => ({
            ...row,
            size: { vcpus: resources.cpu / 1024, memoryMiB: resources.memory },
          })),
        );
        break;
      }
      case 'StowageInstanceHello': {
        const { instanceId, attributes, dockerVersion, registryHost } = said.message;
        if (store.get(instances, instanceId)?.hostId !== member.id) {
          throw new AwsError('AccessDenied', `the instance ${instanceId} does not stand on the machine ${member.id}`);
        }
        const admitted = await admitInstance({ instanceId, attributes, dockerVersion });
        if (admitted === undefined) return client.close(sessionEnds.inactive, 'InactiveInstanceException');
        hello = { ...admitted, ...given('registryHost', registryHost) };
        break;
      }
      default:
        throw new AwsError('ValidationError', `${said.type} is no introduction`);
    }
    fleet.connect(hello, channel);
    return undefined;
  }
}
