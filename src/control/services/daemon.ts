import {
  isPlaceFor,
  obstacle,
  placeTasks,
  type Candidate,
  type Placement,
  type PlacementFailure,
} from '../../model/ecs/placement.ts';
import type { TaskNeeds } from '../../model/ecs/needs.ts';
import { minimumHealthy, type JudgedTask } from './scale.ts';

/** What the tasks of a daemon service are decided by. */
export interface DaemonInput {
  readonly needs: TaskNeeds;
  /** The instances of the cluster; `kin` of each are the service's tasks that are not over on it. */
  readonly candidates: readonly Candidate[];
  /** Instances being drained on which tasks of services that are no daemons still run. */
  readonly busy: ReadonlySet<string>;
  readonly minimumHealthyPercent: number;
  /** Tasks that are to run, of the PRIMARY deployment and of older ones. */
  readonly primary: readonly JudgedTask[];
  readonly old: readonly JudgedTask[];
  /** At most so many may be started now. */
  readonly mayStart: number;
  /** Whether the PRIMARY deployment has failed for good: older tasks stay. */
  readonly failed: boolean;
}

export interface DaemonDecision {
  /** Where to start a task each. */
  readonly start: readonly Placement[];
  readonly stop: readonly JudgedTask[];
  /** Instances that ought to have a task and cannot take it. */
  readonly failures: readonly PlacementFailure[];
}

/** The instances that ought to have a task: ACTIVE ones that are what the task asks for, whether or not they have room now. */
export function daemonPlaces(needs: TaskNeeds, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter((candidate) => isPlaceFor(needs, candidate));
}

/**
 * "Daemon scheduling strategy" (ECS Developer Guide): one task on each instance that ought to have one, and none elsewhere. A
 * replacement starts once its predecessor is gone, so that there is never more than one on an instance; healthy tasks of older
 * deployments are stopped down to the minimum only. A drained instance keeps its task until all others are gone from it.
 */
export function planDaemon(input: DaemonInput): DaemonDecision {
  const { needs, candidates, busy, primary, old, failed } = input;
  const places = daemonPlaces(needs, candidates);
  const wanted = new Set(places.map(({ instance }) => instance.arn));
  const least = minimumHealthy(places.length, input.minimumHealthyPercent);
  const stop = new Set<JudgedTask>();
  const kept = new Set<string>();

  for (const judged of [...primary].sort(byMerit)) {
    const place = judged.task.containerInstanceArn ?? '';
    // Of one on an instance that is no place for it, nothing is asked but that others are gone.
    const goes = wanted.has(place) ? judged.verdict.kind === 'unhealthy' || kept.has(place) : !busy.has(place);
    if (goes && mayGo(judged)) stop.add(judged);
    else kept.add(place);
  }
  const healthy = [...primary, ...old].filter((one) => isHealthy(one) && !stop.has(one));
  let spare = healthy.filter(({ task }) => wanted.has(task.containerInstanceArn ?? '')).length - least;
  for (const judged of [...old].sort((a, b) => byMerit(b, a))) {
    const place = judged.task.containerInstanceArn ?? '';
    if (!mayGo(judged)) continue;
    if (!wanted.has(place)) {
      if (!busy.has(place)) stop.add(judged);
      continue;
    }
    if (isHealthy(judged)) {
      if (failed || spare <= 0) continue;
      spare -= 1;
    }
    stop.add(judged);
  }

  const free = places.filter(({ kin }) => kin === 0);
  const able = free.flatMap((candidate) => placeTasks(needs, [candidate], 1).placed);
  return { start: able.slice(0, input.mayStart), stop: [...stop], failures: daemonFailures(needs, free) };
}

/** The instances of `places` that cannot take a task that they ought to have. */
export function daemonFailures(needs: TaskNeeds, places: readonly Candidate[]): PlacementFailure[] {
  return places.flatMap((candidate) => {
    const reason = candidate.kin > 0 ? undefined : obstacle(candidate, needs);
    // An agent that is away, or has only just registered, is waited for.
    return reason === undefined || reason === 'AGENT' ? [] : [{ instance: candidate.instance, reason }];
  });
}

function isHealthy({ verdict }: JudgedTask): boolean {
  return verdict.kind === 'healthy';
}

/** One that is not healthy may go whatever protects it. */
function mayGo({ verdict, isProtected }: JudgedTask): boolean {
  return isProtected !== true || verdict.kind === 'unhealthy';
}

const order = { healthy: 0, pending: 1, unhealthy: 2 } as const;

/** The ones to keep first: healthy before pending before unhealthy, then the oldest. */
function byMerit(a: JudgedTask, b: JudgedTask): number {
  return order[a.verdict.kind] - order[b.verdict.kind] || a.task.createdAt - b.task.createdAt;
}
