import { given } from '../../base/given.ts';
import { sameMembers } from '../../base/same-members.ts';
import type { ManagedAgent, NetworkBinding, Task, TaskContainer, TaskNetworkInterface } from './task.ts';

/** What an agent reports of a container of a task, with the names of the ECS API's model. */
export interface ContainerReport {
  readonly containerName: string;
  readonly runtimeId?: string;
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode?: number;
  readonly reason?: string;
  readonly imageDigest?: string;
  readonly networkBindings?: readonly NetworkBinding[];
}

/** A change of an agent that runs beside a container's programs: that of ECS Exec is the only one. */
export interface ManagedAgentReport {
  readonly managedAgentName: string;
  readonly containerName: string;
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly reason?: string;
}

/**
 * What an agent reports of a task: it knows only these three states. PENDING carries container changes of a task that has
 * not changed itself. Times are epoch milliseconds.
 */
export interface TaskReport {
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  /** Usually empty. */
  readonly reason: string;
  readonly containers: readonly ContainerReport[];
  readonly managedAgents?: readonly ManagedAgentReport[];
  /** What became of its network interface, by the ARN of the attachment. */
  readonly attachments?: readonly { readonly attachmentArn: string; readonly status: 'ATTACHED' | 'DETACHED' }[];
  readonly pullStartedAt?: number;
  readonly pullStoppedAt?: number;
  readonly executionStoppedAt?: number;
}

const steps = ['PENDING', 'RUNNING', 'STOPPED'] as const;

/** The later of two states as an agent knows them: reports may come twice, late and out of order. */
function later<State extends (typeof steps)[number]>(a: State | undefined, b: State): State {
  return a !== undefined && steps.indexOf(a) >= steps.indexOf(b) ? a : b;
}

/**
 * A task after its machine reported something of it; the very same task when that tells nothing new. STOPPED is final:
 * what comes after it is an echo.
 */
export function withReport(task: Task, report: TaskReport, now: number): Task {
  const { reported } = task;
  if (reported.status === 'STOPPED') return task;
  let { containers } = task;
  for (const change of report.containers) containers = withContainer(containers, change);
  for (const change of report.managedAgents ?? []) containers = withManagedAgent(containers, change, now);
  const next: Task['reported'] = {
    ...reported,
    status: later(reported.status, report.status),
    ...(report.status === 'RUNNING' ? { ran: true as const } : {}),
    // Agents begin it with a small letter, ECS shows it with a capital one.
    ...given(
      'reason',
      report.reason === '' ? undefined : report.reason.replace(/^[a-z]/, (first) => first.toUpperCase()),
    ),
    ...given('pullStartedAt', reported.pullStartedAt ?? report.pullStartedAt),
    ...given('pullStoppedAt', reported.pullStoppedAt ?? report.pullStoppedAt),
    ...given('executionStoppedAt', reported.executionStoppedAt ?? report.executionStoppedAt),
  };
  // A stopped task has no container that is not.
  if (next.status === 'STOPPED') {
    containers = containers.map(stopped);
  }
  const networkInterface = withAttachment(task.networkInterface, report);
  const same =
    containers === task.containers && networkInterface === task.networkInterface && sameMembers(next, reported);
  if (same) return task;
  return {
    ...task,
    reported: next,
    containers,
    ...given('networkInterface', networkInterface),
    version: task.version + 1,
  };
}

/** A task that runs has its interface, even where its agent never saw it come. */
function withAttachment(eni: TaskNetworkInterface | undefined, report: TaskReport): TaskNetworkInterface | undefined {
  if (eni === undefined) return undefined;
  const told = report.attachments?.find(({ attachmentArn }) => attachmentArn.endsWith(`/${eni.attachmentId}`))?.status;
  const status = told ?? (report.status === 'RUNNING' && eni.status === 'ATTACHING' ? 'ATTACHED' : eni.status);
  return status === eni.status ? eni : { ...eni, status };
}

function withContainer(containers: readonly TaskContainer[], change: ContainerReport): readonly TaskContainer[] {
  const index = containers.findIndex(({ name }) => name === change.containerName);
  const old = containers[index];
  if (old === undefined) return containers;
  const next: TaskContainer = {
    ...old,
    lastStatus: later(old.lastStatus, change.status),
    ...given('runtimeId', change.runtimeId ?? old.runtimeId),
    ...given('imageDigest', change.imageDigest ?? old.imageDigest),
    ...given('exitCode', old.exitCode ?? change.exitCode),
    ...given('reason', old.reason ?? change.reason),
    networkBindings: change.networkBindings ?? old.networkBindings,
  };
  return sameMembers(next, old) ? containers : containers.with(index, next);
}

function withManagedAgent(
  containers: readonly TaskContainer[],
  change: ManagedAgentReport,
  now: number,
): readonly TaskContainer[] {
  const index = containers.findIndex(({ name }) => name === change.containerName);
  const old = containers[index];
  const agent = old?.managedAgents?.find(({ name }) => name === change.managedAgentName);
  if (old?.managedAgents === undefined || agent === undefined) return containers;
  const lastStatus = later(agent.lastStatus, change.status);
  const next: ManagedAgent = {
    ...agent,
    lastStatus,
    ...given('reason', change.reason ?? agent.reason),
    ...given('lastStartedAt', agent.lastStartedAt ?? (lastStatus === 'RUNNING' ? now : undefined)),
  };
  if (sameMembers(next, agent)) return containers;
  const managedAgents = old.managedAgents.map((one) => (one === agent ? next : one));
  return containers.with(index, { ...old, managedAgents });
}

/** A container of a task that has stopped. */
function stopped(container: TaskContainer): TaskContainer {
  const agents = container.managedAgents?.map((agent): ManagedAgent => ({ ...agent, lastStatus: 'STOPPED' }));
  return container.lastStatus === 'STOPPED'
    ? container
    : { ...container, lastStatus: 'STOPPED', ...given('managedAgents', agents) };
}
