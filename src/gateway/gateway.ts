import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { PutObject } from '../model/s3/put-object.ts';
import type { Session } from '../model/ssm/session.ts';
import type { LogStore } from '../store/logs/log-store.ts';
import type { Vault } from '../store/keys/vault.ts';
import { tokenDigest } from '../store/sessions.ts';
import type { Reader, Store } from '../store/store.ts';
import { logGroupKey, logGroups } from '../store/tables/logs.ts';
import { ssmSessions } from '../store/tables/sessions.ts';
import type { OpenTunnel } from '../wire/tunnel.ts';
import { jsonOf } from './client-message.ts';
import { DataChannel, type ClientSocket, type Conversation, type Speaker } from './data-channel.ts';
import { Ports } from './ports.ts';
import { sessionEncryption } from './session-encryption.ts';
import { forgetSpooled, Spool, spooledSessions } from './spool.ts';
import { Terminal, type TerminalOptions } from './terminal.ts';
import { Transcript } from './transcript.ts';

/** What the gateway is made from. */
export interface GatewayDeps {
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly logs: Pick<LogStore, 'take'>;
  readonly putObject: PutObject;
  /** The folder where the output of sessions waits for S3. */
  readonly spoolFolder: string;
  readonly openTunnel: OpenTunnel;
}

/** Where data channels are: AWS's own path. */
const dataChannelPath = '/v1/data-channel/';

/** How long a client may take to show its token. */
const tokenMs = 10_000;
/** The largest frame of a client: the plugin sends 1144 bytes. */
const maxFrameBytes = 1_048_576;
/** How much may wait for a client that reads slowly before it is taken to be gone. */
const maxBufferedBytes = 64 * 1_048_576;

interface Live {
  readonly channel: DataChannel;
  readonly records: readonly (Transcript | Spool)[];
}

/**
 * The message gateway: data channels between clients (session-manager-plugin, a browser, our own CLI) and tasks. A session
 * lives in this process only: those of an earlier one are over.
 */
