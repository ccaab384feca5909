import type { ContainerStateChange, TaskStateChange } from '../../wire/submit.ts';
import type { PublishHealthRequest } from '../../wire/tcs.ts';
import { hasEnded, hasExecAgent, isEnding, isOver, type ContainerView, type TaskView } from './view.ts';

/** What was told of a task over the connection that stands. */
export interface Told {
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly containers: Readonly<Record<string, ContainerStateChange['status']>>;
  readonly health: Readonly<Record<string, string>>;
}

/** Nothing was told. */
export const nothingTold: Told = { status: 'PENDING', containers: {}, health: {} };

/**
 * What must be told of a task that was not yet, and what is told then. As the genuine agent does: a task is RUNNING once each of
 * its containers was started, STOPPED once none runs nor will; PENDING carries changes of containers alone; a container
 * is not spoken of before it runs.
 */
export function reportTask(
  task: TaskView,
  told: Told,
): { readonly change?: TaskStateChange; readonly health?: PublishHealthRequest; readonly told: Told } {
  const status = statusOf(task);
  const changes: ContainerStateChange[] = [];
  const containers: Record<string, ContainerStateChange['status']> = { ...told.containers };
  for (const container of task.containers) {
    const { name } = container.spec;
    const now = containerStatus(container, status, isEnding(task));
    if (now === 'PENDING' || now === told.containers[name]) continue;
    containers[name] = now;
    changes.push(changeOf(container, now, bindingsOf(task, container)));
  }
  const health = { ...told.health };
  const sick: PublishHealthRequest['tasks'][number]['containers'][number][] = [];
  for (const { spec, health: found, healthSince } of task.containers) {
    if (found === undefined || status === 'STOPPED') continue;
    const healthStatus = found === 'healthy' ? 'HEALTHY' : found === 'unhealthy' ? 'UNHEALTHY' : 'UNKNOWN';
    if (health[spec.name] === healthStatus) continue;
    health[spec.name] = healthStatus;
    sick.push({ containerName: spec.name, healthStatus, statusSince: healthSince ?? 0 });
  }
  const moved = status !== told.status && status !== 'PENDING';
  return {
    ...(moved || changes.length > 0 ? { change: taskChange(task, moved ? status : 'PENDING', changes) } : {}),
    ...(sick.length > 0 ? { health: { tasks: [{ taskArn: task.payload.arn, containers: sick }] } } : {}),
    told: { status: moved ? status : told.status, containers, health },
  };
}

function taskChange(
  task: TaskView,
  status: TaskStateChange['status'],
  containers: readonly ContainerStateChange[],
): TaskStateChange {
  const eni = task.payload.elasticNetworkInterfaces[0];
  // The agent of ECS Exec is this one: it is there for a container as long as that runs.
  const managedAgents = containers.flatMap(({ containerName, status: now }) => {
    const spec = task.payload.containers.find(({ name }) => name === containerName);
    const has = spec !== undefined && hasExecAgent(spec);
    return has ? [{ managedAgentName: 'ExecuteCommandAgent', containerName, status: now }] : [];
  });
  return {
    cluster: task.payload.taskClusterArn,
    task: task.payload.arn,
    status,
    reason: task.failure ?? '',
    containers,
    ...(managedAgents.length > 0 ? { managedAgents } : {}),
    ...(task.attached && eni !== undefined && status === 'RUNNING'
      ? { attachments: [{ attachmentArn: eni.attachmentArn, status: 'ATTACHED' }] }
      : {}),
    ...(task.pullStartedAt === undefined ? {} : { pullStartedAt: task.pullStartedAt }),
    ...(task.pullStoppedAt === undefined ? {} : { pullStoppedAt: task.pullStoppedAt }),
    ...(status === 'STOPPED' && task.executionStoppedAt !== undefined
      ? { executionStoppedAt: task.executionStoppedAt }
      : {}),
  };
}

/** What an agent knows of a task's state. */
export function statusOf(task: TaskView): 'PENDING' | 'RUNNING' | 'STOPPED' {
  if (task.stoppedAt !== undefined && isOver(task)) return 'STOPPED';
  if (task.failure !== undefined) return 'PENDING';
  // Those that are not essential and never run do not keep the others' task from running.
  const moved = task.containers.every(
    ({ phase, failed, spec }) => phase === 'running' || phase === 'exited' || (failed && !spec.essential),
  );
  return moved ? 'RUNNING' : 'PENDING';
}

/** What an agent knows of a container's state; of one about to be restarted it says nothing else than RUNNING. */
export function containerStatus(
  container: ContainerView,
  task: 'PENDING' | 'RUNNING' | 'STOPPED',
  ending = false,
): ContainerStateChange['status'] {
  if (task === 'STOPPED' || hasEnded(container) || (ending && container.phase === 'exited')) return 'STOPPED';
  return container.phase === 'running' || container.phase === 'exited' ? 'RUNNING' : 'PENDING';
}

type Bindings = NonNullable<ContainerStateChange['networkBindings']>;

/** The host ports of a container: those that it was leased, or in host mode those that it names. */
function bindingsOf(task: TaskView, { spec, bridge }: ContainerView): Bindings {
  if (task.payload.networkMode !== 'host') return bridge?.lease.bindings ?? [];
  return spec.portMappings.map(({ containerPort, protocol }) => ({
    bindIP: '0.0.0.0',
    containerPort,
    hostPort: containerPort,
    protocol,
  }));
}

function changeOf(
  container: ContainerView,
  status: ContainerStateChange['status'],
  networkBindings: Bindings,
): ContainerStateChange {
  return {
    containerName: container.spec.name,
    status,
    ...(container.id === undefined ? {} : { runtimeId: container.id }),
    ...(container.imageDigest === undefined ? {} : { imageDigest: container.imageDigest }),
    ...(networkBindings.length > 0 ? { networkBindings } : {}),
    ...(status === 'STOPPED' && container.exitCode !== undefined ? { exitCode: container.exitCode } : {}),
    ...(container.reason === undefined ? {} : { reason: container.reason }),
  };
}
