import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Tunnel, TunnelListener, TunnelTarget } from '../wire/tunnel.ts';
import { flags, payloadTypes } from './client-message.ts';
import type { Conversation, Speaker } from './data-channel.ts';
import { headerBytes, smuxData, smuxFinish, SmuxReader, type SmuxEvent } from './smux.ts';

/** What a port session is made from. */
export interface PortsOptions {
  readonly speaker: Speaker;
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  readonly localPort?: string;
  readonly open: (to: TunnelTarget, listener: TunnelListener) => Tunnel | undefined;
}

/** The first version of the plugin that multiplexes connections (`port.go` of the SSM agent). */
const multiplexingSince = [1, 1, 70];
/** The most bytes of one message. */
const messageBytes = 8_192;
/** How many connections one session carries at a time. */
const maxConnections = 256;
/** How long the other end of a connection may take to close after the client's. */
const lingerMs = 10_000;

interface Connection {
  readonly tunnel: Tunnel;
  /** Something came from the other end. */
  used: boolean;
  /** The client has closed its end. */
  finished: boolean;
}

/** Bytes that were said to the client, in order, and whose tunnel is to be told once they are heard. */
interface Said {
  readonly tunnel: Tunnel | undefined;
  bytes: number;
}

/** A session with a port: each connection of the client's becomes a tunnel of its own. */
export class Ports implements Conversation {
  readonly sessionType = 'Port';
  readonly properties: Readonly<Record<string, string>>;
  readonly #options: PortsOptions;
  readonly #reader = new SmuxReader();
  readonly #connections = new Map<number, Connection>();
  /** What is on its way to the client. Acknowledgements may come in any order: each pays for the oldest. */
  readonly #said: Said[] = [];

  constructor(options: PortsOptions) {
    this.#options = options;
    this.properties = {
      portNumber: String(options.port),
      type: 'LocalPortForwarding',
      ...(options.localPort === undefined ? {} : { localPortNumber: options.localPort }),
    };
  }

  begin(clientVersion: string): void {
    const version = clientVersion.split('.').map(Number);
    const at = multiplexingSince.findIndex((part, index) => version[index] !== part);
    const newer = at >= 0 && (version[at] ?? 0) > (multiplexingSince[at] ?? 0);
    if (newer) return;
    this.#options.speaker.finish(
      `The session-manager-plugin ${clientVersion} is too old: port sessions take one after 1.1.70.`,
    );
  }

  async take(payloadType: number, payload: Uint8Array): Promise<void> {
    if (payloadType !== payloadTypes.output) return;
    let events: readonly SmuxEvent[];
    try {
      events = this.#reader.read(payload);
    } catch (error) {
      return this.#options.speaker.finish(messageOf(error));
    }
    // All of it at once, and in order: what comes next may be about the same streams.
    const written: Promise<void>[] = [];
    for (const { kind, stream, ...rest } of events) {
      if (kind === 'open') this.#open(stream);
      else if (kind === 'finish') this.#finished(stream);
      else if ('data' in rest) {
        const connection = this.#connections.get(stream);
        if (connection !== undefined) written.push(connection.tunnel.write(rest.data));
      }
    }
    await Promise.all(written);
  }

  heard(bytes: number): void {
    for (let left = bytes; left > 0;) {
      const oldest = this.#said[0];
      if (oldest === undefined) return;
      const paid = Math.min(left, oldest.bytes);
      oldest.tunnel?.passedOn(paid);
      oldest.bytes -= paid;
      left -= paid;
      if (oldest.bytes === 0) this.#said.shift();
    }
  }

  end(): void {
    for (const { tunnel } of this.#connections.values()) tunnel.close();
    this.#connections.clear();
  }

  #open(stream: number): void {
    const { host, port, open } = this.#options;
    const listener: TunnelListener = {
      data: (data) => this.#heardFrom(stream, data),
      closed: ({ error }) => this.#ended(stream, error),
    };
    const full = this.#connections.size >= maxConnections;
    const tunnel = full ? undefined : open({ kind: 'port', host, port }, listener);
    if (tunnel === undefined) this.#ended(stream, 'it cannot be reached');
    else this.#connections.set(stream, { tunnel, used: false, finished: false });
  }

  #heardFrom(stream: number, data: Uint8Array): void {
    const connection = this.#connections.get(stream);
    if (connection === undefined) return;
    connection.used = true;
    // Nobody reads it any more.
    if (connection.finished) return connection.tunnel.passedOn(data.length);
    for (const frame of smuxData(stream, data)) this.#say(frame, connection.tunnel);
    return undefined;
  }

  /** The client's end of a connection is closed: so is the other, once what was sent has got there. */
  #finished(stream: number): void {
    const connection = this.#connections.get(stream);
    if (connection === undefined || connection.finished) return;
    connection.finished = true;
    connection.tunnel.end();
    this.#options.clock.after(lingerMs, () => {
      if (this.#connections.get(stream) !== connection) return;
      this.#connections.delete(stream);
      connection.tunnel.close();
    });
  }

  #ended(stream: number, error: string | undefined): void {
    const connection = this.#connections.get(stream);
    this.#connections.delete(stream);
    // A connection that broke later was one all the same.
    if (error !== undefined && connection?.used !== true) {
      const flag = Buffer.alloc(4);
      flag.writeUInt32BE(flags.connectToPortError);
      this.#options.speaker.say(payloadTypes.flag, flag);
    }
    this.#say(smuxFinish(stream), undefined);
  }

  /** Says a frame; what it carries beyond its header is a tunnel's data. */
  #say(frame: Uint8Array, tunnel: Tunnel | undefined): void {
    this.#said.push({ tunnel: undefined, bytes: headerBytes });
    if (frame.length > headerBytes) this.#said.push({ tunnel, bytes: frame.length - headerBytes });
    for (let at = 0; at < frame.length; at += messageBytes) {
      this.#options.speaker.say(payloadTypes.output, frame.subarray(at, at + messageBytes));
    }
  }
}
