import { given } from '../../base/given.ts';
import { shortName } from '../../model/ecs/arns.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { ContainerInstance, HostPort } from '../../model/ecs/container-instance.ts';
import { remainingOf } from '../../model/ecs/needs.ts';
import type { Task } from '../../model/ecs/task.ts';
import { isConnected, tasksOn } from '../../store/container-instances.ts';
import type { Reader } from '../../store/store.ts';
import { clusters, containerInstances, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { unplacedIn, type Unplaced } from './unplaced.ts';

/** The answer of `GET /_stowage/fleet`: every cluster at one moment, for people. Times are epoch milliseconds. */
export interface FleetView {
  /** Another one means that something changed; `?after=<revision>` waits for that. */
  readonly revision: string;
  readonly at: number;
  readonly clusters: readonly ClusterView[];
}

/** A cluster that is not deleted. */
export interface ClusterView {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly instances: readonly InstanceView[];
  /** Live tasks that stand on no container instance. */
  readonly fargate: readonly TaskView[];
  readonly unplaced: readonly Unplaced[];
}

/** So much of a resource is there, and so much of that is taken. */
export interface Gauge {
  readonly registered: number;
  readonly used: number;
}

/** A registered container instance. */
export interface InstanceView {
  readonly arn: string;
  readonly id: string;
  readonly ec2InstanceId?: string;
  readonly instanceType?: string;
  readonly zone?: string;
  readonly status: ContainerInstance['status'];
  readonly connected: boolean;
  /** Since when its agent is away. */
  readonly disconnectedAt?: number;
  /** CPU units. */
  readonly cpu: Gauge;
  /** MiB. */
  readonly memory: Gauge;
  /** Interfaces for tasks with a network of their own. */
  readonly interfaces: Gauge;
  readonly ports: {
    /** Never to be had: the agent reserved them when it registered. */
    readonly reserved: readonly HostPort[];
    /** Those that tasks hold. */
    readonly used: readonly HostPort[];
  };
  readonly tasks: readonly TaskView[];
}

/** A task that is not STOPPED. */
export interface TaskView {
  readonly arn: string;
  readonly id: string;
  /** The service's name; of a task that was run by hand, its group without `family:`. */
  readonly name: string;
  readonly service: boolean;
  /** `family:revision`. */
  readonly taskDefinition: string;
  readonly lastStatus: Task['lastStatus'];
  readonly desiredStatus: Task['desiredStatus'];
  readonly healthStatus: Task['healthStatus'];
  /** False while its machine's agent is away for longer than a moment. */
  readonly connected: boolean;
  readonly zone?: string;
  readonly createdAt: number;
  readonly startedAt?: number;
  /** Where it can be reached: its public address, else its private one. */
  readonly address?: string;
  /** The host ports that it holds on its instance. */
  readonly hostPorts: readonly number[];
}

/** Reads the clusters that are not deleted: all of them, or those with that name or ARN. */
export function fleetOf(store: Reader, now: number, cluster?: string): readonly ClusterView[] {
  return store
    .list(clusters)
    .filter((row) => row.status !== 'INACTIVE' && (cluster === undefined || [row.name, row.arn].includes(cluster)))
    .map((row) => clusterView(store, row, now));
}

function clusterView(store: Reader, { arn, name, account, region }: Cluster, now: number): ClusterView {
  const registered = store
    .by(containerInstances, 'cluster', arn)
    .filter(({ status }) => status !== 'INACTIVE')
    .map((instance) => instanceView(store, instance));
  const onFargate = store.by(tasks, 'cluster', arn).filter((task) => task.containerInstanceArn === undefined);
  return {
    arn,
    name,
    account,
    region,
    instances: registered.toSorted(
      (a, b) => compare(a.zone ?? '~', b.zone ?? '~') || compare(a.ec2InstanceId ?? a.id, b.ec2InstanceId ?? b.id),
    ),
    fargate: ordered(onFargate).map(taskView),
    unplaced: unplacedIn(store, arn, now),
  };
}

/** An instance as pictures of the cluster show it. */
export function instanceView(store: Reader, instance: ContainerInstance): InstanceView {
  const here = tasksOn(store, instance);
  const left = remainingOf(instance, here);
  const { resources, attributes } = instance;
  const connected = isConnected(store, instance);
  const machine = store.get(machines, instance.machineId);
  return {
    arn: instance.arn,
    id: instance.id,
    ...given('ec2InstanceId', instance.ec2InstanceId),
    ...given('instanceType', attributes.find(({ name }) => name === 'ecs.instance-type')?.value),
    ...given('zone', instance.availabilityZone),
    status: instance.status,
    connected,
    ...(connected ? {} : given('disconnectedAt', machine?.disconnectedAt)),
    cpu: { registered: resources.cpu, used: resources.cpu - left.cpu },
    memory: { registered: resources.memory, used: resources.memory - left.memory },
    interfaces: {
      registered: instance.taskInterfaces,
      used: here.filter(({ networkConfiguration }) => networkConfiguration !== undefined).length,
    },
    ports: {
      reserved: resources.ports,
      used: left.ports.filter(
        ({ port, protocol }) => !resources.ports.some((own) => own.port === port && own.protocol === protocol),
      ),
    },
    tasks: ordered(here).map(taskView),
  };
}

/** A task as pictures of the cluster show it. */
export function taskView(task: Task): TaskView {
  const address = task.networkInterface?.publicIp ?? task.networkInterface?.privateIp;
  return {
    arn: task.arn,
    id: task.id,
    name: task.group.replace(/^(family|service):/, ''),
    service: task.serviceArn !== undefined,
    taskDefinition: shortName(task.taskDefinitionArn),
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    healthStatus: task.healthStatus,
    connected: task.connectivity !== 'DISCONNECTED',
    ...given('zone', task.availabilityZone),
    createdAt: task.createdAt,
    ...given('startedAt', task.startedAt),
    ...given('address', address),
    hostPorts: task.containers.flatMap(({ networkBindings }) =>
      networkBindings.flatMap(({ hostPort }) => (hostPort === undefined ? [] : [hostPort])),
    ),
  };
}

/** Kin beside each other, the oldest first. */
function ordered(of: readonly Task[]): Task[] {
  return of.toSorted((a, b) => compare(a.group, b.group) || a.createdAt - b.createdAt || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
