import { DriverError } from '../../base/errors.ts';
import type { ContainerSpec, ContainerState, DockerDriver } from '../../drivers/docker/driver.ts';
import { resolverAddress } from '../../drivers/network/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import type { InnerNetwork, Lease } from '../instances/inner-network.ts';
import { ensurePauseImage, pauseImage } from '../pause/image.ts';
import { configOf, hostConfigOf } from './docker-config.ts';
import { containerName, labels, labelsOf, pauseName, scopeOfTask } from './names.ts';
import type { TaskStep } from './plan.ts';
import type { ContainerView, PauseView, TaskView } from './view.ts';

// In bridge mode each container of a task has a network of its own, as with Docker's bridge: a pause container holds it, as
// one holds an awsvpc task's, so that it stands before the container's program begins.

/** The network of a container in bridge mode. */
export interface BridgeView {
  readonly pause: PauseView;
  /** What it was leased; in the label of its pause container. */
  readonly lease: Lease;
  readonly plugged: boolean;
}

/** Whether each of a task's containers has a network of its own. */
export function usesBridge(task: Pick<TaskView, 'payload'>): boolean {
  return task.payload.networkMode === 'bridge';
}

/** The name of the pause container of a task's container; no container of a definition can be called so. */
export function bridgePauseName(container: string): string {
  return `${pauseName}~${container}`;
}

/** Whose pause container has a name; `undefined` when it is none of these. */
export function bridgedContainer(name: string): string | undefined {
  return name.startsWith(`${pauseName}~`) ? name.slice(pauseName.length + 1) : undefined;
}

/** What a container in bridge mode still lacks before it can be started. */
export function planBridge(container: ContainerView): TaskStep[] {
  const { bridge, spec } = container;
  if (bridge === undefined) return [{ kind: 'create-sandbox', container: spec.name }];
  switch (bridge.pause.phase) {
    case 'none':
    case 'created':
      return [{ kind: 'start-sandbox', container: spec.name }];
    case 'running':
      return bridge.plugged ? [] : [{ kind: 'plug', container: spec.name }];
    case 'exited':
      return [
        {
          kind: 'fail',
          container: spec.name,
          reason: 'CannotStartContainerError: the container that holds its network has ended',
        },
      ];
    default:
      return bridge.pause.phase satisfies never;
  }
}

/** The container's view once its pause container looks as `state` says. */
export function withBridgeState(container: ContainerView, state: ContainerState): ContainerView {
  const label = state.labels[labels.lease];
  if (label === undefined) return container;
  const ended = state.status === 'exited' || state.status === 'dead' || container.bridge?.pause.phase === 'exited';
  const phase = ended ? 'exited' : state.status === 'running' ? 'running' : 'created';
  return {
    ...container,
    bridge: {
      pause: { phase, id: state.id, pid: ended ? 0 : state.pid },
      lease: container.bridge?.lease ?? (JSON.parse(label) as Lease),
      // One whose program was started hung on the bridge then; any other is plugged again.
      plugged: container.bridge?.plugged ?? (container.phase === 'running' || container.phase === 'exited'),
    },
  };
}

/** The key of a container's lease. */
export function leaseKey(task: PayloadTask, container: string): string {
  return `${task.arn} ${container}`;
}

export interface BridgeDeps {
  readonly docker: DockerDriver;
  readonly installationId: string;
  readonly arch: string;
  /** The network inside the instance that this agent is of. */
  readonly inner?: InnerNetwork;
}

/** Leases a container its address and ports, and makes the pause container that will hold its network. */
export async function createSandbox(
  task: PayloadTask,
  container: PayloadContainer,
  deps: BridgeDeps,
): Promise<BridgeView> {
  const inner = needInner(deps);
  const lease = inner.lease(leaseKey(task, container.name), container.portMappings);
  const links = container.links.map((link) => {
    const [name = '', alias = name] = link.split(':');
    const linked = task.containers.find((each) => each.name === name);
    if (linked === undefined) throw new DriverError('fatal', `Could not get container for ${name}`);
    return `${alias}:${inner.lease(leaseKey(task, name), linked.portMappings).address}`;
  });
  const spec = sandboxSpec(deps.installationId, task, container, lease, links);
  let id: string;
  try {
    id = await deps.docker.create(spec);
  } catch (error) {
    if (!(error instanceof DriverError) || error.kind !== 'gone') throw error;
    await ensurePauseImage(deps.docker, deps.arch);
    id = await deps.docker.create(spec);
  }
  return { pause: { phase: 'created', id, pid: 0 }, lease, plugged: false };
}

/** The address that a container of a task in bridge mode has, or will have; `undefined` in any other mode. */
export function bridgeAddress(
  task: PayloadTask,
  container: PayloadContainer | undefined,
  deps: BridgeDeps,
): string | undefined {
  if (task.networkMode !== 'bridge' || container === undefined) return undefined;
  return needInner(deps).lease(leaseKey(task, container.name), container.portMappings).address;
}

/** Takes the networks of a task's containers away. */
export async function releaseSandboxes(task: TaskView, { docker, inner }: BridgeDeps): Promise<void> {
  for (const { spec, bridge } of task.containers) {
    if (bridge !== undefined) {
      await inner?.unplug(bridge.lease);
      if (bridge.pause.id !== undefined) await docker.remove(bridge.pause.id);
    }
    inner?.release(leaseKey(task.payload, spec.name));
  }
}

/** The network inside the instance. Throws where this machine is none. */
export function needInner({ inner }: BridgeDeps): InnerNetwork {
  if (inner === undefined) throw new DriverError('fatal', 'this machine has no network of mode bridge');
  return inner;
}

/**
 * The container that holds a container's network: host name, resolver and further names are its, because the engine refuses them to
 * whoever joins it.
 */
function sandboxSpec(
  installationId: string,
  task: PayloadTask,
  container: PayloadContainer,
  lease: Lease,
  links: readonly string[],
): ContainerSpec {
  const { Dns, DnsSearch, ExtraHosts } = hostConfigOf(container);
  const { Hostname } = configOf(container);
  const { region } = scopeOfTask(task.arn);
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return {
    name: containerName(installationId, task, `internalecspause-${container.name}`),
    image: pauseImage,
    labels: {
      ...labelsOf(installationId, task, bridgePauseName(container.name)),
      [labels.lease]: JSON.stringify(lease),
    },
    env: {},
    config: Hostname === undefined ? {} : { Hostname },
    hostConfig: {
      NetworkMode: 'none',
      Dns: Dns ?? [resolverAddress],
      DnsSearch: DnsSearch ?? [domain],
      ExtraHosts: [
        ...(ExtraHosts ?? []),
        ...links,
        ...(Hostname === undefined ? [] : [`${Hostname}:${lease.address}`]),
      ],
      LogConfig: { Type: 'none', Config: {} },
      CapDrop: ['ALL'],
    },
  };
}
