import type { Socket } from 'node:net';
import { createAgent } from '../agent/agent.ts';
import { createBalancerManager } from '../agent/balancers/manager.ts';
import { pullBehaviorOf } from '../agent/tasks/images.ts';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from '../aws/upgrades.ts';
import { AgentEndpoint, type AgentEndpointDeps } from '../fleet/agent-endpoint.ts';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { CertificateLoopDeps } from '../control/certificates/loop.ts';
import { runLoop } from '../control/loop.ts';
import { allLoops } from '../control/loops.ts';
import { callHook } from './call-hook.ts';
import { settleMsOf } from './settle.ts';
import type { FleetDeps, MachineHello } from '../fleet/deps.ts';
import { Fleet } from '../fleet/fleet.ts';
import { Utilization } from '../fleet/utilization/utilization.ts';
import { takeRequests } from '../fleet/take-requests.ts';
import { readBalancer, translateBalancer } from '../fleet/translate-balancer.ts';
import type { ResolvedImage } from '../fleet/translate-task.ts';
import { Gateway } from '../gateway/gateway.ts';
import { ecrImage } from '../model/ecr/image-reference.ts';
import type { Scoped } from '../model/tags.ts';
import type { Blobs } from '../store/blobs/blobs.ts';
import type { InstanceIdentitySource } from '../store/certificates/instance-identity.ts';
import type { AuthoritySource } from '../store/certificates/open-authority.ts';
import { renewed } from '../store/certificates/renew.ts';
import { privateKeyOf } from '../store/certificates/private-keys.ts';
import type { Vault } from '../store/keys/vault.ts';
import type { LogStore } from '../store/logs/log-store.ts';
import type { MetricStore } from '../store/metrics/metric-store.ts';
import { mintRegistryCredentials } from '../store/registry-credentials.ts';
import type { Store } from '../store/store.ts';
import { loopback } from '../wire/loopback.ts';
import type { AgentMessage, ServerMessage } from '../wire/messages.ts';
import { tunnelPort } from '../drivers/network/names.ts';
import { hostAddressOf } from '../drivers/network/public-pool.ts';
import { balancerHost, fargateHost, instanceHost } from '../model/fleet/machine.ts';
import { instanceAdmission, instanceConnector } from './instance-agents.ts';
import { MachineSessions } from './machines/sessions.ts';
import { keepHostNames } from './host-names.ts';
import { removeAll, type Platform } from './platform.ts';
import { objectWriter } from './put-object.ts';
import { keepInstanceCredentials, keepTaskCredentials } from './task-credentials.ts';
import { openFiles } from './open-files.ts';
import { mostSandboxes } from './warm-sandboxes.ts';

/** What the moving parts are made from. */
export interface ConductorDeps {
  readonly store: Store;
  readonly logs: LogStore;
  readonly metrics: MetricStore;
  readonly blobs: Blobs;
  /** The state's folder. */
  readonly home: string;
  readonly vault: Vault;
  readonly authority: AuthoritySource;
  readonly instanceIdentity: InstanceIdentitySource;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly platform: Platform;
  /** Where this machine is at home. */
  readonly scope: Scoped;
  /** `host:port` under which this machine finds our APIs, and its engine our registry. */
  readonly registryHost: string;
  /** Whose signature a request of an agent elsewhere carries. */
  readonly authenticate: AgentEndpointDeps['authenticate'];
  /** The IPv4 address at which machines that joined find this one; absent where none can join. */
  readonly underlay?: string;
  /** Serves a connection that a task opened to the endpoint of the AWS APIs. */
  readonly serveApi: (connection: Socket) => void;
}

/** The moving parts of a control plane: loops, fleet, and the agent of this machine. They can be stopped and started again. */
export class Conductor {
  readonly #deps: ConductorDeps;
  #gateway: Gateway | undefined;
  #agents: AgentEndpoint | undefined;
  #sessions: MachineSessions | undefined;
  #stops: (() => void | Promise<void>)[] = [];

  constructor(deps: ConductorDeps) {
    this.#deps = deps;
  }

