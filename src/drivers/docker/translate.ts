import { timeOf } from '../../base/clock.ts';
import type { ContainerDetails, ContainerEvent, ContainerSpec, ContainerState, ContainerStats } from './driver.ts';

/** The members of `GET /containers/{id}/json` that are read here. */
export interface EngineContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly Config: { readonly Labels?: Record<string, string> | null; readonly Tty?: boolean };
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly ExitCode: number; readonly Output: string }[] | null;
    } | null;
  };
  readonly GraphDriver?: { readonly Name: string; readonly Data?: { readonly UpperDir?: string } | null } | null;
  readonly Mounts?:
    | readonly { readonly Name?: string; readonly Source?: string; readonly Destination: string }[]
    | null;
  readonly NetworkSettings?: { readonly Networks?: Record<string, { readonly IPAddress?: string }> | null };
}

/** A message of `GET /events`. */
export interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> };
  readonly timeNano: number;
}

/** The body of `POST /containers/create`. */
export function createBody(spec: ContainerSpec): Record<string, unknown> {
  return {
    ...spec.config,
    Image: spec.image,
    Labels: { ...(spec.config['Labels'] as Record<string, string> | undefined), ...spec.labels },
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    ...(spec.entryPoint === undefined ? {} : { Entrypoint: spec.entryPoint }),
    ...(spec.command === undefined ? {} : { Cmd: spec.command }),
    HostConfig: spec.hostConfig,
  };
}

export function stateOf(container: EngineContainer): ContainerState {
  const { State: state } = container;
  const startedAt = atOf(state.StartedAt);
  const finishedAt = atOf(state.FinishedAt);
  const health = healthOf(state.Health?.Status);
  const ended = state.Status === 'exited' || state.Status === 'dead';
  return {
    id: container.Id,
    name: container.Name.replace(/^\//, ''),
    labels: container.Config.Labels ?? {},
    status: state.Status as ContainerState['status'],
    pid: state.Pid,
    ...(ended ? { exitCode: state.ExitCode } : {}),
    oomKilled: state.OOMKilled,
    error: state.Error,
    ...(health === undefined ? {} : { health }),
    createdAt: atOf(container.Created) ?? 0,
    ...(startedAt === undefined ? {} : { startedAt }),
    // A container that was restarted keeps the end of its former life: that is not news about this one.
    // The engine notes a start a moment after the process began, so that a very short life seems to end before.
    ...(ended && finishedAt !== undefined ? { finishedAt: Math.max(finishedAt, startedAt ?? 0) } : {}),
    imageId: container.Image,
  };
}

export function detailsOf(container: EngineContainer): ContainerDetails {
  const layer = container.GraphDriver?.Data?.UpperDir;
  const check = container.State.Health?.Log?.at(-1);
  const networks = Object.entries(container.NetworkSettings?.Networks ?? {});
  return {
    createdAt: atOf(container.Created) ?? 0,
    imageId: container.Image,
    mounts: (container.Mounts ?? []).map(({ Name: name, Source: source = '', Destination: destination }) => ({
      ...(name === undefined || name === '' ? {} : { name }),
      source,
      destination,
    })),
    ...(layer === undefined ? {} : { layer }),
    networks: Object.fromEntries(
      networks.flatMap(([name, { IPAddress: address = '' }]) => (address === '' ? [] : [[name, address]])),
    ),
    ...(check === undefined ? {} : { lastCheck: { exitCode: check.ExitCode, output: check.Output } }),
  };
}

/** Answers `undefined` for events that are not about a container's life (exec, attach, top …). */
export function eventOf(event: EngineEvent): ContainerEvent | undefined {
  if (event.Type !== 'container') return undefined;
  const { exitCode, ...labels } = event.Actor.Attributes;
  const base = { containerId: event.Actor.ID, labels, at: Math.floor(event.timeNano / 1e6) };
  const [action, detail] = event.Action.split(': ');
  switch (action) {
    case 'create':
    case 'start':
    case 'oom':
    case 'destroy':
      return { action, ...base };
    case 'die':
      return { action, ...base, ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }) };
    case 'health_status': {
      const health = healthOf(detail);
      return health === undefined ? undefined : { action: 'health', ...base, health };
    }
    default:
      return undefined;
  }
}

/** The engine's statistics document, with the two CPU counters from which a share is computed. */
export function statsOf(raw: Record<string, unknown>, now: number): ContainerStats {
  const cpu = raw['cpu_stats'] as
    | { cpu_usage?: { total_usage?: number }; system_cpu_usage?: number; online_cpus?: number }
    | undefined;
  const memory = raw['memory_stats'] as { usage?: number; limit?: number; stats?: Record<string, number> } | undefined;
  // What `docker stats` shows: the page cache that can be dropped at once is not counted (v1 and v2 name it differently).
  const cache = memory?.stats?.['total_inactive_file'] ?? memory?.stats?.['inactive_file'] ?? 0;
  return {
    at: atOf(raw['read']) ?? now,
    cpuTotalNanos: cpu?.cpu_usage?.total_usage ?? 0,
    systemCpuNanos: cpu?.system_cpu_usage ?? 0,
    onlineCpus: cpu?.online_cpus ?? 0,
    memoryUsageBytes: Math.max(0, (memory?.usage ?? 0) - cache),
    memoryLimitBytes: memory?.limit ?? 0,
    raw,
  };
}

function healthOf(status: string | undefined): ContainerState['health'] {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : undefined;
}

/** Epoch milliseconds; Go's zero time, which stands for "never", is `undefined`. */
function atOf(text: unknown): number | undefined {
  return typeof text !== 'string' || text.startsWith('0001-01-01') ? undefined : timeOf(text);
}
