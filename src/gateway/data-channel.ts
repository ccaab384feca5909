import { isoOf, type Cancel, type Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import {
  decodeMessage,
  encodeMessage,
  flags,
  jsonPayload,
  payloadTypes,
  type ClientMessage,
} from './client-message.ts';
import { cipherOverhead } from './channel-cipher.ts';
import { Handshake, HandshakeError, type ChannelEncryption } from './handshake.ts';
import { ReliableStream, type Delivery } from './reliable-stream.ts';

/** A client's connection. */
export interface ClientSocket {
  send(frame: Uint8Array): void;
  close(): void;
}

/** What stands behind a data channel: a terminal, or the ports of a task. */
export interface Conversation {
  /** As the handshake names it. */
  readonly sessionType: 'Standard_Stream' | 'InteractiveCommands' | 'Port';
  readonly properties: Readonly<Record<string, string>>;
  /** The handshake is done: it may begin. `clientVersion` is the plugin's. */
  begin(clientVersion: string): void;
  /** Takes what the client sent; resolves once that was passed on, and it is acknowledged. */
  take(payloadType: number, payload: Uint8Array): Promise<void>;
  /** So many bytes of what was said reached the client. */
  heard(bytes: number): void;
  /** The session is over. */
  end(): void;
}

/** By which a conversation talks to the client. */
export interface Speaker {
  say(payloadType: number, payload: Uint8Array): void;
  /**
   * Nothing more will be said: the channel is closed once the client has everything. `output` says why, where it is not
   * plain; `exitCode` is the program's, for clients that ask (the plugin does not).
   */
  finish(output: string, exitCode?: number): void;
}

/** What a data channel is made from. */
export interface DataChannelOptions {
  readonly sessionId: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly converse: (speaker: Speaker) => Conversation;
  /** By which what is said is encrypted, where it is. */
  readonly encryption?: ChannelEncryption | undefined;
  /** The handshake is done. */
  readonly onConnected: () => void;
  /** The channel is closed for good. */
  readonly onClosed: () => void;
}

/** "ECS Exec has an idle session timeout of 20 minutes; this value can't be changed" (ECS Developer Guide). */
const idleMs = 20 * 60_000;
/** The longest that Session Manager lets a session be ("Specify maximum session duration", Systems Manager User Guide). */
const longestMs = 24 * 3_600_000;
/** How long the last output may stay unacknowledged before the channel is closed all the same. */
const lastWordsMs = 10_000;
/** How long a client has to close its end after it was told. */
const farewellMs = 1_000;

/**
 * The server's end of a session's data channel, over as many connections as it takes: handshake, streams, and the end. It
 * outlives the client's connections, and is over when its conversation is, when nothing moved for too long, or when
 * somebody ends it.
 */
export class DataChannel {
  readonly #options: DataChannelOptions;
  readonly #stream: ReliableStream;
  readonly #conversation: Conversation;
  readonly #handshake: Handshake;
  readonly #beganAt: number;
  #state: 'waiting' | 'shaking-hands' | 'challenging' | 'open' | 'finishing' | 'closed' = 'waiting';
  #socket: ClientSocket | undefined;
  #output = '';
  #exitCode: number | undefined;
  #lastMoveAt: number;
  #cancelResend: Cancel = () => {};
  #cancelEnd: Cancel = () => {};
  #handshakeAt = 0;

  constructor(options: DataChannelOptions) {
    this.#options = options;
    this.#stream = new ReliableStream('output_stream_data', options.ids);
    this.#conversation = options.converse({
      say: (payloadType, payload) => this.#say(payloadType, payload),
      finish: (output, exitCode) => this.#finish(output, exitCode),
    });
    const { sessionType, properties } = this.#conversation;
    this.#handshake = new Handshake({ ids: options.ids, sessionType, properties, encryption: options.encryption });
    this.#beganAt = options.clock.now();
    this.#lastMoveAt = this.#beganAt;
    this.#watchIdleness();
  }

  /** A client has shown its token. It takes the place of one that is still connected. */
  attach(socket: ClientSocket): void {
    if (this.#state === 'closed') return socket.close();
    this.#socket?.close();
    this.#socket = socket;
    if (this.#state !== 'waiting') {
      for (const frame of this.#stream.resend(this.#now)) socket.send(frame);
      return this.#scheduleResend();
    }
    this.#state = 'shaking-hands';
    this.#handshakeAt = this.#now;
    this.#say(payloadTypes.handshakeRequest, jsonPayload(this.#handshake.request));
    return undefined;
  }

  /** The client's connection is gone; it may come back. */
  detach(socket: ClientSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#cancelResend();
  }

  /** Takes a frame of the client. What is none is dropped: it comes again. */
  receive(socket: ClientSocket, frame: Uint8Array): void {
    if (this.#socket !== socket || this.#state === 'closed') return;
    const message = decodeMessage(frame);
    if (message?.type === 'acknowledge') this.#acknowledged(message);
    if (message?.type !== 'input_stream_data') return;
    const { deliveries, again } = this.#stream.receive(message, this.#now);
    for (const acknowledgement of again) this.#send(acknowledgement);
    for (const delivery of deliveries) this.#deliver(delivery);
  }

  /** Ends it, whatever goes on; the client is told why, where `output` says. */
  terminate(output = ''): void {
    if (this.#state === 'closed') return;
    this.#output ||= output;
    this.#close();
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  /** What encryption adds to each message of the conversation's. */
  get #overhead(): number {
    return this.#handshake.cipher === undefined ? 0 : cipherOverhead;
  }

  #say(payloadType: number, payload: Uint8Array): void {
    if (this.#state === 'closed' || this.#state === 'finishing') return;
    this.#lastMoveAt = this.#now;
    const { cipher } = this.#handshake;
    const said = payloadType === payloadTypes.output && cipher !== undefined ? cipher.encrypt(payload) : payload;
    this.#send(this.#stream.send(payloadType, said, this.#now));
    this.#scheduleResend();
  }

  #send(frame: Uint8Array): void {
    this.#socket?.send(frame);
  }

  #deliver(delivery: Delivery): void {
    this.#lastMoveAt = this.#now;
    const acknowledge = (): void => {
      const frame = this.#stream.acknowledge(delivery.sequence, this.#now);
      if (frame !== undefined && this.#state !== 'closed') this.#send(frame);
    };
    const { payloadType, payload } = delivery;
    if (payloadType === payloadTypes.handshakeResponse || payloadType === payloadTypes.encryptionChallengeResponse) {
      acknowledge();
      return this.#shakeHands(payloadType, payload);
    }
    if (payloadType === payloadTypes.flag && payload.length === 4) {
      const flag = Buffer.from(payload).readUInt32BE(0);
      if (flag === flags.terminateSession) {
        acknowledge();
        return this.terminate();
      }
    }
    // Before the handshake nothing else is meant for the conversation.
    if (this.#state !== 'open') return acknowledge();
    const { cipher } = this.#handshake;
    const taken = payloadType === payloadTypes.output && cipher !== undefined ? cipher.decrypt(payload) : payload;
    if (taken === undefined) {
      return this.terminate(`Error decrypting stream data message sequence ${delivery.sequence}`);
    }
    void this.#conversation.take(payloadType, taken).then(acknowledge);
    return undefined;
  }

  /** Takes an answer of the client's in the handshake, and goes on with it. */
  #shakeHands(payloadType: number, payload: Uint8Array): void {
    try {
      if (payloadType === payloadTypes.handshakeResponse && this.#state === 'shaking-hands') {
        const challenge = this.#handshake.answered(payload);
        if (challenge === undefined) return this.#shakenHands();
        this.#state = 'challenging';
        return this.#say(payloadTypes.encryptionChallengeRequest, jsonPayload(challenge));
      }
      if (payloadType === payloadTypes.encryptionChallengeResponse && this.#state === 'challenging') {
        this.#handshake.met(payload);
        return this.#shakenHands();
      }
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
      // The SSM agent's words (`sessionplugin.go`), which the client prints.
      const why = `Encountered error while initiating handshake. ${error.message}`;
      return this.terminate(`\n----------ERROR-------\n${why}\n`);
    }
    return undefined;
  }

  #shakenHands(): void {
    this.#state = 'open';
    const { customerMessage, clientVersion } = this.#handshake;
    const elapsedNanos = (this.#now - this.#handshakeAt) * 1e6;
    this.#say(
      payloadTypes.handshakeComplete,
      jsonPayload({ HandshakeTimeToComplete: elapsedNanos, CustomerMessage: customerMessage }),
    );
    this.#options.onConnected();
    this.#conversation.begin(clientVersion);
  }

  #acknowledged(message: ClientMessage): void {
    const settled = this.#stream.acknowledged(message, this.#now);
    if (settled === undefined) return;
    this.#lastMoveAt = this.#now;
    if (settled.payloadType === payloadTypes.output) this.#conversation.heard(settled.length - this.#overhead);
    if (this.#state === 'finishing' && this.#stream.settled) this.#close();
    else this.#scheduleResend();
  }

  #finish(output: string, exitCode: number | undefined): void {
    if (this.#state === 'closed' || this.#state === 'finishing') return;
    this.#output = output;
    this.#exitCode = exitCode;
    if (this.#stream.settled) return this.#close();
    this.#state = 'finishing';
    this.#lastMoveAt = this.#now;
    return this.#watchLastWords();
  }

  #watchLastWords(): void {
    this.#cancelEnd();
    const left = this.#lastMoveAt + lastWordsMs - this.#now;
    if (left <= 0) return this.#close();
    this.#cancelEnd = this.#options.clock.after(left, () => this.#watchLastWords());
    return undefined;
  }

  #watchIdleness(): void {
    this.#cancelEnd();
    const idle = this.#lastMoveAt + idleMs - this.#now;
    const old = this.#beganAt + longestMs - this.#now;
    if (idle <= 0) return this.terminate('Your session timed out due to inactivity.');
    if (old <= 0) return this.terminate('Your session has reached the longest duration that a session can have.');
    this.#cancelEnd = this.#options.clock.after(Math.min(idle, old), () => this.#watchIdleness());
    return undefined;
  }

  #scheduleResend(): void {
    this.#cancelResend();
    const { dueAt } = this.#stream;
    if (this.#socket === undefined || dueAt === undefined) return;
    this.#cancelResend = this.#options.clock.after(Math.max(0, dueAt - this.#now), () => {
      const frame = this.#stream.due(this.#now);
      if (frame !== undefined) this.#send(frame);
      this.#scheduleResend();
    });
  }

  #close(): void {
    const { sessionId, ids, clock, onClosed } = this.#options;
    this.#state = 'closed';
    this.#cancelEnd();
    this.#cancelResend();
    this.#conversation.end();
    const id = ids.uuid();
    const createdAt = this.#now;
    this.#send(
      encodeMessage({
        type: 'channel_closed',
        createdAt,
        sequence: 0,
        flags: 0,
        id,
        payloadType: 0,
        payload: jsonPayload({
          MessageId: id,
          CreatedDate: isoOf(createdAt),
          DestinationId: '',
          SessionId: sessionId,
          MessageType: 'channel_closed',
          SchemaVersion: 1,
          Output: this.#output,
          ...(this.#exitCode === undefined ? {} : { ExitCode: this.#exitCode }),
        }),
      }),
    );
    const socket = this.#socket;
    clock.after(farewellMs, () => socket?.close());
    onClosed();
  }
}
