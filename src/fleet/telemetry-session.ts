import type { Cancel } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { encode } from '../wire/envelope.ts';
import { MalformedMessageError } from '../wire/shape.ts';
import { readSignedFrame, type SignedFrame } from '../wire/signed-frame.ts';
import type { MessageSocket } from '../wire/socket-channel.ts';
import { readTelemetryMessage, type TelemetryMessage } from '../wire/telemetry-messages.ts';
import { Inbox, type InboxDeps } from './inbox.ts';

/** What a telemetry session is made from. */
export interface TelemetryOptions extends InboxDeps {
  readonly machineId: string;
  readonly socket: MessageSocket;
  /** Whether the instance's account signed a frame; a sentence on what is wrong with the signature when it did not. */
  readonly accepts: (frame: SignedFrame) => true | string;
  readonly onClosed: () => void;
}

/** An agent waits a minute for a sign of life before it connects anew. */
const heartbeatMs = 30_000;
/** How long a connection lasts before its agent has to make another one. */
const lifeMs = 30 * 60_000;

/** What is answered to each kind of message, and what is said in it. */
const acknowledgments = {
  PublishHealthRequest: 'AckPublishHealth',
  PublishInstanceStatusRequest: 'AckPublishInstanceStatus',
  PublishMetricsRequest: 'AckPublishMetric',
  StartTelemetrySessionRequest: undefined,
} as const;

/** The telemetry connection (TCS) of a genuine agent: health and use of its tasks and the health of its machine come in, acknowledgments go out. */
export class TelemetrySession {
  readonly #options: TelemetryOptions;
  readonly #inbox: Inbox;
  #cancelHeartbeat: Cancel = () => {};
  readonly #cancelExpiry: Cancel;
  #closed = false;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    const { socket, clock } = options;
    this.#inbox = new Inbox(options, options.machineId, () => {});
    socket.on('message', (data) => this.#receive(data.toString('utf8')));
    socket.on('close', () => this.#end());
    // What is wrong is told by the close that follows.
    socket.on('error', () => {});
    this.#beat();
    this.#cancelExpiry = clock.after(lifeMs, () => this.close());
  }

  /** Ends it; the agent connects anew, unless its instance was deregistered. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#options.socket.close(1000);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelHeartbeat();
    this.#cancelExpiry();
    this.#inbox.close();
    this.#options.onClosed();
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(heartbeatMs, () => {
      this.#send('HeartbeatMessage', { healthy: true });
      this.#beat();
    });
  }

  #send(type: string, message: unknown): void {
    const { socket } = this.#options;
    if (!this.#closed && socket.readyState === socket.OPEN) socket.send(encode({ type, message }));
  }

  #refuse(why: string): void {
    this.#send('BadRequestException', { message: why });
    this.#options.log.warn('telemetry was refused', { machine: this.#options.machineId, why });
    this.#options.socket.close(1008);
    this.#end();
  }

  #receive(data: string): void {
    if (this.#closed) return;
    try {
      const frame = readSignedFrame(data);
      const accepted = this.#options.accepts(frame);
      if (accepted !== true) return this.#refuse(accepted);
      const message = readTelemetryMessage(frame.content);
      if (message !== undefined) this.#take(message);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.#refuse(error.message);
    }
    return undefined;
  }

  #take(message: TelemetryMessage): void {
    if (message.type !== 'StartTelemetrySessionRequest') this.#inbox.take(message);
    const acknowledgment = acknowledgments[message.type];
    if (acknowledgment === undefined) return;
    this.#options.store.flushed().then(
      () => this.#send(acknowledgment, { message: 'ACK' }),
      // Unacknowledged, it is said again in twenty seconds.
      (error: unknown) => this.#options.log.warn('telemetry not acknowledged', { error: messageOf(error) }),
    );
  }
}
