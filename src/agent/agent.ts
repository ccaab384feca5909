import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { given } from '../base/given.ts';
import { systemIds } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Disk } from '../drivers/disk/disk.ts';
import type { DockerDriver } from '../drivers/docker/driver.ts';
import type { NetworkDriver } from '../drivers/network/driver.ts';
import type { AgentMessage, Channel, ServerMessage } from '../wire/messages.ts';
import type { TimeSource } from '../drivers/time/time-source.ts';
import type { Cgroups } from '../drivers/cgroups/cgroups.ts';
import type { InstanceSpec } from '../wire/instance-spec.ts';
import { AwsClient } from './aws/client.ts';
import type { BalancerManager } from './balancers/manager.ts';
import { hostUpstream, type Upstream } from './dns/upstream.ts';
import { createResolver } from './dns/resolver.ts';
import { createInstanceMetadata } from './instance-metadata/server.ts';
import { capabilities } from './instances/capabilities.ts';
import { engineOf } from './instances/engine-of.ts';
import type { InnerNetwork } from './instances/inner-network.ts';
import { Instances, type InstanceParts } from './instances/manager.ts';
import { createLogShipper } from './logs/shipper.ts';
import { createMetadata } from './metadata/server.ts';
import { Networks } from './networks/networks.ts';
import { ToldVpcs, type ToldVpc } from './networks/told.ts';
import { labels } from './tasks/names.ts';
import { TaskEngine } from './tasks/engine.ts';
import { taskGroups } from './tasks/group.ts';
import type { ExecuteDeps } from './tasks/execute.ts';
import { createImages, pullBehaviorOf, type PullBehavior } from './tasks/images.ts';
import type { TaskView } from './tasks/view.ts';
import { TaskStorage } from './storage/storage.ts';
import { Sandboxes, type SandboxesDeps } from './sandboxes/sandboxes.ts';
import { Tunnels } from './tunnels/tunnels.ts';
import { Publisher } from './utilization/publisher.ts';

export interface AgentOptions {
  /** Opens the connection to the control plane; asked again, after a moment, whenever it was closed. */
  readonly connect: () => Channel<AgentMessage, ServerMessage> | Promise<Channel<AgentMessage, ServerMessage>>;
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
  /** Makes what keeps the load balancers, on the machine that carries them; `send` carries what it finds out to the control plane. */
  readonly balancers?: (send: (message: AgentMessage) => void) => BalancerManager;
  readonly registryAuth: ExecuteDeps['registryAuth'];
  /** Whether images are pulled though they are here, unless an instance says otherwise for itself; `default` unless given. */
  readonly pullBehavior?: PullBehavior;
  /** What containers have to end that name no time of their own, seconds; 30 unless given. */
  readonly stopTimeoutSeconds?: number;
  /** Where the AWS APIs answer, of every service and region: `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  /** Takes a connection that a task opened to the endpoint of the AWS APIs inside its network. */
  readonly serveApi: (connection: Socket) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly installationId: string;
  /** The machine's id; what it makes on the engine carries it. */
  readonly machineId: string;
  /** A number in [0, 1): how far a pause before connecting again is cut, so that not all machines come at once. */
  readonly random?: () => number;
  /** Holds tasks and instances to their sizes. */
  readonly cgroups: Cgroups;
  readonly disk: Disk;
  /** What the metadata says of the machine's clock; nothing unless given. */
  readonly timeSource?: TimeSource;
  /** What makes an agent for each EC2 instance that this machine is told of; without it there are none. */
  readonly instances?: {
    /** Registers an instance and opens the connection of its agent. */
    readonly connect: (instance: InstanceIntroduction) => Promise<Channel<AgentMessage, ServerMessage>>;
  };
  /** Set when this agent is that of an instance: the machine that it stands on keeps networks, balancers and endpoints. */
  readonly instance?: {
    readonly inner: InnerNetwork;
    readonly cgroupParent: string;
    /** As many processors as its type has. */
    readonly cpus: number;
    readonly vpcOf: (interfaceId: string) => string | undefined;
    readonly isAttached: (interfaceId: string) => Promise<boolean>;
  };
  /** The engine's machine, as Node names it (`process.arch`). */
  readonly arch: string;
  /** How many pause containers may wait for tasks at most, made ahead, and where their names come from; none unless given. */
  readonly sandboxes?: Pick<SandboxesDeps, 'most' | 'ids'>;
  /** Who answers names that are none of the VPC's; the host's resolvers unless given. */
  readonly upstream?: Upstream;
}