  /** Begins: what the store wants is what will be. */
  start(): void {
    const { store, clock, ids, log, platform, logs, blobs, vault, scope, registryHost, serveApi } = this.#deps;
    const renewCertificate: CertificateLoopDeps['renewCertificate'] = (row) =>
      renewed(row, { clock, vault, authority: this.#deps.authority });
    const { publicPool } = platform;
    const { metrics } = this.#deps;
    const launcher = async () => (await import('./launch-for-group.ts')).groupLauncher({ ids, publicPool });
    for (const loop of allLoops({
      store,
      clock,
      ids,
      log,
      metrics,
      blobs,
      vault,
      publicPool,
      renewCertificate,
      callHook,
      launcher,
      settleMs: settleMsOf(),
    })) {
      this.#stops.push(runLoop(loop, { store, clock, log }));
    }
    this.#stops.push(keepHostNames(store, platform.names, log));

    const utilization = new Utilization({ store, clock, log, metrics });
    this.#stops.push(() => utilization.close());
    const fleetDeps: FleetDeps = {
      store,
      clock,
      ids,
      log,
      scope,
      tunnels: { port: tunnelPort(platform.installationId), publicPool: platform.publicPool },
      resolveImage: (image, owner, at = registryHost) => resolveImage(image, owner, registryHost, at),
      translateBalancer: (reader, arn) => {
        const rows = readBalancer(reader, arn, (certificate) => privateKeyOf(reader, vault, certificate));
        return rows && translateBalancer(rows);
      },
      credentialsOf: keepTaskCredentials({ store, clock, ids }),
      instanceCredentialsOf: keepInstanceCredentials({ store, clock, ids }),
      signDocument: (document) => this.#deps.instanceIdentity().sign(document),
      storeLogs: (batch) => logs.take(batch),
      takeMetrics: (machineId, report) => utilization.take(machineId, report),
    };
    const fleet = new Fleet(fleetDeps);
    this.#stops.push(() => fleet.close());
    const agents = new AgentEndpoint({
      ...fleetDeps,
      fleet,
      ownRegistryHost: registryHost,
      authenticate: this.#deps.authenticate,
    });
    this.#agents = agents;
    this.#stops.push(() => agents.close());

    const putObject = objectWriter({ store, clock, ids, log, blobs, vault, publicPool: platform.publicPool });
    const gateway = new Gateway({
      store,
      vault,
      clock,
      ids,
      log,
      logs,
      putObject,
      spoolFolder: join(this.#deps.home, 'session-logs'),
      openTunnel: fleet.openTunnel,
    });
    this.#gateway = gateway;

    const admitInstance = instanceAdmission({ store, clock, ids, log, publicPool: platform.publicPool });
    const sessions = new MachineSessions({ store, clock, log, fleet, admitInstance });
    this.#sessions = sessions;
    this.#stops.push(() => sessions.close());

    const agent = createAgent({
      connect: async () => {
        const hello = await this.#introduce();
        const { left, right } = loopback<AgentMessage, ServerMessage>();
        fleet.connect(hello, right);
        return left;
      },
      docker: platform.docker,
      network: platform.network,
      balancers: (send) =>
        createBalancerManager({
          driver: platform.balancer,
          clock,
          log,
          send,
          requests: takeRequests({ store, metrics, putObject, log }),
        }),
      registryAuth: ({ ecrAuthData }) => {
        const owner = { account: ecrAuthData.registryId, region: ecrAuthData.region };
        const { username, password } = mintRegistryCredentials(store, clock, ids, owner);
        return Promise.resolve({ username, password, serverAddress: registryHost });
      },
      endpoint: `http://${registryHost}`,
      serveApi,
      pullBehavior: pullBehaviorOf(process.env['ECS_IMAGE_PULL_BEHAVIOR'], log),
      clock,
      log,
      installationId: platform.installationId,
      machineId: `local-${platform.installationId}`,
      arch: process.arch,
      sandboxes: { most: mostSandboxes(), ids },
      cgroups: platform.cgroups,
      disk: platform.disk,
      timeSource: platform.timeSource,
      instances: {
        connect: instanceConnector(admitInstance, fleet),
      },
    });
    agent.start();
    this.#stops.push(() => agent.stop());
    // First of all, so that sessions end with a word.
    this.#stops.push(() => gateway.close());
  }

  /** Hangs an interface into a task of a genuine agent on one of this machine's instances, as its plugin asks. */
  async plug(query: URLSearchParams): Promise<unknown> {
    const { store, clock, platform } = this.#deps;
    const { plugInterface } = await import('./plugged-interfaces.ts');
    return plugInterface({ store, clock, network: platform.network }, query);
  }

  /** Takes it away. */
  async unplug(query: URLSearchParams): Promise<unknown> {
    const { store, clock, platform } = this.#deps;
    const { unplugInterface } = await import('./plugged-interfaces.ts');
    return unplugInterface({ store, clock, network: platform.network }, query);
  }

  /** Takes over a connection that asked to become a session's data channel. */
  openDataChannel(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const taken = this.#gateway?.upgrade(request, socket, head) ?? Promise.resolve(false);
    taken.then(
      (known) => known || refuseUpgrade(socket, '404 Not Found'),
      (error: unknown) => {
        this.#deps.log.warn('a data channel was not opened', { error });
        socket.destroy();
      },
    );
  }

  /** Takes over a connection of an agent elsewhere. */
  openAgentSocket(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refused = this.#agents?.upgrade(request, socket, head) ?? Promise.resolve(undefined);
    refused.then(
      (why) => why && refuseUpgrade(socket, why.status, why.body),
      (error: unknown) => {
        this.#deps.log.warn('an agent was not connected', { error });
        socket.destroy();
      },
    );
  }

  /** Takes over a connection that asked to become the session of a machine that joined. */
  openMachineSession(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const sessions = this.#sessions;
    if (sessions === undefined) return refuseUpgrade(socket, '503 Service Unavailable');
    sessions.upgrade(request, socket, head).catch((error: unknown) => {
      if (error instanceof AwsError) return refuseUpgrade(socket, `${error.status} ${error.code}`);
      this.#deps.log.warn('a session of a machine was not opened', { error });
      return refuseUpgrade(socket, '500 Internal Server Error');
    });
  }

  /** Ends; what runs on the machine goes on. */
  async stop(): Promise<void> {
    const stops = this.#stops.toReversed();
    this.#stops = [];
    for (const stop of stops) await stop();
  }

  /** Empties the installation: the rows, and everything that they had made on this machine. */
  async reset(): Promise<void> {
    await this.stop();
    try {
      this.#deps.store.reset();
      await this.#deps.metrics.clear();
      await removeAll(this.#deps.platform);
    } finally {
      // A crash in between is mended by the agent: it removes what the (empty) store does not name.
      this.start();
    }
  }

  /** This machine, as it introduces itself to the fleet. */
  async #introduce(): Promise<MachineHello> {
    const { docker, installationId, publicPool } = this.#deps.platform;
    const { cpus, memoryBytes } = await docker.capacity();
    return {
      id: `local-${installationId}`,
      hostAddress: hostAddressOf(publicPool),
      ...given('underlay', this.#deps.underlay),
      attributes: [
        { name: 'ecs.os-type', value: 'linux' },
        { name: 'ecs.os-family', value: 'LINUX' },
        { name: 'ecs.cpu-architecture', value: process.arch === 'arm64' ? 'arm64' : 'x86_64' },
        { name: 'stowage.vpc' },
        { name: instanceHost },
        { name: balancerHost },
        { name: fargateHost },
      ],
      resources: { cpu: cpus * 1024, memory: Math.floor(memoryBytes / 2 ** 20), ...given('openFiles', openFiles()) },
    };
  }
}

/** Where an engine pulls an image from: our registry for names of ECR, which it finds at `at`, the name itself for all others. */
function resolveImage(image: string, owner: Scoped, registryHost: string, at: string): ResolvedImage {
  const ours = ecrImage(image, registryHost, owner);
  if (ours === undefined) return { image };
  const { account, region, pull } = ours;
  return {
    image: `${at}${pull.slice(registryHost.length)}`,
    registryAuthentication: {
      type: 'ecr',
      ecrAuthData: { registryId: account, region, endpointOverride: `http://${at}`, useExecutionRole: true },
    },
  };
}
