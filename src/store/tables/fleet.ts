import type { Applied, Machine } from '../../model/fleet/machine.ts';
import type { JoinToken, MachineKey, Member } from '../../model/fleet/member.ts';
import type { TaskCredentials } from '../../model/fleet/task-credentials.ts';
import { table } from '../table.ts';

/** Machines, by id. */
export const machines = table<Machine>()({
  name: 'fleet.machines',
  key: (row) => row.id,
  indexes: { connected: (row) => (row.connected ? 'yes' : 'no'), hostAddress: (row) => row.hostAddress },
});

/** What machines said of the VPCs and load balancers they were told of; gone once the machine was told to forget them. */
export const applied = table<Applied>()({
  name: 'fleet.applied',
  key: (row) => appliedKey(row.kind, row.id, row.machineId),
  indexes: { machine: (row) => row.machineId, subject: (row) => row.id },
});

/** The key of what a machine said of a VPC or instance (id) or a load balancer (ARN). */
export function appliedKey(kind: Applied['kind'], id: string, machineId: string): string {
  return `${kind} ${id} ${machineId}`;
}

/** The sessions that tasks act in, by task and kind of role; gone when their machine has no more to do with the task. */
export const taskCredentials = table<TaskCredentials>()({
  name: 'fleet.task-credentials',
  key: (row) => taskCredentialsKey(row.taskArn, row.kind),
  indexes: { task: (row) => row.taskArn },
});

/** The key of a task's session in one of its roles. */
export function taskCredentialsKey(taskArn: string, kind: TaskCredentials['kind']): string {
  return `${taskArn} ${kind}`;
}

/** Tokens by which machines may join, by their hash. */
export const joinTokens = table<JoinToken>()({ name: 'fleet.join-tokens', key: (row) => row.hash, indexes: {} });

/** The machines that joined, by id. */
export const members = table<Member>()({
  name: 'fleet.members',
  key: (row) => row.id,
  indexes: { instance: (row) => row.instanceId },
});

/** The keys of machines that joined. */
export const machineKeys = table<MachineKey>()({
  name: 'fleet.machine-keys',
  key: (row) => row.accessKeyId,
  indexes: { machine: (row) => row.machineId },
});