/** An instance's agent as it registers. */
export interface InstanceIntroduction {
  readonly spec: InstanceSpec;
  /** Built-in and custom attributes. */
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
  readonly dockerVersion: string;
}

/** What runs on a machine: the control plane's wishes in, containers and reports out. */
export interface Agent {
  /** The tasks that are not removed. */
  readonly tasks: readonly TaskView[];
  /** To be called when VPCs changed that somebody else keeps for it. */
  networkChanged(): void;
  /** Begins to connect and to adopt what runs already; resolves at once. */
  start(): void;
  /** Ends all activity and leaves every container, network and balancer as it is. */
  stop(): Promise<void>;
}

/** How often everything is listed though no event said that anything changed. */
const rescanMs = 60_000;
/** The first and the longest pause before an engine that does not answer is asked again for its containers. */
const firstListMs = 250;
const longestListMs = 5_000;
/** How long the end of the agent waits for what the engine is making. */
const farewellMs = 5_000;
const firstReconnectMs = 100;
const longestReconnectMs = 10_000;

/** Makes the agent of one machine (Amazon's agent protocol; see docs/architecture.md). */
export function createAgent(options: AgentOptions): Agent {
  const { clock, installationId, machineId, instance } = options;
  const docker = engineOf(options.docker, { machineId, cgroupParent: instance?.cgroupParent ?? '' });
  const log = options.log.with({ room: 'agent' });
  const stop = new AbortController();
  let channel: Channel<AgentMessage, ServerMessage> | undefined;

  const send = (message: AgentMessage): boolean => {
    channel?.send(message);
    return channel !== undefined;
  };
  const aws = new AwsClient({ endpoint: options.endpoint, clock });
  const logs = createLogShipper({ docker, clock, log, send: (message) => void send(message) });
  const storage = new TaskStorage({
    docker,
    disk: options.disk,
    clock,
    log,
    tasks: () => tasks.tasks,
    fail: (arn, reason) => tasks.fail(arn, reason),
  });
  const networks: Networks | undefined =
    instance !== undefined
      ? undefined
      : new Networks({
          network: options.network,
          clock,
          log,
          listeners: [
            createMetadata({
              ...options,
              log,
              aws,
              storage,
              tasks: () => [...tasks.tasks, ...(instances?.tasks() ?? [])],
            }),
            createInstanceMetadata({
              network: options.network,
              clock,
              serviceOf: (asker) => instances?.metadataOf(asker),
            }),
            createResolver({ network: options.network, upstream: options.upstream ?? hostUpstream(clock), log }),
          ],
          onApplied(vpcId, error) {
            send({
              type: 'StowageApplied',
              message: { kind: 'vpc', id: vpcId, ...(error === undefined ? {} : { error }) },
            });
            tasks.networkChanged();
            instances?.networkChanged();
          },
        });
  const vpcOf = (interfaceId: string): string | undefined => (instance ?? networks)?.vpcOf(interfaceId);
  const isAttached = async (interfaceId: string): Promise<boolean> =>
    networks === undefined ? (instance?.isAttached(interfaceId) ?? false) : networks.wasAttached(interfaceId);
  const sandboxes = new Sandboxes({
    docker,
    clock,
    log,
    installationId,
    arch: options.arch,
    ...(options.sandboxes ?? { most: 0, ids: systemIds }),
    busy: () => tasks.making,
    inUse: () => tasks.interfaces,
  });
  const groups = taskGroups(options.cgroups, instance === undefined ? [] : [machineId]);
  const publisher = new Publisher({
    groups,
    tasks: () => tasks.tasks,
    cpus: async () => instance?.cpus ?? (await docker.capacity()).cpus,
    clock,
    log,
    send: (message) => void send(message),
  });
  const tasks: TaskEngine = new TaskEngine({
    docker,
    sandboxes,
    network: options.network,
    logs,
    clock,
    log,
    installationId,
    arch: options.arch,
    registryAuth: options.registryAuth,
    images: createImages(docker, options.pullBehavior),
    ...given('stopTimeoutSeconds', options.stopTimeoutSeconds),
    aws,
    storage,
    groups,
    send,
    ...(instance === undefined ? {} : { inner: instance.inner }),
    vpcOf,
    isAttached,
  });
  const tunnels = new Tunnels({
    docker,
    network: options.network,
    log,
    send: (message) => void send(message),
    tasks: () => tasks.tasks,
  });
  const balancers = instance === undefined ? options.balancers?.((message) => void send(message)) : undefined;
  const instances: Instances | undefined =
    options.instances &&
    new Instances({
      docker: options.docker,
      network: options.network,
      cgroups: options.cgroups,
      clock,
      log,
      installationId,
      arch: options.arch,
      hostId: machineId,
      vpcOf,
      startAgent: (parts) => startInstanceAgent(options, { ...parts, vpcOf, isAttached }),
      report: (report) => void send({ type: 'StowageInstanceState', message: report }),
    });

  const receive = (message: ServerMessage): void => {
    switch (message.type) {
      case 'HeartbeatMessage':
        send({ type: 'HeartbeatAckRequest', message: { messageId: message.message.messageId } });
        if (!statusTold) tellStatus();
        return;
      case 'PayloadMessage':
        for (const task of message.message.tasks) tasks.take(task);
        return acknowledge(message.message);
      case 'TaskManifestMessage': {
        acknowledge(message.message);
        const wanted = new Map(message.message.tasks.map((task) => [task.taskArn, task.desiredStatus]));
        const unwanted = tasks.tasks.filter(({ payload }) => wanted.get(payload.arn) !== 'RUNNING');
        return askToStop(message.message.messageId, unwanted);
      }
      case 'IAMRoleCredentialsMessage': {
        tasks.takeCredentials(message.message);
        const { messageId, roleCredentials } = message.message;
        const { expiration, credentialsId } = roleCredentials;
        send({ type: 'IAMRoleCredentialsAckRequest', message: { messageId, expiration, credentialsId } });
        return;
      }
      case 'TaskStopVerificationAck':
        for (const { taskArn } of message.message.stopTasks) tasks.stop(taskArn);
        return;
      case 'StowageVpcMessage':
        return tellVpc(told.whole(message.message));
      case 'StowageVpcChange': {
        const state = told.change(message.message);
        if (state !== undefined) tellVpc(state);
        else log.warn('a change of a VPC that nobody spoke of', { vpc: message.message.change.vpcId });
        return;
      }
      case 'StowageBalancerMessage':
        // It has told the control plane of a failure itself.
        if (balancers !== undefined) firstWork.push(balancers.apply(message.message.balancer).catch(() => {}));
        return;
      case 'StowageInstanceMessage':
        instances?.apply(message.message.instance);
        return;
      case 'StowageManifestMessage':
        told.keepOnly(message.message.vpcIds);
        sandboxes.keepOnly(message.message.vpcIds);
        firstWork.push(keepOnly(message.message));
        void tellTakenOver();
        return;
      case 'StowageLogAck':
        logs.acknowledge(message.message);
        return;
      case 'StowageTunnelOpen':
      case 'StowageTunnelData':
      case 'StowageTunnelCredit':
      case 'StowageTunnelResize':
      case 'StowageTunnelEnd':
      case 'StowageTunnelClose':
        tunnels.take(message);
        return;
      case 'CloseMessage':
      case 'ErrorMessage':
        log.info('the control plane ends the connection', { why: message.message.message });
        return;
      default:
        // A newer control plane may say what we do not know: unknown types are logged and ignored, as by the genuine agent.
        log.warn('unknown message', { type: (message satisfies never as ServerMessage).type });
    }
  };
  const told = new ToldVpcs();
  const tellVpc = ({ vpc, upcoming }: ToldVpc): void => {
    sandboxes.told(vpc, upcoming);
    networks?.apply(vpc);
  };
  const acknowledge = (to: { clusterArn: string; containerInstanceArn: string; messageId: string }): void => {
    const { clusterArn: cluster, containerInstanceArn: containerInstance, messageId } = to;
    send({ type: 'AckRequest', message: { cluster, containerInstance, messageId } });
  };
  /** Stops those of the tasks that the control plane then says are not wanted. */
  const askToStop = (messageId: string, unwanted: readonly TaskView[]): void => {
    const stopCandidates = unwanted
      // One that ended by itself needs no stopping.
      .filter((task) => task.desired === 'RUNNING' && task.stoppedAt === undefined)
      .map(({ payload: { arn, taskClusterArn } }) => ({
        taskArn: arn,
        taskClusterArn,
        desiredStatus: 'STOPPED' as const,
      }));
    if (stopCandidates.length === 0) return;
    send({ type: 'TaskStopVerificationMessage', message: { messageId, stopCandidates } });
  };
  const keepOnly = async (manifest: {
    vpcIds: readonly string[];
    loadBalancerArns: readonly string[];
    instanceIds: readonly string[];
  }): Promise<void> => {
    try {
      await instances?.keepOnly(manifest.instanceIds);
      // Balancers first: one that serves keeps its VPC's namespace alive.
      await balancers?.keepOnly(manifest.loadBalancerArns);
      await networks?.keepOnly((vpcId) => told.has(vpcId));
    } catch (error) {
      log.warn('manifest not fulfilled', { error: messageOf(error) });
    }
  };

  const startedAt = clock.now();
  /** What the first connection asked of us; afterwards nobody looks at it. */
  let firstWork: Promise<void>[] = [];
  let takenOver = false;
  /** Says once when all that was here before is in our hands: every container known, every network and balancer as wanted. */
  const tellTakenOver = async (): Promise<void> => {
    const work = firstWork;
    firstWork = [];
    if (takenOver) return;
    takenOver = true;
    await Promise.all([...work, networks?.settled()]);
    await instances?.settled();
    log.info('everything is taken over', { tasks: tasks.tasks.length, afterMs: clock.now() - startedAt });
  };

  const adopted = Promise.withResolvers<void>();
  let listing = false;
  let again = false;
  let awaySince: number | undefined;
  let backSince = startedAt;
  let statusTold = false;
  /** Says whether the container engine answers: once in every connection, with its first heartbeat, and when it changes. */
  const tellStatus = (): void => {
    statusTold = true;
    const status = awaySince === undefined ? 'OK' : 'IMPAIRED';
    const lastStatusChange = awaySince ?? backSince;
    const one = { type: 'ContainerRuntime', status, lastUpdated: clock.now(), lastStatusChange } as const;
    send({ type: 'PublishInstanceStatusRequest', message: { statuses: [one] } });
  };
  let listAgainMs = firstListMs;
  const list = async (): Promise<void> => {
    again = listing;
    if (listing || stop.signal.aborted) return;
    listing = true;
    try {
      const known = tasks.knownIds();
      const knownSandboxes = sandboxes.knownIds();
      const states = await docker.list([`${labels.installation}=${installationId}`]);
      const found = await tasks.observe(sandboxes.observe(states, knownSandboxes), known);
      await removeOrphanedVolumes();
      await tasks.removeOrphanedGroups();
      // Those found before the first connection are compared with its manifest.
      if (channel !== undefined) askToStop(`adopted-${clock.now()}`, found);
      void tunnels.endAbandoned(found);
      adopted.resolve();
      if (awaySince !== undefined) {
        log.info('the container engine answers again', { afterMs: clock.now() - awaySince });
        tasks.engineReturned();
        sandboxes.wake();
        awaySince = undefined;
        backSince = clock.now();
        tellStatus();
      }
      listAgainMs = firstListMs;
    } catch (error) {
      if (awaySince === undefined) {
        log.warn('containers not listed', { error: messageOf(error) });
        awaySince = clock.now();
        tellStatus();
      }
      clock.after(listAgainMs, () => void list());
      listAgainMs = Math.min(longestListMs, listAgainMs * 2);
    } finally {
      listing = false;
    }
    if (again) await list();
  };

  /** A predecessor that was killed may have removed a task's containers and not yet its volumes. */
  const removeOrphanedVolumes = async (): Promise<void> => {
    const found = await docker.listVolumes([`${labels.installation}=${installationId}`, labels.task]);
    const known = new Set(tasks.tasks.map(({ payload }) => payload.arn));
    for (const volume of found) {
      if (known.has(volume.labels[labels.task] ?? '')) continue;
      try {
        await docker.removeVolume(volume.name);
      } catch (error) {
        // Somebody else mounted it.
        log.warn('a volume was not removed', { volume: volume.name, error: messageOf(error) });
      }
    }
  };

  const converse = async (): Promise<void> => {
    let delayMs = firstReconnectMs;
    // What runs is known before the first wish is heard, so that no payload starts a second of anything.
    await adopted.promise;
    while (!stop.signal.aborted) {
      try {
        const opened = await options.connect();
        const closed = Promise.withResolvers<void>();
        channel = opened;
        opened.onClose(() => closed.resolve());
        opened.onMessage((message) => {
          if (channel === opened) receive(message);
        });
        statusTold = false;
        tasks.connected();
        logs.resend();
        delayMs = firstReconnectMs;
        await closed.promise;
      } catch (error) {
        log.warn('no connection to the control plane', { error: messageOf(error) });
      }
      channel = undefined;
      tunnels.disconnected();
      await clock.sleep(delayMs * (1 - (options.random?.() ?? 0) / 2), stop.signal);
      delayMs = Math.min(longestReconnectMs, delayMs * 2);
    }
  };

  let unfollow = (): void => {};
  const rescan = (): void => {
    if (stop.signal.aborted) return;
    void list();
    clock.after(rescanMs, rescan);
  };

  return {
    get tasks() {
      return tasks.tasks;
    },
    networkChanged: () => tasks.networkChanged(),
    start() {
      unfollow = docker.events(
        `${labels.installation}=${installationId}`,
        (told) => {
          const event = sandboxes.event(told);
          if (event === undefined) return;
          if (event === 'unknown') return void list();
          // Made for a task that we do not know: by a predecessor that was killed meanwhile.
          if (!tasks.event(event) && (event.action === 'create' || event.action === 'start')) void list();
        },
        () => void list(),
      );
      clock.after(rescanMs, rescan);
      storage.start();
      publisher.start();
      // The only rejection is that of a sleep ended by `stop`.
      converse().catch(() => {});
    },
    async stop() {
      stop.abort();
      unfollow();
      storage.close();
      publisher.close();
      await instances?.close();
      await Promise.race([Promise.all([tasks.close(), sandboxes.close(), tunnels.close()]), clock.sleep(farewellMs)]);
      logs.close();
      await networks?.close();
      await balancers?.close();
      aws.close();
      channel?.close();
      channel = undefined;
    },
  };
}

