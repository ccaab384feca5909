import { shortName } from '../../model/ecs/arns.ts';
import type { Task, TaskContainer } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Machine } from '../../model/fleet/machine.ts';
import type { TaskTarget } from '../../store/task-targets.ts';

/** What can be known of what a task waits for. */
export interface Waiting {
  readonly task: Task;
  readonly definition: TaskDefinition | undefined;
  /** The machine that it is placed on. */
  readonly machine: Machine | undefined;
  readonly targets: readonly TaskTarget[];
  /** Whether any machine that runs tasks of Fargate is connected. */
  readonly fargate: boolean;
  /** Why its machine could not make the task's network. */
  readonly networkError?: string;
}

/** What has to happen before a task comes further, in sentences; none when it is where it is wanted. */
export function waitsOf(seen: Waiting): readonly string[] {
  const { task, machine } = seen;
  if (task.lastStatus === 'STOPPED') return [];
  const away =
    machine !== undefined && !machine.connected
      ? ['the agent of its machine to connect again: nothing is known of it until then']
      : [];
  return [...away, ...inState(seen)];
}

function inState(seen: Waiting): readonly string[] {
  const { task, targets } = seen;
  switch (task.lastStatus) {
    case 'PROVISIONING':
      return provisioning(seen);
    case 'PENDING':
      return pending(seen);
    case 'ACTIVATING':
      return targets
        .filter(({ state }) => state !== 'registered')
        .map((target) => `its registration in (target-group ${groupOf(target)}) as ${target.id} port ${target.port}`);
    case 'RUNNING':
      return task.desiredStatus === 'STOPPED' ? ['its scheduler to stop it'] : running(seen);
    case 'DEACTIVATING':
      return targets
        .filter(({ state }) => state === 'registered' || state === 'draining')
        .map(
          (target) =>
            `open connections to ${target.id} port ${target.port} in (target-group ${groupOf(target)}) to drain`,
        );
    case 'STOPPING':
      return stopping(seen);
    case 'DEPROVISIONING':
      return targets.some(({ state }) => state === 'registered')
        ? ['its targets to be taken out, so that nobody else gets their requests with its address']
        : ['its network interface to be given back'];
    case 'STOPPED':
      return [];
    default:
      return task.lastStatus satisfies never;
  }
}

function provisioning({ task, machine, fargate, networkError }: Waiting): readonly string[] {
  if (machine === undefined && !fargate) return ['a machine: none that runs tasks of Fargate is connected'];
  if (networkError !== undefined) return [`its network, which its machine could not make: ${networkError}`];
  if (task.networkConfiguration !== undefined) return ['its network interface'];
  return ['a place'];
}

function pending({ task, definition, networkError }: Waiting): readonly string[] {
  if (networkError !== undefined) return [`its network, which its machine could not make: ${networkError}`];
  const dependent = task.containers.flatMap((container) => unmet(task, container, definition));
  const { pullStartedAt, pullStoppedAt } = task.reported;
  const blocked = new Set(dependent.map(({ name }) => name));
  const next = task.containers.filter(({ name, lastStatus }) => lastStatus === 'PENDING' && !blocked.has(name));
  const named = next.map(({ name, image }) => `${name} (${image})`).join(', ');
  const pulling = pullStartedAt !== undefined && pullStoppedAt === undefined;
  const start = pulling ? `its images to be pulled: ${named}` : `its agent to pull and start ${named}`;
  return [...(next.length > 0 ? [start] : []), ...dependent.map(({ text }) => text)];
}

/** The dependencies of a container that has not started, as far as they are not met ("ContainerDependency", ECS API Reference). */
function unmet(task: Task, { name, lastStatus }: TaskContainer, definition: TaskDefinition | undefined) {
  if (lastStatus !== 'PENDING') return [];
  const { dependsOn = [] } = definition?.document.containerDefinitions?.find((one) => one.name === name) ?? {};
  return dependsOn.flatMap(({ containerName, condition }) => {
    const other = task.containers.find((one) => one.name === containerName);
    if (other === undefined || condition === undefined) return [];
    const met = {
      START: other.lastStatus !== 'PENDING',
      COMPLETE: other.lastStatus === 'STOPPED',
      SUCCESS: other.lastStatus === 'STOPPED' && other.exitCode === 0,
      HEALTHY: other.healthStatus === 'HEALTHY',
    }[condition];
    if (met) return [];
    const state =
      condition === 'HEALTHY' && other.lastStatus === 'RUNNING' ? (other.healthStatus ?? 'UNKNOWN') : other.lastStatus;
    return [{ name, text: `${containerName} to be ${wanted[condition]} before ${name} starts (it is ${state})` }];
  });
}

const wanted = { START: 'started', COMPLETE: 'ended', SUCCESS: 'ended with status 0', HEALTHY: 'healthy' } as const;

function running({ task, targets, definition }: Waiting): readonly string[] {
  const checked = new Set(
    (definition?.document.containerDefinitions ?? []).flatMap(({ name, healthCheck }) =>
      name !== undefined && healthCheck !== undefined && healthCheck.command?.[0] !== 'NONE' ? [name] : [],
    ),
  );
  return [
    ...task.containers
      .filter(
        ({ name, lastStatus, healthStatus }) =>
          lastStatus === 'RUNNING' && checked.has(name) && healthStatus !== 'HEALTHY',
      )
      .map(({ name, healthStatus }) => `the health check of ${name} to pass (it is ${healthStatus ?? 'UNKNOWN'})`),
    ...targets
      .filter(
        ({ state, health }) =>
          state === 'registered' && health !== undefined && !['healthy', 'unavailable'].includes(health.state),
      )
      .map(
        (target) =>
          `${target.id} port ${target.port} to be healthy in (target-group ${groupOf(target)}): it is ${healthText(target)}`,
      ),
  ];
}

/** A target's health with its reason, as DescribeTargetHealth tells it. */
export function healthText({ health, state }: TaskTarget): string {
  if (health === undefined) return state;
  const why = health.description ?? health.reason;
  return why === undefined ? health.state : `${health.state}, ${why}`;
}

function stopping({ task, definition }: Waiting): readonly string[] {
  const left = task.containers.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  return left.map(({ name }) => {
    const stopTimeout =
      definition?.document.containerDefinitions?.find((one) => one.name === name)?.stopTimeout ?? defaultStopSeconds;
    return `${name} to end: it got SIGTERM, and gets SIGKILL after ${stopTimeout} s`;
  });
}

/** "stopTimeout", ContainerDefinition, ECS API Reference. */
const defaultStopSeconds = 30;

/** The name of a target group, which is the second part of its ARN's resource. */
function groupOf({ targetGroupArn }: TaskTarget): string {
  return shortName(targetGroupArn.slice(0, targetGroupArn.lastIndexOf('/')));
}
