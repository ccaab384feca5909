import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { PayloadMessage } from '../../src/wire/acs.ts';
import { decode, encode } from '../../src/wire/envelope.ts';
import { nowMs } from '../report.ts';
import { callEcs, signed, type Keys } from './signed-calls.ts';

/** What simulated agents have in common. */
export interface AgentOptions {
  readonly endpoint: string;
  readonly cluster: string;
  readonly keys: Keys;
  /** What it says that it can do, by name. */
  readonly attributes: readonly string[];
  /** Told of each frame with tasks, at the moment when it came. */
  readonly onPayload: (atMs: number, bytes: number, message: Pick<PayloadMessage, 'tasks'>) => void;
}

interface Registered {
  readonly containerInstance: { readonly containerInstanceArn: string };
}
interface Endpoints {
  readonly endpoint: string;
  readonly telemetryEndpoint: string;
}

/**
 * The wire side of an ECS agent, without containers: it registers, finds its endpoints, opens both websockets with signed
 * requests, acknowledges what it is told, and reports every task RUNNING or STOPPED at once, by the API as Amazon's does.
 */
export class SimulatedAgent {
  readonly #options: AgentOptions;
  #instance = '';
  #telemetry: WebSocket | undefined;
  #onAcknowledged: () => void = () => {};

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Resolves once both connections are open. */
  async connect(): Promise<void> {
    const { endpoint, keys, cluster, attributes } = this.#options;
    const integer = (name: string, integerValue: number) => ({ name, type: 'INTEGER', integerValue });
    const set = (name: string, stringSetValue: readonly string[]) => ({ name, type: 'STRINGSET', stringSetValue });
    const { containerInstance } = await callEcs<Registered>(endpoint, keys, 'RegisterContainerInstance', {
      cluster,
      clientToken: randomUUID(),
      instanceIdentityDocument: '',
      instanceIdentityDocumentSignature: '',
      totalResources: [
        integer('CPU', 2048),
        integer('MEMORY', 3884),
        set('PORTS', ['22', '2375', '2376', '51678', '51679']),
        set('PORTS_UDP', []),
      ],
      attributes: attributes.map((name) => ({ name })),
    });
    this.#instance = containerInstance.containerInstanceArn;
    const found = await callEcs<Endpoints>(endpoint, keys, 'DiscoverPollEndpoint', {
      cluster,
      containerInstance: this.#instance,
    });
    const versions = { agentHash: 'a8b3e7d3', agentVersion: '1.105.1', dockerVersion: 'DockerVersion: 20.10.24' };
    const control = await this.#open(found.endpoint, {
      ...versions,
      clusterArn: cluster,
      containerInstanceArn: this.#instance,
      protocolVersion: '2',
      sendCredentials: 'true',
      seqNum: '1',
    });
    control.on('message', (data: Buffer) => this.#receive(control, data));
    this.#telemetry = await this.#open(found.telemetryEndpoint, {
      ...versions,
      cluster,
      containerInstance: this.#instance,
    });
    this.#telemetry.on('message', (data: Buffer) => {
      if (decode(data.toString()).type === 'AckPublishMetric') this.#onAcknowledged();
    });
  }

  /** Publishes idle metrics, each frame signed, one after the other was acknowledged, and resolves at `untilMs`. */
  async publish(untilMs: number): Promise<{ readonly acknowledged: number; readonly bytes: number }> {
    let acknowledged = 0;
    let bytes = 0;
    while (nowMs() < untilMs) {
      const answered = Promise.withResolvers<void>();
      this.#onAcknowledged = answered.resolve;
      const frame = this.#metrics();
      bytes = frame.length;
      this.#telemetry?.send(frame);
      await answered.promise;
      acknowledged += 1;
    }
    return { acknowledged, bytes };
  }

  #metrics(): string {
    const { keys, cluster } = this.#options;
    const body = encode({
      type: 'PublishMetricsRequest',
      message: {
        metadata: { cluster, containerInstance: this.#instance, messageId: randomUUID(), idle: true, fin: true },
        timestamp: Math.floor(Date.now() / 1000),
        taskMetrics: [],
      },
    });
    const url = new URL((this.#telemetry?.url ?? '').replace('ws:', 'http:'));
    const headers = signed(keys, { method: 'GET', url, body });
    return `${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\r\n')}\r\n\r\n${body}`;
  }

  async #open(endpoint: string, query: Record<string, string>): Promise<WebSocket> {
    const url = new URL(`${endpoint}/ws?${new URLSearchParams(query).toString()}`);
    const { host: _, ...headers } = signed(this.#options.keys, { method: 'GET', url, body: '' });
    return opened(new WebSocket(url.href.replace('http:', 'ws:'), { headers, perMessageDeflate: false }));
  }

  #receive(control: WebSocket, data: Buffer): void {
    const atMs = nowMs();
    const { type, message } = decode(data.toString());
    const { messageId, tasks } = message as Partial<PayloadMessage>;
    const ack = { cluster: this.#options.cluster, containerInstance: this.#instance, messageId };
    switch (type) {
      case 'HeartbeatMessage':
        return control.send(encode({ type: 'HeartbeatAckRequest', message: { messageId } }));
      case 'TaskManifestMessage':
        return control.send(encode({ type: 'AckRequest', message: ack }));
      case 'PayloadMessage':
        this.#options.onPayload(atMs, data.length, { tasks: tasks ?? [] });
        control.send(encode({ type: 'AckRequest', message: ack }));
        for (const task of tasks ?? []) this.#report(task);
        return undefined;
      default:
        return undefined;
    }
  }

  #report({ arn, desiredStatus, containers }: PayloadMessage['tasks'][number]): void {
    const { endpoint, keys, cluster } = this.#options;
    const status = desiredStatus;
    const states = containers.map(({ name }) => ({
      containerName: name,
      runtimeId: randomUUID(),
      status,
      ...(status === 'STOPPED' ? { exitCode: 143 } : {}),
    }));
    const input = { cluster, task: arn, status, reason: '', containers: states };
    callEcs(endpoint, keys, 'SubmitTaskStateChange', input).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
    });
  }
}

/** Resolves once a connection is open; rejects when it is refused. */
export function opened(socket: WebSocket): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  socket.once('open', () => resolve(socket));
  socket.once('error', reject);
  return promise;
}
