import { isoOf } from '../../base/clock.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { containerName, labelsOf, labels, metadataId } from '../tasks/names.ts';
import { containerStatus, statusOf } from '../tasks/report.ts';
import { isEnding, type ContainerView, type TaskView } from '../tasks/view.ts';

/**
 * A container as version 4 of the metadata endpoint shows it ("Amazon ECS task metadata endpoint version 4", ECS Developer
 * Guide). Only what this machine knows is in it.
 */
export function containerDocument(
  installationId: string,
  task: TaskView,
  container: ContainerView,
): Record<string, unknown> {
  const { spec } = container;
  const hostConfig = JSON.parse(spec.dockerConfig.hostConfig) as {
    LogConfig?: { Type?: string; Config?: Record<string, string> };
  };
  const { [labels.payload]: _payload, ...shown } = labelsOf(installationId, task.payload, spec.name);
  return {
    ...(container.id === undefined ? {} : { DockerId: container.id }),
    Name: spec.name,
    DockerName: containerName(installationId, task.payload, spec.name),
    Image: spec.image,
    ...(container.imageDigest === undefined ? {} : { ImageID: container.imageDigest }),
    Labels: Object.fromEntries(Object.entries(shown).filter(([name]) => name.startsWith('com.amazonaws.'))),
    DesiredStatus: task.desired,
    KnownStatus: containerStatus(container, statusOf(task), isEnding(task)),
    ...(container.exitCode === undefined ? {} : { ExitCode: container.exitCode }),
    Limits: { CPU: spec.cpu, ...(spec.memory > 0 ? { Memory: spec.memory } : {}) },
    ...(container.startedAt === undefined ? {} : { StartedAt: isoOf(container.startedAt) }),
    ...(container.finishedAt === undefined ? {} : { FinishedAt: isoOf(container.finishedAt) }),
    Type: 'NORMAL',
    ...(container.health === undefined
      ? {}
      : {
          Health: {
            status: container.health === 'starting' ? 'UNKNOWN' : container.health.toUpperCase(),
            ...(container.healthSince === undefined ? {} : { statusSince: isoOf(container.healthSince) }),
          },
        }),
    ...(hostConfig.LogConfig === undefined
      ? {}
      : { LogDriver: hostConfig.LogConfig.Type, LogOptions: hostConfig.LogConfig.Config ?? {} }),
    ContainerARN: spec.containerArn,
    Networks: networksOf(task.payload),
  };
}

/** A task as the same endpoint shows it. */
export function taskDocument(installationId: string, task: TaskView): Record<string, unknown> {
  const { payload } = task;
  return {
    Cluster: payload.taskClusterArn,
    TaskARN: payload.arn,
    Family: payload.family,
    Revision: payload.version,
    DesiredStatus: task.desired,
    KnownStatus: statusOf(task),
    ...(payload.cpu === undefined && payload.memory === undefined
      ? {}
      : {
          Limits: {
            ...(payload.cpu === undefined ? {} : { CPU: payload.cpu }),
            ...(payload.memory === undefined ? {} : { Memory: payload.memory }),
          },
        }),
    ...(task.pullStartedAt === undefined ? {} : { PullStartedAt: isoOf(task.pullStartedAt) }),
    ...(task.pullStoppedAt === undefined ? {} : { PullStoppedAt: isoOf(task.pullStoppedAt) }),
    LaunchType: payload.launchType,
    ...(payload.serviceName === '' ? {} : { ServiceName: payload.serviceName }),
    Containers: task.containers
      .filter(({ id }) => id !== undefined)
      .map((container) => containerDocument(installationId, task, container)),
  };
}

/** The container that finds itself under a metadata id. */
export function findContainer(
  installationId: string,
  tasks: readonly TaskView[],
  id: string,
): { readonly task: TaskView; readonly container: ContainerView } | undefined {
  for (const task of tasks) {
    const container = task.containers.find(({ spec }) => metadataId(installationId, task.payload, spec.name) === id);
    if (container !== undefined) return { task, container };
  }
  return undefined;
}

function networksOf(task: PayloadTask): Record<string, unknown>[] {
  return task.elasticNetworkInterfaces.map((eni, index) => ({
    NetworkMode: task.networkMode,
    IPv4Addresses: eni.ipv4Addresses.map(({ privateAddress }) => privateAddress),
    AttachmentIndex: index,
    MACAddress: eni.macAddress,
    IPv4SubnetCIDRBlock: subnetOf(eni.subnetGatewayIpv4Address),
    DomainNameServers: eni.domainNameServers,
    PrivateDNSName: eni.privateDnsName,
    SubnetGatewayIpv4Address: eni.subnetGatewayIpv4Address,
  }));
}

/** `172.31.0.1/20` → `172.31.0.0/20`. */
function subnetOf(gateway: string): string {
  const [address = '', prefix = '32'] = gateway.split('/');
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(bits / size) * size;
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${parts.join('.')}/${prefix}`;
}
