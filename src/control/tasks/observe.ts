import { given } from '../../base/given.ts';
import { fargateHost, type Machine } from '../../model/fleet/machine.ts';
import { isWaiting, type Task } from '../../model/ecs/task.ts';
import type { TaskStop } from '../../model/ecs/task-end.ts';
import { isLeaving } from '../../store/membership.ts';
import { placeLost } from '../../store/container-instances.ts';
import { taskTargets, type TaskTarget } from '../../store/task-targets.ts';
import type { Reader } from '../../store/store.ts';
import { instances, subnets } from '../../store/tables/ec2.ts';
import { kindInSubnet, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';

/** A subnet that a task may be put in. */
export interface SubnetChoice {
  readonly subnetId: string;
  readonly availabilityZone: string;
  /** How many live tasks of the same service (or group) stand in it. */
  readonly tasks: number;
}

/** What the judgement of one task stands on. */
export interface ObservedTask {
  readonly task: Task;
  /** The machine it is placed on. */
  readonly machine?: Machine;
  /** Connected machines, asked for only while the task is placed nowhere, with their free memory in MiB and their number of tasks. */
  readonly places: readonly { readonly machineId: string; readonly freeMemory: number; readonly tasks: number }[];
  /** The subnets of its configuration that exist, in the order given; asked for as `places` is. */
  readonly subnets: readonly SubnetChoice[];
  /** Set when the instance that it was placed on is gone or off: it has ended with it. */
  readonly lost?: TaskStop;
  /** Its targets, one for each entry of its load balancers. */
  readonly targets: readonly TaskTarget[];
}

/** Reads what `planTask` needs; `undefined` when the task is gone. */
export function observeTask(store: Reader, taskArn: string): ObservedTask | undefined {
  const task = store.get(tasks, taskArn);
  if (task === undefined) return undefined;
  const machine = task.machineId === undefined ? undefined : store.get(machines, task.machineId);
  const unplaced = task.lastStatus === 'PROVISIONING' && task.desiredStatus === 'RUNNING';
  return {
    task,
    ...(machine === undefined ? {} : { machine }),
    ...given('lost', placeLost(store, task)),
    places: unplaced ? observePlaces(store, task) : [],
    subnets: unplaced ? observeSubnets(store, task) : [],
    targets: taskTargets(store, task),
  };
}

function observePlaces(store: Reader, task: Task): ObservedTask['places'] {
  // The loop of capacity providers finds it an instance.
  if (isWaiting(task)) return [];
  // One that is placed on an instance has no other place; an instance is no place for tasks of Fargate.
  const able = store
    .by(machines, 'connected', 'yes')
    .filter((machine) => (task.machineId === undefined ? runsFargate(store, machine) : machine.id === task.machineId));
  return able.map((machine) => ({
    machineId: machine.id,
    // Where there is no choice nobody needs to know.
    freeMemory: able.length === 1 ? 0 : freeMemoryOf(store, machine),
    tasks: store.countBy(tasks, 'machine', machine.id),
  }));
}

function runsFargate(store: Reader, { id, isInstance, attributes }: Machine): boolean {
  return !isInstance && !isLeaving(store, id) && attributes.some(({ name }) => name === fargateHost);
}

/** What is left of a machine by what was set aside on it for tasks, in MiB: those of Fargate, and those of instances that stand on it. */
function freeMemoryOf(store: Reader, { id, resources }: Machine): number {
  const places = [id, ...store.by(instances, 'host', id).map((instance) => instance.id)];
  return places
    .flatMap((place) => store.by(tasks, 'machine', place))
    .reduce((left, { reservation, memory }) => left - (reservation?.memory ?? Number(memory ?? 0)), resources.memory);
}

function observeSubnets(store: Reader, task: Task): SubnetChoice[] {
  return (task.networkConfiguration?.subnets ?? []).flatMap((subnetId) => {
    const subnet = store.get(subnets, subnetId);
    if (subnet === undefined) return [];
    // An interface can only be attached to an instance of its own zone.
    if (task.containerInstanceArn !== undefined && subnet.availabilityZone !== task.availabilityZone) return [];
    const count = store.countBy(tasks, 'subnet', kindInSubnet(task, subnetId));
    return [{ subnetId, availabilityZone: subnet.availabilityZone, tasks: count }];
  });
}
