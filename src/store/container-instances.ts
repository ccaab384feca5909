import { given } from '../base/given.ts';
import { isExternal, type ContainerInstance, type InstanceResources } from '../model/ecs/container-instance.ts';
import type { InstanceFacts } from '../model/ecs/instance-subjects.ts';
import type { Candidate } from '../model/ecs/placement.ts';
import { occupancyOf } from './occupancy.ts';
import { reached, type Task } from '../model/ecs/task.ts';
import type { TaskStop } from '../model/ecs/task-end.ts';
import type { Reader } from './store.ts';
import { instances } from './tables/ec2.ts';
import { containerInstances, services, tasks } from './tables/ecs.ts';
import { machines, members } from './tables/fleet.ts';

/** Whether the agent of an instance is connected. */
export function isConnected(reader: Reader, instance: ContainerInstance): boolean {
  return instance.status !== 'INACTIVE' && reader.get(machines, instance.machineId)?.connected === true;
}

/** The tasks placed on an instance that are not STOPPED. */
export function tasksOn(reader: Reader, instance: ContainerInstance): Task[] {
  return reader.by(tasks, 'instance', instance.arn);
}

/** Whether tasks of others than daemon services are on an instance. */
export function hasTasksOfItsOwn(reader: Reader, instance: ContainerInstance): boolean {
  return tasksOn(reader, instance).some(
    ({ serviceArn }) => serviceArn === undefined || reader.get(services, serviceArn)?.schedulingStrategy !== 'DAEMON',
  );
}

/** What is left of an instance. */
export function remainingResources(reader: Reader, instance: ContainerInstance): InstanceResources {
  return occupancyOf(reader, instance).remaining;
}

/** How many tasks run on an instance, or are on their way to it. */
export function countOn(reader: Reader, instance: ContainerInstance, state: 'running' | 'pending'): number {
  return tasksOn(reader, instance).filter((task) =>
    state === 'running' ? task.lastStatus === 'RUNNING' : !reached(task.lastStatus, 'RUNNING'),
  ).length;
}

/**
 * The instances of a cluster as places for tasks of a launch type and a kind: of one service, or of the group of tasks run by
 * hand.
 */
export function candidatesIn(
  reader: Reader,
  clusterArn: string,
  launchType: Task['launchType'],
  kind: { readonly serviceArn?: string; readonly group: string },
): Candidate[] {
  return reader
    .by(containerInstances, 'cluster', clusterArn)
    .filter((instance) => instance.status !== 'INACTIVE' && isExternal(instance) === (launchType === 'EXTERNAL'))
    .map((instance) => candidateOf(reader, instance, kind));
}

/** What the cluster query language can ask of an instance. */
export function factsOf(reader: Reader, instance: ContainerInstance): InstanceFacts {
  const { groups, runningTasks } = occupancyOf(reader, instance);
  return { instance, connected: isConnected(reader, instance), groups, runningTasks };
}

/** One instance as a place for tasks of a kind. */
export function candidateOf(
  reader: Reader,
  instance: ContainerInstance,
  kind: { readonly serviceArn?: string; readonly group: string },
): Candidate {
  const { kin, ...occupancy } = occupancyOf(reader, instance);
  const machine = reader.get(machines, instance.machineId);
  return {
    instance,
    connected: instance.status !== 'INACTIVE' && machine?.connected === true,
    ...(machine?.connected === false ? given('lostAt', machine.disconnectedAt) : {}),
    ...occupancy,
    kin: kin.get(kind.serviceArn ?? kind.group) ?? 0,
  };
}

/** Why a task cannot go on where it was placed: its instance is gone, or off, or its machine was removed. */
export function placeLost(reader: Reader, task: Task): TaskStop | undefined {
  const member = task.machineId === undefined ? undefined : reader.get(members, task.machineId);
  if (member?.removedAt !== undefined) {
    return { code: 'TerminationNotice', reason: `The machine ${member.id} was removed.` };
  }
  if (task.containerInstanceArn === undefined) return undefined;
  const instance = reader.get(containerInstances, task.containerInstanceArn);
  const code = 'TerminationNotice';
  if (instance?.ec2InstanceId !== undefined) {
    const state = reader.get(instances, instance.ec2InstanceId)?.state;
    const host = `Host EC2 (instance ${instance.ec2InstanceId})`;
    if (state === 'stopped') return { code, reason: `${host} stopped.` };
    if (state === 'terminated' || instance.deregistration === 'terminated') {
      return { code, reason: `${host} terminated.` };
    }
  }
  if (instance !== undefined && instance.status !== 'INACTIVE') return undefined;
  return { code, reason: 'Container instance was deregistered forcibly by user.' };
}
