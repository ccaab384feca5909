import type { ContainerDefinition, ContainerOverride, TaskOverride } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import type { Scoped, Tag } from '../tags.ts';
import { containerArn, shortName, taskArn } from './arns.ts';
import type { ContainerInstance, InstanceResources } from './container-instance.ts';
import type { PlacementDecision } from './placement.ts';
import type { AwsvpcConfiguration, ServiceLoadBalancer, Task, TaskContainer } from './task.ts';
import type { TaskDefinition } from './task-definition.ts';

/** What is asked for when a task is made, by RunTask or by a service's scheduler. */
export interface TaskOrder {
  readonly scope: Scoped;
  readonly clusterArn: string;
  readonly definition: TaskDefinition;
  readonly launchType: Task['launchType'];
  readonly capacityProviderName?: string;
  readonly platformVersion?: string;
  readonly group: string;
  readonly startedBy?: string;
  readonly overrides: TaskOverride;
  readonly enableExecuteCommand: boolean;
  readonly tags: readonly Tag[];
  readonly serviceArn?: string;
  readonly deploymentId?: string;
  /** The digests that the images of its containers were resolved to. */
  readonly imageDigests?: Readonly<Record<string, string>>;
  readonly networkConfiguration?: AwsvpcConfiguration;
  readonly loadBalancers: readonly ServiceLoadBalancer[];
  /** How it is to be placed once there is an instance for it: it waits for its capacity provider. */
  readonly placementRequest?: NonNullable<Task['placementRequest']>;
  /** The container instance that it is placed on, and what it takes there; absent on Fargate, and while it waits. */
  readonly place?: {
    readonly instance: ContainerInstance;
    readonly takes: InstanceResources;
    /** How it was found; absent where the caller named the instance. */
    readonly decision?: PlacementDecision;
  };
}

/** The GiB of scratch space that every Fargate task has ("Fargate task ephemeral storage", ECS Developer Guide). */
const fargateEphemeralStorageGiB = 20;

/**
 * A new task as it stands before anything has been done for it: wanted RUNNING, and PROVISIONING, unless it is placed on an
 * instance already and needs no interface: then it is PENDING ("Amazon ECS task lifecycle").
 */
export function newTask(order: TaskOrder, ids: Ids, now: number): Task {
  const { scope, definition, overrides } = order;
  const id = ids.hex(32);
  const cluster = shortName(order.clusterArn);
  const definitions = definition.document.containerDefinitions ?? [];
  const fargate = order.launchType === 'FARGATE';
  const lastStatus = order.place === undefined ? 'PROVISIONING' : firstStatus(order);
  const cpu = overrides.cpu ?? definition.document.cpu ?? total(definitions, (c) => c.cpu);
  const memory =
    overrides.memory ?? definition.document.memory ?? total(definitions, (c) => c.memory ?? c.memoryReservation);
  return {
    account: scope.account,
    region: scope.region,
    arn: taskArn(scope, cluster, id),
    id,
    clusterArn: order.clusterArn,
    taskDefinitionArn: definition.arn,
    family: definition.family,
    group: order.group,
    ...given('startedBy', order.startedBy),
    launchType: order.launchType,
    ...given('capacityProviderName', order.capacityProviderName),
    ...given('platformVersion', order.platformVersion),
    ...(fargate ? { platformFamily: 'Linux', ephemeralStorageGiB: storageOf(definition, overrides) } : {}),
    ...given('cpuArchitecture', definition.document.runtimePlatform?.cpuArchitecture),
    ...given('cpu', cpu),
    ...given('memory', memory),
    overrides,
    enableExecuteCommand: order.enableExecuteCommand,
    tags: order.tags,
    ...given('serviceArn', order.serviceArn),
    ...given('deploymentId', order.deploymentId),
    ...(order.networkConfiguration === undefined
      ? {}
      : { networkConfiguration: order.networkConfiguration, attachmentId: ids.uuid() }),
    loadBalancers: order.loadBalancers,
    desiredStatus: 'RUNNING',
    lastStatus,
    statusAt: { [lastStatus]: now },
    ...given('placementRequest', order.placementRequest),
    ...placement(order.place, now),
    healthStatus: 'UNKNOWN',
    createdAt: now,
    version: 1,
    reported: {},
    containers: definitions.map((container) => ({
      ...newContainer(
        container,
        overrides.containerOverrides?.find((o) => o.name === container.name),
        containerArn(scope, cluster, id, ids.uuid()),
        order.enableExecuteCommand,
      ),
      ...given('pinnedDigest', order.imageDigests?.[container.name ?? '']),
    })),
  };
}

