import { messageOf } from '../base/errors.ts';
import type { Cancel } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Machine } from '../model/fleet/machine.ts';
import { tasks } from '../store/tables/ecs.ts';
import type { StopCandidate } from '../wire/acs.ts';
import type { AgentMessage, Channel, ServerMessage } from '../wire/messages.ts';
import { addConcernsOf, noConcerns, type Concerns } from './concerns.ts';
import type { FleetDeps } from './deps.ts';
import { Outbox, wantOf } from './outbox.ts';
import { Inbox } from './inbox.ts';
import { MachineTunnels } from './tunnels.ts';

const heartbeatMs = 30_000;
/** How often to look whether a task's credentials have to be renewed. */
const credentialsMs = 60_000;
/** A machine that has said nothing for so long is taken to be gone. */
const silenceMs = 90_000;
const ackMs = 30_000;
/** How often a message is sent that nobody acknowledges: an agent that cannot read a task never does. */
const attempts = 4;
/** How long a connection lasts before its agent has to make another one, and sign anew for it. */
const lifeMs = 30 * 60_000;
/** The pause before trying again when the journal cannot write. */
const journalRetryMs = 1_000;

/** What was agreed on when a machine connected. */
export interface SessionTerms {
  /** Whether it answers heartbeats, so that one that does not is gone (the agent's `protocolVersion` 2). */
  readonly answersHeartbeats: boolean;
  /** Whether the connection ends after half an hour, as those of genuine agents do; they connect again at once. */
  readonly expires: boolean;
}

type Acknowledged = Extract<
  ServerMessage,
  { type: 'PayloadMessage' | 'TaskManifestMessage' | 'IAMRoleCredentialsMessage' }
>;

/**
 * The conversation with one connected machine. It says everything once, then only what changed, and nothing that is not
 * durable: a task that a crash makes us forget must not run.
 */
export class Session {
  readonly machineId: string;
  readonly #deps: FleetDeps;
  readonly #log: Log;
  readonly #channel: Channel<ServerMessage, AgentMessage>;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  /** Absent where the machine knows no message types but Amazon's. */
  readonly tunnels: MachineTunnels | undefined;
  readonly #onClosed: () => void;
  readonly #terms: SessionTerms;
  readonly #unacknowledged = new Map<string, { readonly type: Acknowledged['type']; readonly cancel: Cancel }>();
  #concerns = noConcerns();
  #credentialsDue = false;
  #greeted = false;
  #pumping = false;
  #again = false;
  #closed = false;
  #heardAt: number;
  #cancelHeartbeat: Cancel = () => {};
  #cancelCredentials: Cancel = () => {};
  #cancelExpiry: Cancel = () => {};

