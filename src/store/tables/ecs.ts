import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { CapacityProvider } from '../../model/ecs/capacity-provider.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { Refusal } from '../../model/ecs/placement.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { TaskSet } from '../../model/ecs/task-set.ts';
import type { ServiceDeployment, ServiceRevision } from '../../model/ecs/service-deployment.ts';
import { capacityProviderArn } from '../../model/ecs/arns.ts';
import { holdsInterface, isWaiting, type Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Clusters, by ARN. */
export const clusters = table<Cluster>()({
  name: 'ecs.clusters',
  key: (row) => row.arn,
  indexes: { scope: scopeOf },
});

/** Capacity providers of Auto Scaling groups, by ARN. */
export const capacityProviders = table<CapacityProvider>()({
  name: 'ecs.capacity-providers',
  key: (row) => row.arn,
  indexes: { scope: scopeOf, group: (row) => row.groupArn },
});

/** Task definition revisions, by ARN. */
export const taskDefinitions = table<TaskDefinition>()({
  name: 'ecs.task-definitions',
  key: (row) => row.arn,
  indexes: {
    scope: scopeOf,
    family: (row) => familyKey(row, row.family),
    deleting: (row) => (row.status === 'DELETE_IN_PROGRESS' ? 'yes' : undefined),
  },
});

/** The value of the `family` index. */
export function familyKey(scope: Scoped, family: string): string {
  return `${scopeOf(scope)}/${family}`;
}

/** The highest revision a family ever had: numbers are never used twice, even after deletion. */
export const families = table<Scoped & { readonly family: string; readonly lastRevision: number }>()({
  name: 'ecs.families',
  key: (row) => familyKey(row, row.family),
  indexes: { scope: scopeOf },
});

/** Container instances, by ARN; deregistered ones stay for a while, INACTIVE. */
export const containerInstances = table<ContainerInstance>()({
  name: 'ecs.container-instances',
  key: (row) => row.arn,
  indexes: {
    cluster: (row) => row.clusterArn,
    ec2Instance: (row) => row.ec2InstanceId,
    clientToken: (row) => row.clientToken,
    machine: (row) => row.machineId,
    /** `gone` once INACTIVE. */
    life: (row) => (row.status === 'INACTIVE' ? 'gone' : 'registered'),
  },
});

/** Tasks, by ARN; stopped ones stay for an hour, and rest. */
export const tasks = table<Task>()({
  name: 'ecs.tasks',
  key: (row) => row.arn,
  rests: (row) => row.lastStatus === 'STOPPED' && concernedService(row) === undefined,
  indexes: {
    /** The cluster of live tasks, as they are called until they are STOPPED. */
    cluster: (row) => (row.lastStatus === 'STOPPED' ? undefined : row.clusterArn),
    /** The machine of live tasks. */
    machine: (row) => (row.lastStatus === 'STOPPED' ? undefined : row.machineId),
    /** The container instance of live tasks. */
    instance: (row) => (row.lastStatus === 'STOPPED' ? undefined : row.containerInstanceArn),
    /** The machine of tasks that are over and still have their interface. */
    holding: (row) => (holdsInterface(row) ? row.machineId : undefined),
    /** `live` until STOPPED. */
    life: (row) => (row.lastStatus === 'STOPPED' ? undefined : 'live'),
    /** The cluster, service, family and group of stopped tasks. */
    stopped: (row) =>
      row.lastStatus === 'STOPPED' ? [row.clusterArn, row.serviceArn ?? row.group, row.family] : undefined,
    /** When stopped tasks had stopped: a moment at most ten seconds later, epoch milliseconds. */
    stoppedAround: (row) => (row.lastStatus === 'STOPPED' ? stoppedAround(row) : undefined),
    /** The service whose scheduler has still to do with the task: until it is STOPPED and its end was accounted for. */
    concern: concernedService,
    /** Where live tasks of a kind (a service's, a family's) stand. */
    subnet: (row) =>
      row.networkInterface === undefined || row.lastStatus === 'STOPPED'
        ? undefined
        : kindInSubnet(row, row.networkInterface.subnetId),
    /** Live tasks that are to run and are placed nowhere yet. */
    unplaced: (row) => (row.lastStatus === 'PROVISIONING' && row.desiredStatus === 'RUNNING' ? 'yes' : undefined),
    /** The capacity provider, by ARN, that live tasks wait for an instance of. */
    waiting: (row) => (isWaiting(row) ? capacityProviderArn(row, row.capacityProviderName ?? '') : undefined),
    /** As targets name it: its private address (the same in several VPCs), or its instance. */
    address: (row) => (row.lastStatus === 'STOPPED' ? undefined : (row.networkInterface?.privateIp ?? row.machineId)),
  },
});

function concernedService(row: Task): string | undefined {
  return row.lastStatus === 'STOPPED' && row.scheduling?.ended === true ? undefined : row.serviceArn;
}

/** How long stopped tasks are found together that stopped one after the other, milliseconds. */
const aroundMs = 10_000;

/** The value of the `stoppedAround` index: the first moment, epoch milliseconds, at which all tasks found under it had stopped. */
function stoppedAround({ stoppedAt, createdAt }: Task): string {
  return String((Math.floor((stoppedAt ?? createdAt) / aroundMs) + 1) * aroundMs);
}

/** The value of the `subnet` index: tasks of one service (or, run by hand, of one group) in one subnet. */
export function kindInSubnet(task: Pick<Task, 'serviceArn' | 'clusterArn' | 'group'>, subnetId: string): string {
  return `${task.serviceArn ?? `${task.clusterArn} ${task.group}`} ${subnetId}`;
}

/** Services, by ARN; deleted ones stay, INACTIVE. */
export const services = table<Service>()({
  name: 'ecs.services',
  key: (row) => row.arn,
  indexes: {
    cluster: (row) => row.clusterArn,
    scope: scopeOf,
    life: (row) => (row.status === 'INACTIVE' ? 'gone' : 'live'),
  },
});

/** Service deployments, by ARN; those that are over stay for 90 days, or until their service is gone. */
export const serviceDeployments = table<ServiceDeployment>()({
  name: 'ecs.service-deployments',
  key: (row) => row.arn,
  indexes: {
    service: (row) => row.serviceArn,
    /** The service of those that somebody asked to stop. */
    stopping: (row) =>
      row.status === 'STOP_REQUESTED' || row.status === 'ROLLBACK_REQUESTED' ? row.serviceArn : undefined,
  },
});

/** Service revisions, by ARN. */
export const serviceRevisions = table<ServiceRevision>()({
  name: 'ecs.service-revisions',
  key: (row) => row.arn,
  indexes: { service: (row) => row.serviceArn },
});

/** Task sets, by ARN, until their last task is gone. */
export const taskSets = table<TaskSet>()({
  name: 'ecs.task-sets',
  key: (row) => row.arn,
  indexes: { service: (row) => row.serviceArn },
});

/** The client tokens of RunTask, by cluster and token, with the request that each came with; kept for a day. */
export const runTaskTokens = table<{
  readonly clusterArn: string;
  readonly token: string;
  readonly request: string;
  readonly taskArns: readonly string[];
  readonly usedAt: number;
}>()({
  name: 'ecs.run-task-tokens',
  key: (row) => `${row.clusterArn} ${row.token}`,
  indexes: { cluster: (row) => row.clusterArn },
});

/** Account settings, by scope, principal (`default` for the account's own) and name. */
export const accountSettings = table<
  Scoped & { readonly principalArn: string; readonly name: string; readonly value: string }
>()({
  name: 'ecs.account-settings',
  key: (row) => `${scopeOf(row)}/${row.principalArn}/${row.name}`,
  indexes: { scope: scopeOf },
});

/** The last refusal of each task definition family that RunTask or StartTask found no place for, by cluster and family. */
export const refusals = table<Refusal>()({
  name: 'ecs.refusals',
  key: (row) => refusalKey(row.clusterArn, row.family),
  indexes: { cluster: (row) => row.clusterArn },
});

/** The key of a refusal. */
export function refusalKey(clusterArn: string, family: string): string {
  return `${clusterArn} ${family}`;
}
