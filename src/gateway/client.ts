import type { Cancel, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Ids } from '../base/ids.ts';
import { ChannelCipher } from './channel-cipher.ts';
import { decodeMessage, flags, jsonOf, jsonPayload, payloadTypes } from './client-message.ts';
import { ReliableStream } from './reliable-stream.ts';

/** By which a data channel is opened: what ExecuteCommand, StartSession and ResumeSession answer. */
export interface ChannelAccess {
  readonly streamUrl: string;
  readonly tokenValue: string;
}

/** What KMS answers to GenerateDataKey. */
export interface DataKey {
  readonly plaintext: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** What a client is made from. It needs nothing but the browser's WebSocket. */
export interface DataChannelClientOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly access: ChannelAccess;
  /** Another access after a lost connection; `undefined` when the session is over. */
  readonly resume: () => Promise<ChannelAccess | undefined>;
  readonly connect?: (url: string) => WebSocket;
  /** Asks KMS for a data key of 64 bytes of this key, for this session; needed where the cluster has a key for sessions. */
  readonly generateDataKey?: (keyId: string) => Promise<DataKey>;
  /** Hears what the session says, in order and whole. */
  readonly onData: (data: Uint8Array) => void;
  /** What the agent said of its port connections. */
  readonly onFlag?: (flag: number) => void;
}

/** How the plugin introduces itself; the version decides what the agent offers. */
const clientVersion = '1.2.707.0';
const maxResumptions = 5;
const firstPauseMs = 100;
/** How much may be unacknowledged before whoever sends is to wait. */
const windowBytes = 262_144;
const messageBytes = 8_192;

/**
 * A client of a session's data channel, as the session-manager-plugin is one: for our own CLI, for tests, and as an example
 * of what a page in a browser does.
 */
export class DataChannelClient {
  /** Resolves with the session's last word, mostly empty; rejects when it cannot be reached any more. */
  readonly closed: Promise<string>;
  /** Resolves once the handshake is done. */
  readonly ready: Promise<void>;
  readonly #options: DataChannelClientOptions;
  readonly #stream: ReliableStream;
  readonly #closing = Promise.withResolvers<string>();
  readonly #readying = Promise.withResolvers<void>();
  #socket: WebSocket | undefined;
  #over = false;
  #exitCode: number | undefined;
  #cipher: ChannelCipher | undefined;
  #resumptions = 0;
  #cancelResend: Cancel = () => {};
  #room: (() => void)[] = [];

  constructor(options: DataChannelClientOptions) {
    this.#options = options;
    this.#stream = new ReliableStream('input_stream_data', options.ids);
    this.closed = this.#closing.promise;
    this.ready = this.#readying.promise;
    this.closed.catch(() => {});
    this.ready.catch(() => {});
    this.#open(options.access);
  }

