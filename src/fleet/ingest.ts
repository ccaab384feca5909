import { given } from '../base/given.ts';
import type { ManagedAgent, Task, TaskContainer } from '../model/ecs/task.ts';
import type { TaskDefinition } from '../model/ecs/task-definition.ts';
import type { Target } from '../model/elbv2/load-balancing.ts';
import type { AgentMessage } from '../wire/messages.ts';
import type { ContainerStateChange, ManagedAgentStateChange, TaskStateChange } from '../wire/submit.ts';
import type { PublishHealthRequest } from '../wire/tcs.ts';

const steps = ['PENDING', 'RUNNING', 'STOPPED'] as const;

/** The later of two states as an agent knows them: reports may come twice, late and out of order. */
function later<State extends (typeof steps)[number]>(a: State | undefined, b: State): State {
  return a !== undefined && steps.indexOf(a) >= steps.indexOf(b) ? a : b;
}

/**
 * A task after its machine reported something of it; the very same task when that tells nothing new. STOPPED is final:
 * what comes after it is an echo.
 */
export function withReport(task: Task, report: TaskStateChange, now: number): Task {
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
  const same = containers === task.containers && equal(next, reported);
  return same ? task : { ...task, reported: next, containers, version: task.version + 1 };
}

function withContainer(containers: readonly TaskContainer[], change: ContainerStateChange): readonly TaskContainer[] {
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
  return equal(next, old) ? containers : containers.with(index, next);
}

function withManagedAgent(
  containers: readonly TaskContainer[],
  change: ManagedAgentStateChange,
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
  if (equal(next, agent)) return containers;
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

/** A task after a health report of its containers; the very same one when nothing changed. */
export function withHealth(
  task: Task,
  definition: TaskDefinition | undefined,
  report: PublishHealthRequest['tasks'][number],
): Task {
  const containers = task.containers.map((container) => {
    const said = report.containers.find(({ containerName }) => containerName === container.name);
    return said === undefined || said.healthStatus === container.healthStatus
      ? container
      : { ...container, healthStatus: said.healthStatus };
  });
  const healthStatus = taskHealth(containers, definition);
  const same = healthStatus === task.healthStatus && containers.every((one, index) => one === task.containers[index]);
  return same ? task : { ...task, containers, healthStatus, version: task.version + 1 };
}

/** "Determine Amazon ECS task health using container health checks": essential containers with a check decide. */
function taskHealth(
  containers: readonly TaskContainer[],
  definition: TaskDefinition | undefined,
): Task['healthStatus'] {
  const checked = new Set(
    (definition?.document.containerDefinitions ?? [])
      .filter(({ essential, healthCheck }) => essential !== false && healthCheck !== undefined)
      .map(({ name }) => name),
  );
  const states = containers.filter(({ name }) => checked.has(name)).map(({ healthStatus }) => healthStatus);
  if (states.includes('UNHEALTHY')) return 'UNHEALTHY';
  return states.length > 0 && states.every((state) => state === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}

/** A target after its checker spoke; the very same one when nothing changed. One that drains is judged no more. */
export function withTargetHealth(
  target: Target,
  said: Extract<AgentMessage, { type: 'StowageTargetHealth' }>['message'],
): Target {
  if (target.drainingSince !== undefined) return target;
  const health = { state: said.state, ...given('reason', said.reason), ...given('description', said.description) };
  return equal(health, target.health) ? target : { ...target, health };
}

/** Whether two flat values have the same members; arrays inside are compared as JSON. */
function equal(a: object, b: object): boolean {
  const [left, right] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return (
    left.length === right.size &&
    left.every(([name, value]) => {
      const other = right.get(name);
      return value === other || (Array.isArray(value) && JSON.stringify(value) === JSON.stringify(other));
    })
  );
}
