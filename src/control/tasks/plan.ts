import { holdsInterface, reached, type Task } from '../../model/ecs/task.ts';
import { endOf, essentialExited, type TaskStop } from '../../model/ecs/task-end.ts';
import type { ObservedTask, SubnetChoice } from './observe.ts';

/** How long stopped tasks can still be described ("DescribeTasks", ECS API Reference). */
export const stoppedTaskLifeMs = 3_600_000;

/** How long a machine may be away before its tasks are called disconnected. */
const disconnectedAfterMs = 10_000;

/**
 * How long a machine may be away before what it ran counts as over. ECS itself never says so of an instance whose agent is silent
 * (it replaces tasks that fail their balancer's health checks, as here, and those of instances that were terminated); on AWS
 * it is EC2's status checks, one a minute, and a scaling group that gives an impaired instance some minutes to recover
 * ("Health checks for instances in an Auto Scaling group"), which end the instance: five minutes in all.
 */
export const lostAfterMs = 5 * 60_000;

/**
 * How long a machine may be away before what it was to start, and has said nothing of, is started elsewhere. It was placed there before
 * anybody knew; should the machine have started it after all, it is told to stop it when it is back.
 */
export const unstartedAfterMs = 30_000;

/** How long the address of a task that was given up is kept after its machine came back, should that say nothing of the task. */
const heldAfterReturnMs = 5 * 60_000;

/** The fields of a task that this loop writes; absent ones stay as they are. */
export type TaskChange = Partial<
  Pick<Task, 'lastStatus' | 'desiredStatus' | 'stop' | 'connectivity' | 'connectivityAt' | 'startedAt' | 'stoppingAt'>
>;

export type TaskStep =
  /** Give it an interface in the first of `subnetIds` that has an address free, and a place on a machine: PENDING. */
  | { readonly kind: 'place'; readonly machineId: string; readonly subnetIds: readonly string[] }
  | { readonly kind: 'write'; readonly change: TaskChange }
  /** Call it STOPPED, and release its interface unless its machine may still have it. */
  | { readonly kind: 'finish'; readonly keepsInterface?: true }
  /** Release the interface that it was left with: its machine has it no more. */
  | { readonly kind: 'release' }
  /** It will never run: on to DEPROVISIONING. */
  | { readonly kind: 'fail'; readonly stop: TaskStop }
  /** Its hour is over. */
  | { readonly kind: 'forget' };

/** The next step of a task, or when to look again; neither when only a commit can bring it further. */
export interface TaskPlan {
  readonly step?: TaskStep;
  /** Epoch milliseconds. */
  readonly lookAt?: number;
}

/**
 * The life of a task, one step at a time ("Amazon ECS task lifecycle", ECS Developer Guide). Each step moves the task
 * forward or changes no state at all.
 */
export function planTask(observed: ObservedTask, now: number): TaskPlan {
  const { task } = observed;
  if (task.lastStatus === 'STOPPED') {
    if (holdsInterface(task)) return planRelease(observed, now);
    // Until then nobody looks at it: there may be a hundred thousand.
    const until = (task.stoppedAt ?? task.createdAt) + stoppedTaskLifeMs;
    return now >= until ? { step: { kind: 'forget' } } : {};
  }
  const step = planStart(observed, now) ?? planEnd(observed, now) ?? planLife(observed, now);
  return step === undefined ? planConnectivity(observed, now) : { step };
}

/**
 * A machine that was cut off goes on with its tasks, and with their addresses: those are nobody else's before it says that they are over, or
 * had its time to say so after it came back, or was removed.
 */
function planRelease({ task, machine, lost }: ObservedTask, now: number): TaskPlan {
  if (machine === undefined || lost !== undefined || task.reported.status === 'STOPPED')
    return { step: { kind: 'release' } };
  // Its return is a commit.
  if (!machine.connected) return {};
  const until = machine.connectedAt + heldAfterReturnMs;
  return now >= until ? { step: { kind: 'release' } } : { lookAt: until };
}

/** Whether a machine that cannot be asked may still run a task. */
function mayStillRun({ task, machine, lost }: ObservedTask): boolean {
  return machine?.connected === false && lost === undefined && task.reported.status !== 'STOPPED';
}

/** A task that ran has been RUNNING, however soon it ended. */
function planStart({ task }: ObservedTask, now: number): TaskStep | undefined {
  if (task.lastStatus !== 'PENDING' || task.desiredStatus === 'STOPPED' || task.reported.ran !== true) return undefined;
  return task.loadBalancers.length > 0 ? write({ lastStatus: 'ACTIVATING' }) : running(now);
}

/** What the machine reported of a task's end, or that there is no such machine any more, comes before everything else. */
function planEnd(observed: ObservedTask, now: number): TaskStep | undefined {
  const { task } = observed;
  const lost = observed.lost ?? lostWith(observed, now);
  const reported = task.reported.status === 'STOPPED';
  const over = reported || lost !== undefined;
  if (task.desiredStatus === 'RUNNING' && (over || essentialExited(task))) {
    return write({ desiredStatus: 'STOPPED', stop: task.stop ?? (reported ? undefined : lost) ?? endOf(task) });
  }
  if (over && !reached(task.lastStatus, 'DEPROVISIONING')) {
    return write({ lastStatus: 'DEPROVISIONING', stoppingAt: task.stoppingAt ?? now });
  }
  return undefined;
}