  /** How the program ended, once it has: said by our own gateway, not by AWS. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Sends data as if it were typed; resolves when there is room for more. */
  async send(data: Uint8Array): Promise<void> {
    await this.ready;
    for (let at = 0; at < data.length; at += messageBytes) {
      while (this.#stream.unacknowledgedBytes > windowBytes && !this.#over) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#room.push(resolve);
        await promise;
      }
      if (this.#over) return;
      const part = data.subarray(at, at + messageBytes);
      this.#say(payloadTypes.output, this.#cipher?.encrypt(part) ?? part);
    }
  }

  /** Tells how large the terminal is. */
  resize(columns: number, rows: number): void {
    if (!this.#over) this.#say(payloadTypes.size, jsonPayload({ cols: columns, rows }));
  }

  /** Asks for the session's end. */
  terminate(): void {
    const flag = Buffer.alloc(4);
    flag.writeUInt32BE(flags.terminateSession);
    if (!this.#over) this.#say(payloadTypes.flag, flag);
  }

  /** Loses the connection, as a bad line would. */
  drop(): void {
    this.#socket?.close();
  }

  #open({ streamUrl, tokenValue }: ChannelAccess): void {
    const { ids, clock } = this.#options;
    const socket = (this.#options.connect ?? ((url) => new WebSocket(url)))(streamUrl);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.addEventListener('open', () => {
      socket.send(
        JSON.stringify({
          MessageSchemaVersion: '1.0',
          RequestId: ids.uuid(),
          TokenValue: tokenValue,
          ClientId: ids.uuid(),
          ClientVersion: clientVersion,
        }),
      );
      for (const frame of this.#stream.resend(clock.now())) socket.send(frame);
      this.#scheduleResend();
    });
    socket.addEventListener('message', ({ data }) => this.#receive(socket, new Uint8Array(data as ArrayBuffer)));
    socket.addEventListener('close', () => {
      if (this.#socket === socket) void this.#lost();
    });
  }

  async #lost(): Promise<void> {
    this.#socket = undefined;
    this.#cancelResend();
    let problem: unknown = new Error('the session cannot be reached');
    while (!this.#over && this.#resumptions < maxResumptions) {
      await this.#options.clock.sleep(firstPauseMs * 2 ** this.#resumptions);
      this.#resumptions += 1;
      try {
        const access = await this.#options.resume();
        if (access === undefined) return this.#finish('');
        return this.#open(access);
      } catch (error) {
        problem = error;
      }
    }
    if (this.#over) return undefined;
    this.#closing.reject(problem);
    return this.#finish('');
  }

  #receive(socket: WebSocket, frame: Uint8Array): void {
    const message = decodeMessage(frame);
    const now = this.#options.clock.now();
    if (message === undefined || this.#socket !== socket) return;
    this.#resumptions = 0;
    switch (message.type) {
      case 'acknowledge':
        this.#stream.acknowledged(message, now);
        if (this.#stream.unacknowledgedBytes <= windowBytes) for (const go of this.#room.splice(0)) go();
        return this.#scheduleResend();
      case 'channel_closed': {
        const { Output: output, ExitCode: exitCode } = jsonOf(message.payload) ?? {};
        if (typeof exitCode === 'number') this.#exitCode = exitCode;
        return this.#finish(typeof output === 'string' ? output : '');
      }
      case 'output_stream_data': {
        const { deliveries, again } = this.#stream.receive(message, now);
        for (const acknowledgement of again) socket.send(acknowledgement);
        for (const { sequence, payloadType, payload } of deliveries) {
          const acknowledgement = this.#stream.acknowledge(sequence, now);
          if (acknowledgement !== undefined) socket.send(acknowledgement);
          this.#take(payloadType, payload);
        }
        return undefined;
      }
      case 'input_stream_data':
      case 'start_publication':
      case 'pause_publication':
        return undefined;
      default:
        return message.type satisfies never;
    }
  }

  #take(payloadType: number, payload: Uint8Array): void {
    switch (payloadType) {
      case payloadTypes.handshakeRequest:
        return void this.#shakeHands(jsonOf(payload)?.['RequestedClientActions']);
      case payloadTypes.encryptionChallengeRequest: {
        const challenge = this.#cipher?.decrypt(Buffer.from(String(jsonOf(payload)?.['Challenge']), 'base64'));
        // What another key made is not answered: the agent ends the session.
        const answer = challenge && this.#cipher?.encrypt(challenge).toString('base64');
        return this.#say(payloadTypes.encryptionChallengeResponse, jsonPayload({ Challenge: answer ?? '' }));
      }
      case payloadTypes.handshakeComplete:
        return this.#readying.resolve();
      case payloadTypes.flag:
        return this.#options.onFlag?.(Buffer.from(payload).readUInt32BE(0));
      case payloadTypes.output:
        return this.#hear(payload);
      default:
        return undefined;
    }
  }

  async #shakeHands(requested: unknown): Promise<void> {
    const actions = (requested ?? []) as { ActionType: string; ActionParameters?: { KMSKeyId?: string } }[];
    const processed: unknown[] = [];
    for (const { ActionType, ActionParameters } of actions) {
      const done = (result: unknown): number =>
        processed.push({ ActionType, ActionStatus: 1, ActionResult: result, Error: '' });
      const failed = (status: number, why: string): number =>
        processed.push({ ActionType, ActionStatus: status, ActionResult: null, Error: why });
      if (ActionType === 'SessionType') done(null);
      else if (ActionType === 'KMSEncryption') {
        try {
          done({ KMSCipherTextKey: await this.#dataKey(ActionParameters?.KMSKeyId ?? '') });
        } catch (error) {
          failed(2, `Failed to process action KMSEncryption: ${messageOf(error)}`);
        }
      } else failed(3, `Unsupported action ${ActionType}`);
    }
    this.#say(
      payloadTypes.handshakeResponse,
      jsonPayload({ ClientVersion: clientVersion, ProcessedClientActions: processed, Errors: null }),
    );
  }

  /** Makes the channel one that is encrypted from now on; answers the data key's ciphertext, base64. */
  async #dataKey(keyId: string): Promise<string> {
    const { generateDataKey, ids } = this.#options;
    if (generateDataKey === undefined) throw new Error('this client has no access to KMS');
    const { plaintext, ciphertext } = await generateDataKey(keyId).catch((error: unknown) => {
      throw new Error(`Error calling KMS GenerateDataKey API: ${messageOf(error)}`);
    });
    this.#cipher = new ChannelCipher(plaintext, 'client', ids);
    return Buffer.from(ciphertext).toString('base64');
  }

  #hear(payload: Uint8Array): void {
    const data = this.#cipher === undefined ? payload : this.#cipher.decrypt(payload);
    if (data === undefined) return this.#finish('The session says what its key did not encrypt.');
    return this.#options.onData(data);
  }

  #say(payloadType: number, payload: Uint8Array): void {
    if (this.#over) return;
    const frame = this.#stream.send(payloadType, payload, this.#options.clock.now());
    // Until there is a connection the frame waits with all others that were not acknowledged.
    if (this.#socket?.readyState === 1) this.#socket.send(frame);
    this.#scheduleResend();
  }

  #scheduleResend(): void {
    this.#cancelResend();
    const { dueAt } = this.#stream;
    if (this.#over || dueAt === undefined) return;
    const { clock } = this.#options;
    this.#cancelResend = clock.after(Math.max(0, dueAt - clock.now()), () => {
      const frame = this.#stream.due(clock.now());
      if (frame !== undefined && this.#socket?.readyState === 1) this.#socket.send(frame);
      this.#scheduleResend();
    });
  }

  #finish(output: string): void {
    this.#over = true;
    this.#cancelResend();
    this.#closing.resolve(output);
    this.#readying.reject(new Error(output || 'the session is over'));
    for (const go of this.#room.splice(0)) go();
    this.#socket?.close();
  }
}