/** Makes the agent of an instance of this machine, and starts it. */
function startInstanceAgent(
  options: AgentOptions,
  parts: InstanceParts & Pick<NonNullable<AgentOptions['instance']>, 'vpcOf' | 'isAttached'>,
): Agent {
  const { instances, ...shared } = options;
  const { spec } = parts;
  const custom = Object.entries(spec.agent?.attributes ?? {}).map(([name, value]) => ({ name, value }));
  const log = options.log.with({ instance: spec.instanceId });
  const pulls = spec.agent?.imagePullBehavior;
  const ignored = spec.agent?.ignored ?? [];
  if (ignored.length > 0)
    log.warn('settings of /etc/ecs/ecs.config that are not acted on', { settings: ignored.join(' ') });
  const agent = createAgent({
    ...shared,
    machineId: spec.instanceId,
    log,
    ...(pulls === undefined ? {} : { pullBehavior: pullBehaviorOf(pulls, log) }),
    ...given('stopTimeoutSeconds', spec.agent?.stopTimeoutSeconds),
    instance: { ...parts, cpus: spec.cpus },
    connect: async () => {
      if (instances === undefined) throw new Error('this machine has no instances');
      const { engine } = await options.docker.version();
      const attributes = [...capabilities(options.arch), ...custom];
      return instances.connect({ spec, attributes, dockerVersion: engine });
    },
  });
  agent.start();
  return agent;
}