export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #log: Log;
  readonly #live = new Map<string, Live>();
  /** Records that are being stored. */
  readonly #closing = new Set<Promise<void>>();
  readonly #unwatch: () => void;
  #server: WebSocketServer | undefined;
  #closed = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#log = deps.log.with({ room: 'gateway' });
    const { store, clock } = deps;
    const left = store.by(ssmSessions, 'life', 'live');
    if (left.length > 0) {
      store.transact((tx) => {
        for (const row of left) tx.put(ssmSessions, { ...row, status: 'Terminated', endedAt: clock.now() });
      });
    }
    for (const id of spooledSessions(deps.spoolFolder)) {
      const session = store.get(ssmSessions, id);
      // Of a session that nobody knows any more (the installation was emptied) nothing is to be kept.
      this.#settle(session === undefined ? forgetSpooled(deps.spoolFolder, id) : this.#spool(session).close());
    }
    this.#unwatch = store.watch([ssmSessions], ({ changes }) => {
      for (const { after } of changes) if (after !== undefined) this.#notice(after as Session);
    });
  }

  /** Takes a connection to a data channel over, and makes it a WebSocket; false when there is no such session. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<boolean> {
    // Loaded by the first session: most installations serve for long without one.
    const { WebSocketServer } = await import('ws');
    this.#server ??= new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const id = path.slice(dataChannelPath.length);
    const live = this.#live.get(id);
    if (live === undefined || this.#closed) return false;
    this.#server.handleUpgrade(request, socket, head, (client) => this.#welcome(id, live.channel, client));
    return true;
  }

  /** Ends every session; resolves once all that they printed is logged. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    for (const { channel } of this.#live.values()) channel.terminate('The control plane is stopping.');
    for (const client of this.#server?.clients ?? []) client.close(1001);
    await Promise.all(this.#closing);
    for (const client of this.#server?.clients ?? []) client.terminate();
  }

  /** Follows what the API writes of sessions: new ones, and those that shall end. */
  #notice(session: Session): void {
    if (session.status === 'Terminated') return;
    const live = this.#live.get(session.id);
    if (live === undefined) this.#begin(session);
    else if (session.terminateAt !== undefined) live.channel.terminate();
  }

  #begin(session: Session): void {
    const { clock, ids, logs } = this.#deps;
    const records = [new Transcript({ logs, clock, log: this.#log }, session), this.#spool(session)];
    const record = (output: Uint8Array): void => {
      for (const each of records) each.record(output);
    };
    const channel = new DataChannel({
      sessionId: session.id,
      clock,
      ids,
      encryption: sessionEncryption(this.#deps, session),
      converse: (speaker) => this.#conversation(session, speaker, record),
      onConnected: () => this.#write(session.id, { status: 'Connected' }),
      onClosed: () => this.#end(session.id),
    });
    this.#live.set(session.id, { channel, records });
  }

  #conversation(session: Session, speaker: Speaker, record: TerminalOptions['record']): Conversation {
    const { clock, openTunnel } = this.#deps;
    const { purpose, machineId, taskArn, container } = session;
    const open: TerminalOptions['open'] = (to, listener) => openTunnel(machineId, taskArn, to, listener);
    if (purpose.kind === 'port') return new Ports({ speaker, clock, open, ...purpose });
    return new Terminal({
      speaker,
      clock,
      container,
      command: purpose.command,
      refusal: refusalOf(this.#deps.store, session),
      open,
      record,
    });
  }

  #welcome(id: string, channel: DataChannel, client: WebSocket): void {
    const socket: ClientSocket = {
      send: (frame) => {
        if (client.bufferedAmount > maxBufferedBytes) client.terminate();
        else client.send(frame);
      },
      close: () => client.close(1000),
    };
    const impatience = this.#deps.clock.after(tokenMs, () => client.terminate());
    client.on('error', (error) => this.#log.debug('a client broke off', { session: id, error: error.message }));
    client.on('close', () => {
      impatience();
      channel.detach(socket);
    });
    client.once('message', (data: Buffer) => {
      impatience();
      const token = jsonOf(data)?.['TokenValue'];
      if (typeof token !== 'string' || !this.#redeem(id, token)) return client.close(1008, 'The token is not valid.');
      client.on('message', (frame: Buffer) => channel.receive(socket, frame));
      return channel.attach(socket);
    });
  }

  /** Whether the token opens the session; it does once. */
  #redeem(id: string, token: string): boolean {
    const digest = tokenDigest(token);
    const row = this.#deps.store.get(ssmSessions, id);
    if (row === undefined || row.tokenDigest !== digest || row.usedTokenDigest === digest) return false;
    this.#write(id, { usedTokenDigest: digest });
    return true;
  }

  #end(id: string): void {
    const live = this.#live.get(id);
    this.#live.delete(id);
    this.#write(id, { status: 'Terminated', endedAt: this.#deps.clock.now() });
    for (const record of live?.records ?? []) this.#settle(record.close());
  }

  #spool(session: Session): Spool {
    const { clock, putObject, spoolFolder: folder } = this.#deps;
    return new Spool({ folder, putObject, clock, log: this.#log }, session);
  }

  #settle(storing: Promise<void>): void {
    const closing = storing.finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #write(id: string, fields: Partial<Session>): void {
    this.#deps.store.transact((tx) => tx.update(ssmSessions, id, (row) => ({ ...row, ...fields })));
  }
}

/** Why a session may not begin; the SSM agent's words (`agent/session/config`). Every bucket is encrypted. */
function refusalOf(reader: Reader, { account, logging: { cloudWatch } }: Session): string | undefined {
  if (cloudWatch?.encrypted !== true) return undefined;
  const { region, logGroup } = cloudWatch;
  if (reader.get(logGroups, logGroupKey({ account, region }, logGroup))?.kmsKeyArn !== undefined) return undefined;
  return "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group. Either encrypt the log group or choose an option to enable logging without encryption.";
}
