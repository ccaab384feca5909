import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { given } from '../base/given.ts';
import { clusterArn } from '../model/ecs/arns.ts';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import { agentPaths } from '../model/fleet/agent-paths.ts';
import { scopeOf, type Scoped } from '../model/tags.ts';
import { instances } from '../store/tables/ec2.ts';
import { containerInstances } from '../store/tables/ecs.ts';
import { members } from '../store/tables/fleet.ts';
import { readAgentMessage } from '../wire/agent-messages.ts';
import type { AgentMessage, ServerMessage } from '../wire/messages.ts';
import { maxFrameBytes, socketChannel } from '../wire/socket-channel.ts';
import type { FleetDeps } from './deps.ts';
import type { Fleet } from './fleet.ts';
import { TelemetrySession } from './telemetry-session.ts';

/** A request to connect, or a frame that is signed as if it were one. */
export interface SignedUpgrade {
  readonly request: IncomingMessage;
  /** Of the frame; those of the request itself unless given. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: string;
}

/** What the websockets of agents are made from. */
export interface AgentEndpointDeps extends FleetDeps {
  readonly fleet: Fleet;
  /** `host:port` at which the engine of the control plane's own machine finds our registry. */
  readonly ownRegistryHost?: string;
  /** Whose signature it is; a sentence on what is wrong with it when it is nobody's. */
  readonly authenticate: (upgrade: SignedUpgrade) => Scoped | string;
}

/** Why a connection is not taken, in the form that agents read: an exception of the protocol's model and its message. */
export interface UpgradeRefusal {
  readonly status: string;
  readonly body: string;
}

function refusal(exception: string, message: string, status = '400 Bad Request'): UpgradeRefusal {
  return { status, body: JSON.stringify({ [exception]: message }) };
}

/**
 * The websockets of agents elsewhere, genuine and our own: `…/acs/ws` carries the session (Amazon's ACS), `…/tcs/ws` what
 * genuine agents measure (TCS). Both are opened with signed requests.
 */
export class AgentEndpoint {
  readonly #deps: AgentEndpointDeps;
  readonly #telemetry = new Map<string, TelemetrySession>();
  readonly #unwatch: () => void;
  #server: WebSocketServer | undefined;
  #closed = false;

  constructor(deps: AgentEndpointDeps) {
    this.#deps = deps;
    this.#unwatch = deps.store.watch([containerInstances], ({ changes }) => {
      for (const { after } of changes) {
        const row = after as ContainerInstance | undefined;
        if (row?.status === 'INACTIVE') queueMicrotask(() => this.#telemetry.get(row.machineId)?.close());
      }
    });
  }

  /** Takes a connection over and makes it a WebSocket; answers why when it does not. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<UpgradeRefusal | undefined> {
    // Loaded by the first machine that joins: most installations are of one.
    const { WebSocketServer } = await import('ws');
    const { authenticate, log } = this.#deps;
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { searchParams: query } = url;
    const open = this.#opener(url.pathname);
    if (open === undefined) return { status: '404 Not Found', body: '' };
    if (this.#closed) return refusal('ServerException', 'The control plane is stopping.', '503 Service Unavailable');
    const caller = authenticate({ request });
    if (typeof caller === 'string') return refusal('AccessDeniedException', caller, '403 Forbidden');
    const instance = this.#instanceOf(
      caller,
      query.get('clusterArn') ?? query.get('cluster') ?? '',
      query.get('containerInstanceArn') ?? query.get('containerInstance') ?? '',
    );
    if ('status' in instance && 'body' in instance) {
      log.info('an agent was refused', { path: url.pathname, why: instance.body });
      return instance;
    }
    this.#server ??= new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
    this.#server.handleUpgrade(request, socket, head, (client) => open(client, request, instance, query));
    return undefined;
  }

  /** Ends every connection. */
  close(): void {
    this.#closed = true;
    this.#unwatch();
    for (const session of this.#telemetry.values()) session.close();
    for (const client of this.#server?.clients ?? []) client.close(1001);
  }

  #opener(path: string) {
    switch (path) {
      case `${agentPaths.control}/ws`:
        return this.#openControl.bind(this);
      case `${agentPaths.telemetry}/ws`:
        return this.#openTelemetry.bind(this);
      default:
        return undefined;
    }
  }

  /** The registered instance that a connection is for. */
  #instanceOf(caller: Scoped, cluster: string, arn: string): ContainerInstance | UpgradeRefusal {
    if (arn === '') return refusal('BadRequestException', 'The container instance is missing.');
    const row = this.#deps.store.get(containerInstances, arn);
    if (row === undefined || scopeOf(row) !== scopeOf(caller)) {
      return refusal('InvalidInstanceException', 'The container instance is not known.');
    }
    // Agents name their cluster as they were told it.
    const named = cluster.startsWith('arn:') ? cluster : clusterArn(caller, cluster === '' ? 'default' : cluster);
    if (named !== row.clusterArn) {
      return refusal('InvalidClusterException', 'The container instance is not one of the cluster.');
    }
    if (row.status === 'INACTIVE') {
      return refusal('InactiveInstanceException', 'The container instance was deregistered.');
    }
    return row;
  }

