import { given } from '../../base/given.ts';
import type { ContainerSpec } from '../../drivers/docker/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import type { Fetched } from '../fetch/fetched.ts';
import {
  firelensEnvironment,
  firelensLogConfig,
  firelensOptions,
  routerOf,
  routerVolumes,
} from '../firelens/firelens.ts';
import { logFileConfig, logTarget, type LogTarget } from '../logs/options.ts';
import { pauseShape } from '../pause/shape.ts';
import { configOf, hostConfigOf } from './docker-config.ts';
import { agentEnvironment, defaultEnvironment } from './environment.ts';
import { containerName, labels, labelsOf, pauseName, scopeOfTask, taskIdOf, taskVolume } from './names.ts';
import { mountsOf } from './volumes.ts';

/** The `awslogs` options of a container; `undefined` when its output goes elsewhere. */
export function awslogsOptions(container: PayloadContainer): Readonly<Record<string, string>> | undefined {
  const { LogConfig: config } = hostConfigOf(container);
  return config?.Type === 'awslogs' ? (config.Config ?? {}) : undefined;
}

/** Where a container's output is delivered; `undefined` when we do not deliver it. */
export function logTargetOf(task: PayloadTask, container: PayloadContainer, runtimeId: string): LogTarget | undefined {
  const options = awslogsOptions(container);
  if (options === undefined) return undefined;
  const { region, account } = scopeOfTask(task.arn);
  return logTarget(options, { region, account, taskId: taskIdOf(task.arn), container: container.name, runtimeId });
}

/** The container that owns the network namespace of an awsvpc task; names and resolver are those of its interface. */
export function pauseSpec(installationId: string, task: PayloadTask): ContainerSpec {
  return {
    name: containerName(installationId, task, 'internalecspause'),
    labels: labelsOf(installationId, task, pauseName),
    // By default an engine lets nobody share a container's memory.
    ...pauseShape(task.elasticNetworkInterfaces[0], task.ipcMode === 'task' ? { IpcMode: 'shareable' } : {}),
  };
}

/** A container of the task's own, as the engine is to make it. */
export function appSpec(
  installationId: string,
  task: PayloadTask,
  container: PayloadContainer,
  made: {
    readonly pauseId?: string | undefined;
    /** The control group of the task. */
    readonly cgroupParent?: string | undefined;
    /** What bounds its own layer. */
    readonly storageOpt?: Readonly<Record<string, string>> | undefined;
    /** The engine's ids of the task's other containers. */
    readonly idOf?: (container: string) => string;
    /** The container whose network it joins. */
    readonly networkId?: string | undefined;
    readonly fetched?: Fetched | undefined;
    /** The address on the bridge of the task's log router. */
    readonly routerAddress?: string | undefined;
    /** Where the socket of the task's log router lies on the machine. */
    readonly socketDirectory?: string | undefined;
  },
): ContainerSpec {
  const { pauseId, cgroupParent = '' } = made;
  const fetched = made.fetched?.[container.name];
  const mounts = mountsOf(installationId, task, container);
  const hostConfig = hostConfigOf(container);
  const config = configOf(container);
  const { LogConfig: logConfig } = hostConfig;
  const overrides = JSON.parse(container.overrides === '' ? '{}' : container.overrides) as { command?: string[] };
  const command = overrides.command ?? container.command;
  return {
    name: containerName(installationId, task, container.name),
    image: container.image,
    labels: {
      ...labelsOf(installationId, task, container.name),
      ...(pauseId === undefined ? {} : { [labels.pause]: pauseId }),
    },
    env: {
      ...defaultEnvironment(task),
      ...fetched?.fileEnvironment,
      ...container.environment,
      ...fetched?.environment,
      ...agentEnvironment(installationId, task, container),
      ...firelensEnvironment(task, container, made.fetched, made.routerAddress),
    },
    ...(container.entryPoint === undefined ? {} : { entryPoint: container.entryPoint }),
    ...(command === undefined ? {} : { command }),
    config: task.networkMode === 'bridge' ? without(config, sandboxConfig) : config,
    hostConfig: {
      ...(task.networkMode === 'bridge' ? without(hostConfig, sandboxHostConfig) : hostConfig),
      ...namespacesOf(task, made),
      ...given('StorageOpt', made.storageOpt),
      ...(cgroupParent === '' ? {} : { CgroupParent: cgroupParent }),
      // Without a driver nobody reads the output later: it may not fill the disk either.
      ...(logConfig === undefined || logConfig.Type === 'awslogs'
        ? { LogConfig: logFileConfig(logConfig?.Config) }
        : firelensOptions(container) !== undefined
          ? { LogConfig: firelensLogConfig(task, container, made.socketDirectory ?? '') }
          : { LogConfig: { ...logConfig, Config: { ...logConfig.Config, ...fetched?.logOptions } } }),
      Mounts: [...mounts.Mounts, ...routerMounts(installationId, task, container)],
      Binds: mounts.Binds,
      VolumesFrom: container.volumesFrom.map(
        ({ sourceContainer, readOnly }) => `${made.idOf?.(sourceContainer) ?? ''}:${readOnly ? 'ro' : 'rw'}`,
      ),
    },
  };
}

/** Which namespaces a container joins: those of its task's pause container, of the machine, or none but its own. */
function namespacesOf(
  task: PayloadTask,
  { pauseId, networkId }: { readonly pauseId?: string | undefined; readonly networkId?: string | undefined },
): Record<string, string> {
  const join = (mode: string): string => (mode === 'task' ? `container:${pauseId ?? ''}` : mode);
  return {
    NetworkMode: networkId === undefined ? task.networkMode : `container:${networkId}`,
    ...(task.pidMode === undefined ? {} : { PidMode: join(task.pidMode) }),
    ...(task.ipcMode === undefined ? {} : { IpcMode: join(task.ipcMode) }),
  };
}

/** What the container that holds a container's network in bridge mode has in its stead. */
const sandboxConfig = ['Hostname', 'Domainname'];
const sandboxHostConfig = ['Dns', 'DnsSearch', 'DnsOptions', 'ExtraHosts', 'Links'];

function without(members: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}

/** The volumes that go with the task. */
export function taskVolumes(installationId: string, task: PayloadTask): string[] {
  const own = task.volumes
    .filter((volume) => volume.type === 'docker' && volume.dockerVolumeConfiguration?.scope !== 'shared')
    .map((volume) => taskVolume(installationId, task, volume.name));
  return routerOf(task) === undefined ? own : [...own, ...Object.values(routerVolumes(installationId, task))];
}

/** What a FireLens router needs besides its own mounts: its socket's directory, and a writable one for its configuration. */
function routerMounts(
  installationId: string,
  task: PayloadTask,
  container: PayloadContainer,
): Record<string, unknown>[] {
  const router = routerOf(task);
  if (router === undefined || router.container.name !== container.name) return [];
  const { socket, config } = routerVolumes(installationId, task);
  return [
    { Type: 'volume', Source: socket, Target: '/var/run' },
    ...(config === undefined ? [] : [{ Type: 'volume', Source: config, Target: router.configDirectory }]),
  ];
}