/** What is over because its machine has been away for too long. */
function lostWith({ task, machine }: ObservedTask, now: number): TaskStop | undefined {
  if (machine === undefined || machine.connected || now < (machine.disconnectedAt ?? now) + lostAfter(task))
    return undefined;
  const where = task.containerInstanceArn === undefined ? 'machine' : 'container instance';
  if (isUnstarted(task)) {
    const reason = `The ${where} did not start the task: its agent has not been connected for ${unstartedAfterMs / 1000} seconds.`;
    return { code: 'TaskFailedToStart', reason };
  }
  const reason = `The ${where} that the task ran on was lost: its agent has not been connected for ${lostAfterMs / 60_000} minutes.`;
  return { code: 'TerminationNotice', reason };
}

function isUnstarted({ lastStatus, reported }: ObservedTask['task']): boolean {
  return lastStatus === 'PENDING' && reported.ran !== true;
}

function lostAfter(task: ObservedTask['task']): number {
  return isUnstarted(task) ? unstartedAfterMs : lostAfterMs;
}

function planLife(observed: ObservedTask, now: number): TaskStep | undefined {
  const { task, targets } = observed;
  const stopping = task.desiredStatus === 'STOPPED';
  switch (task.lastStatus) {
    case 'PROVISIONING':
      return stopping ? write({ lastStatus: 'DEPROVISIONING', stoppingAt: now }) : planPlace(observed);
    case 'PENDING':
      // `planStart` goes on once the machine reports it.
      return stopping ? stop(now) : undefined;
    case 'ACTIVATING':
    case 'RUNNING':
      if (stopping) {
        // What has died by itself has nothing left to drain.
        const drains = targets.some(({ state }) => state === 'registered' || state === 'draining');
        return drains && !essentialExited(task) ? write({ lastStatus: 'DEACTIVATING' }) : stop(now);
      }
      if (task.lastStatus === 'ACTIVATING' && targets.every(({ state }) => state === 'registered')) return running(now);
      return undefined;
    case 'DEACTIVATING': {
      const drained = targets.every(({ state }) => state === 'absent' || state === 'no-group');
      return drained || essentialExited(task) ? stop(now) : undefined;
    }
    case 'STOPPING':
      // The fleet sends the stop; `planEnd` goes on once the machine reports it.
      return undefined;
    case 'DEPROVISIONING':
      // The address may be given away only when no balancer sends new requests to it.
      if (targets.some(({ state }) => state === 'registered')) return undefined;
      return { kind: 'finish', ...(mayStillRun(observed) ? { keepsInterface: true } : {}) };
    case 'STOPPED':
      return undefined;
    default:
      return task.lastStatus satisfies never;
  }
}

function planPlace({ task, places, subnets }: ObservedTask): TaskStep | undefined {
  const configured = task.networkConfiguration?.subnets;
  if (configured !== undefined && subnets.length === 0) {
    const reason = `Unexpected EC2 error while attempting to Create Network Interface in subnet '${configured.join(', ')}': InvalidSubnetID.NotFound`;
    return { kind: 'fail', stop: { code: 'TaskFailedToStart', reason } };
  }
  const place = places.toSorted((a, b) => b.freeMemory - a.freeMemory || a.tasks - b.tasks)[0];
  if (place === undefined) return undefined;
  return { kind: 'place', machineId: place.machineId, subnetIds: spread(subnets) };
}

/** Subnets by how empty their zone is, then by how empty they are: ECS spreads tasks over the zones. */
function spread(subnets: readonly SubnetChoice[]): string[] {
  const zones = new Map<string, number>();
  for (const { availabilityZone, tasks } of subnets) {
    zones.set(availabilityZone, (zones.get(availabilityZone) ?? 0) + tasks);
  }
  const inZone = (choice: SubnetChoice): number => zones.get(choice.availabilityZone) ?? 0;
  return subnets.toSorted((a, b) => inZone(a) - inZone(b) || a.tasks - b.tasks).map(({ subnetId }) => subnetId);
}

function planConnectivity({ task, machine }: ObservedTask, now: number): TaskPlan {
  if (machine === undefined) return {};
  const connectivity = machine.connected ? 'CONNECTED' : 'DISCONNECTED';
  const since = machine.disconnectedAt ?? now;
  if (task.connectivity === connectivity) return machine.connected ? {} : { lookAt: since + lostAfter(task) };
  // A control plane that restarts finds its machines again within moments: not worth a word about every task.
  if (!machine.connected && now < since + disconnectedAfterMs) return { lookAt: since + disconnectedAfterMs };
  return { step: write({ connectivity, connectivityAt: now }) };
}

function write(change: TaskChange): TaskStep {
  return { kind: 'write', change };
}

function running(now: number): TaskStep {
  return write({ lastStatus: 'RUNNING', startedAt: now });
}

function stop(now: number): TaskStep {
  return write({ lastStatus: 'STOPPING', stoppingAt: now });
}