  #openControl(client: WebSocket, request: IncomingMessage, instance: ContainerInstance, query: URLSearchParams): void {
    const { store, fleet } = this.#deps;
    const said = {
      ...given('agentVersion', query.get('agentVersion') ?? undefined),
      ...given('agentHash', query.get('agentHash') ?? undefined),
      ...given('dockerVersion', query.get('dockerVersion') ?? undefined),
    };
    const versionInfo = { ...instance.versionInfo, ...said };
    if (JSON.stringify(versionInfo) !== JSON.stringify(instance.versionInfo)) {
      store.transact((tx) =>
        tx.update(containerInstances, instance.arn, (row) => ({ ...row, versionInfo, version: row.version + 1 })),
      );
    }
    const { machineId: id, attributes, resources, clusterArn: ofCluster, arn } = instance;
    // Our own agents' connections carry the sessions of their users too: they last.
    const isOurs = attributes.some(({ name }) => name.startsWith('stowage.'));
    fleet.connect(
      {
        id,
        attributes,
        resources: { cpu: resources.cpu, memory: resources.memory },
        // It found us under this name, and so does its engine; on an instance, that is the machine's, in another network.
        ...given('registryHost', this.#standsHere(instance) ? this.#deps.ownRegistryHost : request.headers.host),
        registration: { clusterArn: ofCluster, containerInstanceArn: arn },
      },
      socketChannel<ServerMessage, AgentMessage>(client, readAgentMessage),
      { answersHeartbeats: Number(query.get('protocolVersion') ?? '1') >= 2, expires: !isOurs },
    );
  }

  /** Whether an instance is an EC2 instance on the control plane's own machine, and not a machine that joined. */
  #standsHere({ ec2InstanceId }: ContainerInstance): boolean {
    const { store } = this.#deps;
    const hostId = ec2InstanceId === undefined ? undefined : store.get(instances, ec2InstanceId)?.hostId;
    return hostId !== undefined && store.get(members, hostId) === undefined;
  }

  #openTelemetry(client: WebSocket, request: IncomingMessage, { machineId, ...instance }: ContainerInstance): void {
    this.#telemetry.get(machineId)?.close();
    const session = new TelemetrySession({
      ...this.#deps,
      machineId,
      socket: client,
      accepts: ({ headers, content }) => {
        const caller = this.#deps.authenticate({ request, headers, content });
        return typeof caller === 'string'
          ? caller
          : scopeOf(caller) === scopeOf(instance) || 'Another account signed it.';
      },
      onClosed: () => {
        if (this.#telemetry.get(machineId) === session) this.#telemetry.delete(machineId);
      },
    });
    this.#telemetry.set(machineId, session);
  }
}
