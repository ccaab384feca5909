import type { ContainerInstance, InstanceResources } from '../model/ecs/container-instance.ts';
import { remainingOf } from '../model/ecs/needs.ts';
import type { Reader } from './store.ts';
import { tasks } from './tables/ecs.ts';

/** What the live tasks of an instance come to. */
export interface Occupancy {
  readonly remaining: InstanceResources;
  /** Its tasks with an interface of their own. */
  readonly interfacesInUse: number;
  /** The groups of its tasks, one for each task. */
  readonly groups: readonly string[];
  readonly runningTasks: number;
  /** How many are of a service, by its ARN, and of a group. */
  readonly kin: ReadonlyMap<string, number>;
}

const counted = new WeakMap<ContainerInstance, { readonly stamp: number; readonly occupancy: Occupancy }>();

/**
 * What is taken of an instance. It is counted once for each change of its tasks: placing a task asks every instance of the cluster, of which
 * hardly any has changed since the last one.
 */
export function occupancyOf(reader: Reader, instance: ContainerInstance): Occupancy {
  const stamp = reader.stampOf(tasks, 'instance', instance.arn);
  const before = counted.get(instance);
  if (before?.stamp === stamp) return before.occupancy;
  const occupancy = count(reader, instance);
  counted.set(instance, { stamp, occupancy });
  return occupancy;
}

function count(reader: Reader, instance: ContainerInstance): Occupancy {
  const here = reader.by(tasks, 'instance', instance.arn);
  const kin = new Map<string, number>();
  for (const { group, serviceArn } of here) {
    for (const kind of serviceArn === undefined ? [group] : [group, serviceArn])
      kin.set(kind, (kin.get(kind) ?? 0) + 1);
  }
  return {
    remaining: remainingOf(instance, here),
    interfacesInUse: here.filter(({ networkConfiguration }) => networkConfiguration !== undefined).length,
    groups: here.map(({ group }) => group),
    runningTasks: here.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
    kin,
  };
}
