import type { Attachment, Container, ManagedAgent, Task as TaskOutput } from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type {
  ManagedAgent as TaskManagedAgent,
  Task,
  TaskContainer,
  TaskNetworkInterface,
} from '../../model/ecs/task.ts';

/** A task as RunTask, StopTask and DescribeTasks show it. */
export function taskOutput(row: Task, options: { tags: boolean }): TaskOutput {
  const fargate = row.launchType === 'FARGATE';
  return {
    taskArn: row.arn,
    clusterArn: row.clusterArn,
    taskDefinitionArn: row.taskDefinitionArn,
    group: row.group,
    ...given('startedBy', row.startedBy),
    // Without a capacity provider a task shows its launch type; with one, AWS still shows FARGATE for Fargate's own.
    launchType: row.launchType,
    ...given('capacityProviderName', row.capacityProviderName),
    ...given('containerInstanceArn', row.containerInstanceArn),
    ...given('platformVersion', row.platformVersion),
    ...given('platformFamily', row.platformFamily),
    ...given('availabilityZone', row.availabilityZone),
    ...given('cpu', row.cpu),
    ...given('memory', row.memory),
    ...(row.ephemeralStorageGiB === undefined
      ? {}
      : {
          ephemeralStorage: { sizeInGiB: row.ephemeralStorageGiB },
          fargateEphemeralStorage: { sizeInGiB: row.ephemeralStorageGiB },
        }),
    overrides: {
      ...row.overrides,
      // AWS names every container here, overridden or not.
      containerOverrides: row.containers.map(
        ({ name }) => row.overrides.containerOverrides?.find((override) => override.name === name) ?? { name },
      ),
      inferenceAcceleratorOverrides: [],
    },
    attributes: fargate
      ? [{ name: 'ecs.cpu-architecture', value: (row.cpuArchitecture ?? 'X86_64').toLowerCase() }]
      : [],
    inferenceAccelerators: [],
    attachments: row.networkInterface === undefined ? wantedAttachments(row) : [attachment(row.networkInterface)],
    containers: row.containers.map((container) => containerOutput(container, row)),
    enableExecuteCommand: row.enableExecuteCommand,
    desiredStatus: row.desiredStatus,
    lastStatus: row.lastStatus,
    healthStatus: row.healthStatus,
    ...given('connectivity', row.connectivity),
    ...when('connectivityAt', row.connectivityAt),
    createdAt: dateOf(row.createdAt),
    ...when('pullStartedAt', row.reported.pullStartedAt),
    ...when('pullStoppedAt', row.reported.pullStoppedAt),
    ...when('startedAt', row.startedAt),
    ...when('stoppingAt', row.stoppingAt),
    ...when('executionStoppedAt', row.reported.executionStoppedAt),
    ...when('stoppedAt', row.stoppedAt),
    ...given('stopCode', row.stop?.code),
    ...given('stoppedReason', row.stop?.reason),
    version: row.version,
    tags: options.tags ? [...row.tags] : [],
  };
}

function when<Name extends string>(name: Name, atMs: number | undefined): { [K in Name]?: Date } {
  return given(name, atMs === undefined ? undefined : dateOf(atMs));
}

/** The attachment of a task that has no interface yet; its subnet is known where only one can be. */
function wantedAttachments({ attachmentId, networkConfiguration, lastStatus }: Task): Attachment[] {
  if (attachmentId === undefined) return [];
  const [subnetId, ...others] = networkConfiguration?.subnets ?? [];
  return [
    {
      id: attachmentId,
      type: 'ElasticNetworkInterface',
      status: lastStatus === 'STOPPED' ? 'DELETED' : 'PRECREATED',
      details: subnetId === undefined || others.length > 0 ? [] : [{ name: 'subnetId', value: subnetId }],
    },
  ];
}

function attachment(eni: TaskNetworkInterface): Attachment {
  return {
    id: eni.attachmentId,
    type: 'ElasticNetworkInterface',
    status: eni.status,
    details: [
      { name: 'subnetId', value: eni.subnetId },
      { name: 'networkInterfaceId', value: eni.networkInterfaceId },
      { name: 'macAddress', value: eni.macAddress },
      { name: 'privateDnsName', value: eni.privateDnsName },
      { name: 'privateIPv4Address', value: eni.privateIp },
    ],
  };
}

function containerOutput(container: TaskContainer, task: Task): Container {
  const eni = task.networkInterface;
  return {
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: container.pinnedDigest === undefined ? container.image : `${container.image}@${container.pinnedDigest}`,
    ...given('imageDigest', container.imageDigest),
    ...given('runtimeId', container.runtimeId),
    lastStatus: container.lastStatus,
    ...given('exitCode', container.exitCode),
    ...given('reason', container.reason),
    networkBindings: [...container.networkBindings],
    networkInterfaces: eni === undefined ? [] : [{ attachmentId: eni.attachmentId, privateIpv4Address: eni.privateIp }],
    ...given('managedAgents', container.managedAgents?.map(managedAgentOutput)),
    healthStatus: container.healthStatus ?? 'UNKNOWN',
    ...given('cpu', container.cpu),
    ...given('memory', container.memory),
    ...given('memoryReservation', container.memoryReservation),
  };
}

function managedAgentOutput({ lastStartedAt, ...agent }: TaskManagedAgent): ManagedAgent {
  return { ...agent, ...when('lastStartedAt', lastStartedAt) };
}