  constructor(
    deps: FleetDeps,
    machine: Machine,
    channel: Channel<ServerMessage, AgentMessage>,
    terms: SessionTerms,
    onClosed: () => void,
  ) {
    this.machineId = machine.id;
    this.#terms = terms;
    this.#deps = deps;
    this.#log = deps.log.with({ machine: machine.id });
    this.#channel = channel;
    this.#outbox = new Outbox(deps, machine);
    this.#inbox = new Inbox(deps, machine.id, (message) => this.#send(message));
    const extras = machine.attributes.some(({ name }) => name.startsWith('stowage.'));
    this.tunnels = extras ? new MachineTunnels(deps.ids, (message) => this.#send(message)) : undefined;
    this.#heardAt = deps.clock.now();
    channel.onMessage((message) => this.#receive(message));
    this.#onClosed = onClosed;
    channel.onClose(() => this.#end());
    this.#beat();
    this.#lookAfterCredentials();
    if (terms.expires) {
      this.#cancelExpiry = deps.clock.after(lifeMs, () => this.close('ConnectionExpired: Reconnect to continue'));
    }
    this.#wake();
  }

  /** Notes what a commit changed; what the machine needs to hear of it goes out once it is durable. */
  notice(concerns: Concerns): void {
    addConcernsOf(this.machineId, concerns, this.#concerns);
    this.#wake();
  }

  /** Ends the conversation; `why` is the last that the machine hears. */
  close(why: string): void {
    this.#send({ type: 'CloseMessage', message: { message: why } });
    this.#channel.close();
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#cancelCredentials();
    this.#cancelExpiry();
    this.#inbox.close();
    this.tunnels?.close();
    for (const { cancel } of this.#unacknowledged.values()) cancel();
    this.#unacknowledged.clear();
    this.#onClosed();
  }

  #wake(): void {
    this.#again = true;
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    // After the commit at hand and its neighbours: bursts become few messages.
    queueMicrotask(() => void this.#pump());
  }

  async #pump(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        const concerns = this.#concerns;
        this.#concerns = noConcerns();
        const messages = this.#greeted ? this.#outbox.compose(concerns) : this.#outbox.composeAll();
        this.#greeted = true;
        if (this.#credentialsDue) messages.push(...this.#outbox.composeCredentials());
        this.#credentialsDue = false;
        if (messages.length === 0) continue;
        await this.#durable();
        for (const message of messages) this.#send(message);
      }
    } catch (error) {
      // Whatever went wrong, the machine's next session begins with everything.
      this.#log.error('session failed', { error: messageOf(error), stack: error instanceof Error ? error.stack : '' });
      this.close('the control plane failed to go on; reconnect to continue');
    } finally {
      this.#pumping = false;
    }
  }

  async #durable(): Promise<void> {
    while (!this.#closed) {
      try {
        return await this.#deps.store.flushed();
      } catch (error) {
        this.#log.warn('the journal does not write', { error: messageOf(error) });
        await this.#deps.clock.sleep(journalRetryMs);
      }
    }
  }

  #send(message: ServerMessage): void {
    if (this.#closed) return;
    switch (message.type) {
      case 'PayloadMessage':
      case 'TaskManifestMessage':
      case 'IAMRoleCredentialsMessage':
        this.#expectAck(message, 1);
        break;
      default:
    }
    this.#channel.send(message);
  }

  #expectAck(message: Acknowledged, attempt: number): void {
    const { type } = message;
    const { messageId } = message.message;
    const cancel = this.#deps.clock.after(ackMs, () => {
      this.#unacknowledged.delete(messageId);
      if (attempt === attempts) return this.#log.warn('never acknowledged', { type, messageId });
      this.#expectAck(message, attempt + 1);
      this.#channel.send(message);
    });
    this.#unacknowledged.set(messageId, { type, cancel });
  }

  #acknowledged(messageId: string): void {
    this.#unacknowledged.get(messageId)?.cancel();
    this.#unacknowledged.delete(messageId);
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#deps.clock.after(heartbeatMs, () => {
      if (this.#terms.answersHeartbeats && this.#deps.clock.now() - this.#heardAt > silenceMs) {
        this.#log.warn('silent for too long');
        return this.close('no answer to heartbeats');
      }
      this.#send({ type: 'HeartbeatMessage', message: { messageId: this.#deps.ids.uuid(), healthy: true } });
      return this.#beat();
    });
  }

  /** From time to time sessions are renewed that are over soon. */
  #lookAfterCredentials(): void {
    this.#cancelCredentials = this.#deps.clock.after(credentialsMs, () => {
      this.#credentialsDue = true;
      this.#wake();
      this.#lookAfterCredentials();
    });
  }

  #receive(message: AgentMessage): void {
    if (this.#closed) return;
    this.#heardAt = this.#deps.clock.now();
    switch (message.type) {
      case 'HeartbeatAckRequest':
        return;
      case 'AckRequest':
        return this.#acknowledged(message.message.messageId);
      case 'NackRequest':
        this.#log.warn('a message was refused', { ...message.message });
        return this.#acknowledged(message.message.messageId);
      case 'IAMRoleCredentialsAckRequest': {
        // Those that came within a payload are acknowledged under its id, before the payload itself.
        const { messageId } = message.message;
        if (this.#unacknowledged.get(messageId)?.type === 'IAMRoleCredentialsMessage') this.#acknowledged(messageId);
        return;
      }
      case 'TaskStopVerificationMessage': {
        const { messageId, stopCandidates } = message.message;
        const stopTasks = stopCandidates.filter((candidate) => this.#mayStop(candidate));
        this.#send({
          type: 'TaskStopVerificationAck',
          message: { messageId, generatedAt: this.#deps.clock.now(), stopTasks },
        });
        return;
      }
      case 'StowageTunnelData':
      case 'StowageTunnelCredit':
      case 'StowageTunnelClosed':
        this.tunnels?.take(message);
        return;
      default:
        this.#inbox.take(message);
    }
  }

  /** A machine asks before it stops what it did not find in its manifest: a task may have been placed there since. */
  #mayStop({ taskArn }: StopCandidate): boolean {
    const task = this.#deps.store.get(tasks, taskArn);
    return task === undefined || wantOf(task, this.machineId) !== 'RUNNING';
  }
}