/** The state of a task that has just been placed on an instance: one that needs an interface is given it first. */
function firstStatus({ networkConfiguration }: Pick<Task, 'networkConfiguration'>): 'PROVISIONING' | 'PENDING' {
  return networkConfiguration === undefined ? 'PENDING' : 'PROVISIONING';
}

/** A task that waited for an instance, placed on one. */
export function placedTask(task: Task, place: NonNullable<TaskOrder['place']>, now: number): Task {
  const { placementRequest: _met, ...rest } = task;
  const lastStatus = firstStatus(task);
  return {
    ...rest,
    lastStatus,
    statusAt: { ...task.statusAt, [lastStatus]: task.statusAt?.[lastStatus] ?? now },
    ...placement(place, now),
    version: task.version + 1,
  };
}

function placement(place: TaskOrder['place'], now: number): Partial<Task> {
  if (place === undefined) return {};
  const { instance, takes, decision } = place;
  return {
    machineId: instance.machineId,
    containerInstanceArn: instance.arn,
    ...given('availabilityZone', instance.availabilityZone),
    ...given('placement', decision),
    reservation: { cpu: takes.cpu, memory: takes.memory, ports: takes.ports },
    connectivity: 'CONNECTED',
    connectivityAt: now,
  };
}

function storageOf({ document }: TaskDefinition, overrides: TaskOverride): number {
  const asked = overrides.ephemeralStorage ?? document.ephemeralStorage;
  return asked?.sizeInGiB ?? fargateEphemeralStorageGiB;
}

function newContainer(
  definition: ContainerDefinition,
  override: ContainerOverride | undefined,
  arn: string,
  exec: boolean,
): TaskContainer {
  return {
    arn,
    name: definition.name ?? '',
    image: definition.image ?? '',
    essential: definition.essential ?? true,
    cpu: String(override?.cpu ?? definition.cpu ?? 0),
    ...given('memory', text(override?.memory ?? definition.memory)),
    ...given('memoryReservation', text(override?.memoryReservation ?? definition.memoryReservation)),
    lastStatus: 'PENDING',
    healthStatus: 'UNKNOWN',
    networkBindings: [],
    ...(exec ? { managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'PENDING' }] } : {}),
  };
}

/** Where the tags of a new task come from ("Tagging your Amazon ECS resources", ECS Developer Guide). */
export interface TagSources {
  /** Given to RunTask itself; they win over propagated ones. */
  readonly own: readonly Tag[];
  readonly propagateTags: 'TASK_DEFINITION' | 'SERVICE' | 'NONE';
  readonly enableECSManagedTags: boolean;
  readonly definition: readonly Tag[];
  readonly clusterName: string;
  /** The service that makes the task. */
  readonly service?: { readonly name: string; readonly tags: readonly Tag[] };
}

/** The tags of a new task: propagated, then its own, then those that ECS manages. */
export function newTaskTags(from: TagSources): Tag[] {
  const propagated =
    from.propagateTags === 'TASK_DEFINITION'
      ? from.definition
      : from.propagateTags === 'SERVICE'
        ? (from.service?.tags ?? [])
        : [];
  const managed: Tag[] = from.enableECSManagedTags
    ? [
        { key: 'aws:ecs:clusterName', value: from.clusterName },
        ...(from.service === undefined ? [] : [{ key: 'aws:ecs:serviceName', value: from.service.name }]),
      ]
    : [];
  const byKey = new Map([...propagated, ...from.own, ...managed].map((tag) => [tag.key, tag]));
  return [...byKey.values()];
}

function total(
  containers: readonly ContainerDefinition[],
  of: (container: ContainerDefinition) => number | undefined,
): string | undefined {
  const sum = containers.reduce((all, container) => all + (of(container) ?? 0), 0);
  return sum > 0 ? String(sum) : undefined;
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
