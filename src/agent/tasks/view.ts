import type { BridgeView } from './bridge.ts';
import type { Fetched } from '../fetch/fetched.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { withRouterDependencies } from '../firelens/firelens.ts';

/**
 * How far a container has come. It never goes back, with one exception: where a restart policy says so, an exited container
 * runs again. (Without one ECS makes a new task instead of starting a container again.)
 */
export type ContainerPhase = 'none' | 'created' | 'running' | 'exited';

/** A container of a task as the machine knows it. */
export interface ContainerView {
  readonly spec: PayloadContainer;
  readonly phase: ContainerPhase;
  /** The engine's id, from `created` on. */
  readonly id?: string;
  /** Whether the image is here. */
  readonly pulled: boolean;
  readonly imageDigest?: string;
  /** Whether its log stream takes events; true also where there is none. */
  readonly logsReady: boolean;
  /** Epoch milliseconds. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  /** Epoch milliseconds of the last change of `health`. */
  readonly healthSince?: number;
  /** Why it never ran, or why it ended: what DescribeTasks shows as the container's `reason`. */
  readonly reason?: string;
  /** Set with `reason` when it will never run. */
  readonly failed: boolean;
  /** Its network, in bridge mode. */
  readonly bridge?: BridgeView;
  /** How often its restart policy had it started again. */
  readonly restarts: number;
  /** A restart was tried and refused: its end is final. */
  readonly restartFailed?: true;
}

/** The container that holds the namespaces of a task (see `hasPause`). */
export interface PauseView {
  readonly phase: ContainerPhase;
  readonly id?: string;
  readonly pid: number;
  readonly startedAt?: number;
}

/** All that is known of a task: what the plan decides from. */
export interface TaskView {
  readonly payload: PayloadTask;
  readonly desired: 'RUNNING' | 'STOPPED';
  readonly pause: PauseView;
  /** The VPC of its interface, once that VPC stands on this machine. */
  readonly vpcId?: string;
  readonly attached: boolean;
  /** The engine's parent for its containers' control groups, once that was seen to; empty where there is none. */
  readonly group?: string;
  /** Where it is seen, where it has no interface of its own: its instance's interface, with its address and VPC. */
  readonly seenFrom?: { readonly vpcId: string; readonly address: string; readonly interfaceId: string };
  /** The payload is what a label kept of it: without credentials, until the control plane tells the task again. */
  readonly fromLabel?: boolean;
  /** What its containers are made with, once it was fetched. */
  readonly fetched?: Fetched;
  readonly containers: readonly ContainerView[];
  /** Why the task as a whole cannot go on. */
  readonly failure?: string;
  readonly pullStartedAt?: number;
  readonly pullStoppedAt?: number;
  /** When the task began to end: an essential container stopped. */
  readonly executionStoppedAt?: number;
  /** When all its containers had stopped. */
  readonly stoppedAt?: number;
  /** The containers' last lines are stored, and STOPPED was told over a connection that lasted: they may be removed. */
  readonly released: boolean;
  /** Its containers are removed. */
  readonly removed: boolean;
}

/** A task of which nothing has been done. */
export function newTaskView(told: PayloadTask): TaskView {
  const payload = withRouterDependencies(told);
  return {
    payload,
    desired: payload.desiredStatus,
    pause: { phase: 'none', pid: 0 },
    attached: false,
    containers: payload.containers.map((spec) => ({
      spec,
      phase: 'none',
      pulled: false,
      logsReady: false,
      failed: false,
      restarts: 0,
    })),
    released: false,
    removed: false,
  };
}

/** Whether commands may be executed in a container: it has the agent of ECS Exec, which in our tasks is this very agent. */
export function hasExecAgent(container: PayloadContainer): boolean {
  return container.managedAgents?.some(({ name }) => name === 'ExecuteCommandAgent') ?? false;
}

/** Whether the task has a network of its own. */
export function ownsNetwork(task: TaskView): boolean {
  return task.payload.networkMode === 'awsvpc';
}

/** Whether the task has a pause container: one that holds its network, or the processes or the memory its containers share. */
export function hasPause(task: TaskView): boolean {
  return ownsNetwork(task) || task.payload.pidMode === 'task' || task.payload.ipcMode === 'task';
}

/**
 * Whether a container that has exited is to be started again while its task goes on ("Restart individual containers in
 * Amazon ECS tasks with container restart policies", ECS Developer Guide): one that exited with a code which is not ignored,
 * after it had run for the period that the policy names. All of it is what the engine remembers of the container.
 */
export function willRestart(container: ContainerView): boolean {
  const { restartPolicy: policy } = container.spec;
  const { phase, exitCode, startedAt, finishedAt } = container;
  if (policy?.enabled !== true || phase !== 'exited' || container.restartFailed === true) return false;
  if (exitCode === undefined || startedAt === undefined || finishedAt === undefined) return false;
  return !policy.ignoredExitCodes.includes(exitCode) && finishedAt - startedAt >= policy.restartAttemptPeriod * 1000;
}

/** Whether a container has run for the last time, or never will run, for all that is known of it by itself. */
export function hasEnded(container: ContainerView): boolean {
  return container.failed || (container.phase === 'exited' && !willRestart(container));
}

/** Whether the task is to end, or has: it was told to, cannot go on, or an essential container is over. */
export function isEnding(task: TaskView): boolean {
  if (task.desired === 'STOPPED' || task.failure !== undefined) return true;
  if (task.containers.some((each) => each.spec.essential && hasEnded(each))) return true;
  // A task whose last container has ended is over, essential or not.
  if (task.containers.every(hasEnded)) return true;
  // What was made to join its pause container can join no other: without such a one, the task just gets another.
  const begun = task.containers.some((each) => each.phase !== 'none');
  return hasPause(task) && begun && (task.pause.phase === 'exited' || task.pause.phase === 'none');
}

/** Whether nothing of the task runs any more, nor will. */
export function isOver(task: TaskView): boolean {
  return isEnding(task) && task.containers.every((each) => each.phase !== 'running');
}
