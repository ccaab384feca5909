import { given } from '../../base/given.ts';
import type { AutoScalingGroup, GroupInstance } from '../../model/autoscaling/group.ts';
import { instanceTypes, registeredMemory } from '../../model/ec2/instance-types.ts';
import { drainingHook } from '../../model/ecs/capacity-provider.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { needsOf, type TaskNeeds } from '../../model/ecs/needs.ts';
import type { Task } from '../../model/ecs/task.ts';
import { scopeOf } from '../../model/tags.ts';
import { hasTasksOfItsOwn, isConnected } from '../../store/container-instances.ts';
import type { Reader } from '../../store/store.ts';
import { zonesOf } from '../../store/subnet-zones.ts';
import {
  autoScalingGroups,
  groupInstances,
  hookKey,
  launchConfigurations,
  lifecycleHooks,
} from '../../store/tables/autoscaling.ts';
import { launchTemplates, launchTemplateVersions } from '../../store/tables/ec2.ts';
import { capacityProviders, clusters, containerInstances, taskDefinitions, tasks } from '../../store/tables/ecs.ts';
import type { ObservedCapacity, ObservedCapacityInstance } from './plan.ts';

/** Tasks that wait for the same, and can be placed together. */
export interface WaitingKind {
  readonly tasks: readonly Task[];
  readonly needs: TaskNeeds;
}

/** Reads what `planCapacity` needs; `undefined` when the provider or its group is gone. */
export function observeCapacity(store: Reader, arn: string): ObservedCapacity | undefined {
  const provider = store.get(capacityProviders, arn);
  const group = provider && store.get(autoScalingGroups, provider.groupArn);
  if (provider === undefined || group === undefined) return undefined;
  const instances = store
    .by(groupInstances, 'group', group.arn)
    .map((row) => observeInstance(store, row, provider.name));
  const size = sizeOf(store, group, instances);
  return {
    provider,
    group,
    instances,
    waiting: waitingFor(store, arn).map(({ tasks: its, needs }) => ({
      count: its.length,
      perInstance: size === undefined ? 0 : heldBy(size, needs),
    })),
    hooked: store.get(lifecycleHooks, hookKey(group.arn, drainingHook)) !== undefined,
  };
}

function observeInstance(store: Reader, row: GroupInstance, provider: string): ObservedCapacityInstance {
  const registration = registrationOf(store, row.instanceId, provider);
  return {
    row,
    ...given('registration', registration),
    ready: registration !== undefined && isConnected(store, registration),
    busy: registration !== undefined && hasTasksOfItsOwn(store, registration),
  };
}

/** The registration of an instance in a cluster that has the provider. */
function registrationOf(store: Reader, instanceId: string, provider: string): ContainerInstance | undefined {
  return store
    .by(containerInstances, 'ec2Instance', instanceId)
    .find(
      ({ status, clusterArn }) =>
        status !== 'INACTIVE' && store.get(clusters, clusterArn)?.capacityProviders.includes(provider),
    );
}

/** The tasks that wait for instances of a provider, oldest first, alike ones together. */
export function waitingFor(store: Reader, providerArn: string): WaitingKind[] {
  const kinds = Map.groupBy(store.by(tasks, 'waiting', providerArn), (task) =>
    JSON.stringify([
      task.clusterArn,
      task.serviceArn ?? task.group,
      task.taskDefinitionArn,
      task.overrides,
      task.placementRequest,
      task.networkConfiguration,
    ]),
  );
  return [...kinds.values()].flatMap((its) => {
    const [first] = its;
    const definition = first && store.get(taskDefinitions, first.taskDefinitionArn);
    if (first === undefined || definition === undefined) return [];
    const zones = zonesOf(store, first.networkConfiguration);
    const needs = needsOf(definition, first.overrides, zones, { ...first.placementRequest, group: first.group });
    return [{ tasks: its, needs }];
  });
}

/** What an empty instance of a group has for tasks. */
interface Size {
  readonly cpu: number;
  readonly memory: number;
  readonly interfaces: number;
}

/** As one of its instances registered, or as the type says that it would launch now. */
function sizeOf(
  store: Reader,
  group: AutoScalingGroup,
  instances: readonly ObservedCapacityInstance[],
): Size | undefined {
  for (const { registration } of instances) {
    const row = registration && store.get(containerInstances, registration.arn);
    if (row !== undefined) return { ...row.resources, interfaces: row.taskInterfaces };
  }
  const type = instanceTypes.get(typeOf(store, group) ?? '');
  if (type === undefined) return undefined;
  return {
    cpu: type.vcpus * 1024,
    memory: registeredMemory(type.memoryMiB),
    interfaces: Math.max(0, type.interfaces - 1),
  };
}

function typeOf(store: Reader, { launch, ...scope }: AutoScalingGroup): string | undefined {
  if (launch.kind === 'configuration') {
    return store.get(launchConfigurations, `${scopeOf(scope)}/${launch.name}`)?.instanceType;
  }
  const template = store.get(launchTemplates, launch.id);
  const version =
    launch.version === '$Latest'
      ? template?.latestVersion
      : launch.version === '$Default'
        ? template?.defaultVersion
        : launch.version;
  return store.get(launchTemplateVersions, `${launch.id} ${version ?? ''}`)?.data.InstanceType;
}

/** How many tasks of these needs an empty instance holds. */
function heldBy({ cpu, memory, interfaces }: Size, needs: TaskNeeds): number {
  const most = [
    needs.cpu > 0 ? Math.floor(cpu / needs.cpu) : Infinity,
    needs.memory > 0 ? Math.floor(memory / needs.memory) : Infinity,
    needs.ports.length > 0 || needs.rules?.distinct === true ? 1 : Infinity,
    needs.ownInterface ? interfaces : Infinity,
    needs.gpu ? 0 : Infinity,
    // However little they ask for.
    Number.MAX_SAFE_INTEGER,
  ];
  return Math.min(...most);
}
