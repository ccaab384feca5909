import { isoOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { cidrText, parseCidr } from '../../base/ipv4.ts';
import type { ContainerDetails } from '../../drivers/docker/driver.ts';
import type { PayloadNetworkInterface, PayloadTask } from '../../wire/acs.ts';
import { configOf, hostConfigOf } from '../tasks/docker-config.ts';
import { containerName, labels, labelsOf, pauseName } from '../tasks/names.ts';
import type { ContainerView, TaskView } from '../tasks/view.ts';

/** The versions of the task metadata endpoint. */
export type MetadataVersion = 'v2' | 'v3' | 'v4';

/** A container with what the engine knows of it; without where the engine does not answer, or has not made it yet. */
export interface DescribedContainer {
  readonly view: ContainerView;
  readonly details?: ContainerDetails;
  /** The digest that its image can be pulled by, or the image's id where it was never in a registry. */
  readonly imageDigest?: string;
}

/** Docker knows no share of less than two CPU units; that is what a container without any has. */
const leastCpuUnits = 2;

/**
 * A container as the metadata endpoint shows it ("Amazon ECS task metadata endpoint version 4", ECS Developer Guide, for
 * Fargate and for EC2). Only what this machine knows is in it.
 */
export function containerDocument(
  version: MetadataVersion,
  installationId: string,
  task: TaskView,
  { view, details, imageDigest }: DescribedContainer,
): Record<string, unknown> {
  const { payload } = task;
  const { spec } = view;
  const fargate = payload.launchType === 'FARGATE';
  const { LogConfig: log } = hostConfigOf(spec);
  const { Labels: own } = configOf(spec);
  return {
    DockerId: view.id ?? '',
    Name: spec.name,
    DockerName: view.id === undefined ? '' : containerName(installationId, payload, spec.name),
    Image: spec.image,
    ImageID: imageDigest ?? '',
    ...given('Ports', portsOf(version, payload, view)),
    Labels: { ...own, ...shownLabels(installationId, payload, spec.name) },
    DesiredStatus: task.desired,
    KnownStatus: knownStatus(view),
    ...given('ExitCode', view.exitCode),
    Limits: {
      CPU: Math.max(leastCpuUnits, spec.cpu),
      ...(fargate && spec.memory === 0 ? {} : { Memory: spec.memory }),
    },
    ...at('CreatedAt', details?.createdAt),
    ...at('StartedAt', view.startedAt),
    ...at('FinishedAt', view.finishedAt),
    Type: 'NORMAL',
    ...given('Networks', networksOf(version, payload, details, view)),
    ...given('Health', healthOf(view, details)),
    ...given('Volumes', volumesOf(details)),
    ...(version === 'v4'
      ? {
          ...given('LogDriver', log?.Type),
          ...(log === undefined ? {} : { LogOptions: log.Config ?? {} }),
          ContainerARN: spec.containerArn,
          ...(fargate ? { Snapshotter: 'overlayfs' } : {}),
          ...(spec.restartPolicy?.enabled === true ? { RestartCount: view.restarts } : {}),
        }
      : {}),
  };
}

/** The container that holds the network of an awsvpc task, which the agent on EC2 shows among the others. */
export function pauseDocument(
  version: MetadataVersion,
  installationId: string,
  task: TaskView,
  details: ContainerDetails | undefined,
): Record<string, unknown> {
  const { payload, pause } = task;
  return {
    DockerId: pause.id ?? '',
    Name: pauseName,
    DockerName: containerName(installationId, payload, 'internalecspause'),
    Image: 'amazon/amazon-ecs-pause:0.1.0',
    ImageID: '',
    Labels: shownLabels(installationId, payload, pauseName),
    DesiredStatus: 'RESOURCES_PROVISIONED',
    KnownStatus: task.attached ? 'RESOURCES_PROVISIONED' : knownStatus(pause),
    Limits: { CPU: leastCpuUnits, Memory: 0 },
    ...at('CreatedAt', details?.createdAt),
    ...at('StartedAt', pause.startedAt),
    Type: 'CNI_PAUSE',
    ...given('Networks', networksOf(version, payload, details)),
  };
}

/** What the agent knows of a container's life, in its own words (`ecs-agent/api/container/status`). */
export function knownStatus(view: { phase: ContainerView['phase']; pulled?: boolean; failed?: boolean }): string {
  if (view.failed === true) return 'STOPPED';
  switch (view.phase) {
    case 'none':
      return view.pulled === true ? 'PULLED' : 'NONE';
    case 'created':
      return 'CREATED';
    case 'running':
      return 'RUNNING';
    case 'exited':
      return 'STOPPED';
    default:
      return view.phase satisfies never;
  }
}

/** `{ [name]: <RFC 3339> }`, or nothing. */
export function at(name: string, atMs: number | undefined): Record<string, string> {
  return atMs === undefined ? {} : { [name]: isoOf(atMs) };
}

/** The labels that ECS documents; ours are nobody's business. */
function shownLabels(installationId: string, task: PayloadTask, container: string): Record<string, string> {
  const all = Object.entries(labelsOf(installationId, task, container));
  const ours = new Set<string>(Object.values(labels));
  return Object.fromEntries(all.filter(([name]) => !ours.has(name)));
}

/** Ports of a task with an address of its own are not bound to anything, and not shown. */
function portsOf(
  version: MetadataVersion,
  task: PayloadTask,
  { spec, bridge }: ContainerView,
): Record<string, unknown>[] | undefined {
  if (task.networkMode === 'awsvpc' || spec.portMappings.length === 0) return undefined;
  if (bridge !== undefined) {
    return bridge.lease.bindings.flatMap(({ containerPort, hostPort, protocol }) =>
      containerPort === undefined
        ? []
        : [
            {
              ContainerPort: containerPort,
              Protocol: protocol,
              HostPort: hostPort,
              ...(version === 'v4' ? { HostIp: '0.0.0.0' } : {}),
            },
          ],
    );
  }
  return spec.portMappings.map(({ containerPort, hostPort, protocol }) => ({
    ContainerPort: containerPort,
    Protocol: protocol,
    ...(hostPort === 0 ? {} : { HostPort: hostPort }),
    ...(version === 'v4' ? { HostIp: '0.0.0.0' } : {}),
  }));
}

function networksOf(
  version: MetadataVersion,
  task: PayloadTask,
  details: ContainerDetails | undefined,
  view?: ContainerView,
): Record<string, unknown>[] | undefined {
  if (task.networkMode === 'bridge' && view?.bridge !== undefined) {
    return [{ NetworkMode: 'bridge', IPv4Addresses: [view.bridge.lease.address] }];
  }
  if (task.networkMode !== 'awsvpc') {
    const networks = Object.entries(details?.networks ?? {});
    if (networks.length === 0) return [{ NetworkMode: task.networkMode, IPv4Addresses: [''] }];
    return networks.map(([name, address]) => ({ NetworkMode: name, IPv4Addresses: [address] }));
  }
  if (task.elasticNetworkInterfaces.length === 0) return undefined;
  return task.elasticNetworkInterfaces.map((eni) => ({
    NetworkMode: 'awsvpc',
    IPv4Addresses: eni.ipv4Addresses.map(({ privateAddress }) => privateAddress),
    ...(version === 'v4' ? interfaceProperties(eni) : {}),
  }));
}

function interfaceProperties(eni: PayloadNetworkInterface): Record<string, unknown> {
  const block = parseCidr(eni.subnetGatewayIpv4Address);
  return {
    AttachmentIndex: eni.index,
    MACAddress: eni.macAddress,
    ...(block === undefined ? {} : { IPv4SubnetCIDRBlock: cidrText(block) }),
    DomainNameServers: eni.domainNameServers,
    DomainNameSearchList: eni.domainName,
    PrivateDNSName: eni.privateDnsName,
    SubnetGatewayIpv4Address: eni.subnetGatewayIpv4Address,
  };
}

/** Before the first verdict the agent shows no status. */
function healthOf(view: ContainerView, details: ContainerDetails | undefined): Record<string, unknown> | undefined {
  if (view.health === undefined) return undefined;
  const check = details?.lastCheck;
  return {
    ...(view.health === 'starting' ? {} : { status: view.health.toUpperCase() }),
    ...at('statusSince', view.healthSince),
    ...(check === undefined || check.exitCode === 0 ? {} : { exitCode: check.exitCode }),
    ...(check === undefined || check.output === '' ? {} : { output: check.output }),
  };
}

function volumesOf(details: ContainerDetails | undefined): Record<string, string>[] | undefined {
  if (details === undefined || details.mounts.length === 0) return undefined;
  return details.mounts.map(({ name, source, destination }) => ({
    ...(name === undefined ? {} : { DockerName: name }),
    ...(source === '' ? {} : { Source: source }),
    Destination: destination,
  }));
}
