import type { JudgedTask } from './scale.ts';

/** What a service's balance over zones is decided by. */
export interface RebalanceInput {
  /** Where its tasks may be: zones of its subnets, or of instances that can have one. */
  readonly zones: readonly string[];
  readonly desired: number;
  /** The most tasks that it may have. */
  readonly most: number;
  /** Those that are to run, of the one deployment that there is. */
  readonly tasks: readonly JudgedTask[];
  /** At most so many may be started now. */
  readonly mayStart: number;
}

/** The next step towards an even spread. */
export type Rebalance =
  | { readonly kind: 'balanced' }
  /** Tasks that were started are not healthy yet. */
  | { readonly kind: 'wait' }
  /** Start so many tasks in each of these zones. */
  | { readonly kind: 'start'; readonly zones: readonly (readonly [zone: string, count: number])[] }
  /** Stop these, which others stand in for; `held` more ought to go and are protected. */
  | { readonly kind: 'stop'; readonly tasks: readonly JudgedTask[]; readonly held: number }
  /** Nothing can be moved: `held` tasks that ought to go are protected, or there is no room for more. */
  | { readonly kind: 'blocked'; readonly held: number }
  /** There is something else to do first: tasks are missing or unhealthy. */
  | { readonly kind: 'interrupted' };

/**
 * "Balancing an Amazon ECS service across Availability Zones" (ECS Developer Guide): the desired tasks are shared out evenly, any
 * remainder one by one; a task is started in a zone that has too few before one is stopped where there are too many, and only
 * once it is healthy. So nothing is ever below what is desired, nor above the maximum.
 */
export function rebalance({ zones, desired, most, tasks, mayStart }: RebalanceInput): Rebalance {
  if (tasks.length < desired || tasks.some(({ verdict }) => verdict.kind === 'unhealthy'))
    return { kind: 'interrupted' };
  if (tasks.some(({ verdict }) => verdict.kind === 'pending')) return { kind: 'wait' };
  const excess = zonesOff(zones, tasks, desired);
  const crowded = [...excess].filter(([, off]) => off > 0).sort(([, a], [, b]) => b - a);
  const goers = crowded.flatMap(([zone, off]) =>
    tasks
      .filter((one) => zoneOf(one) === zone && one.isProtected !== true)
      .sort((a, b) => b.task.createdAt - a.task.createdAt)
      .slice(0, off),
  );
  const surplus = tasks.length - desired;
  if (surplus > 0) {
    // More than anybody asked for, in zones that have none too many: not of this making.
    if (crowded.length === 0) return { kind: 'interrupted' };
    const stop = goers.slice(0, surplus);
    return { kind: 'stop', tasks: stop, held: surplus - stop.length };
  }
  const missing = [...excess].filter(([, off]) => off < 0).sort(([, a], [, b]) => a - b);
  if (missing.length === 0) return { kind: 'balanced' };
  const toMove = missing.reduce((sum, [, off]) => sum - off, 0);
  let left = Math.min(goers.length, most - tasks.length, mayStart);
  if (left <= 0) return { kind: 'blocked', held: goers.length === 0 ? toMove : 0 };
  const starts = missing.map(([zone, off]) => {
    const count = Math.min(-off, left);
    left -= count;
    return [zone, count] as const;
  });
  return { kind: 'start', zones: starts.filter(([, count]) => count > 0) };
}

/** How many tasks each zone has above (or, negative, below) its share. The zones that have most keep a remainder. */
function zonesOff(zones: readonly string[], tasks: readonly JudgedTask[], desired: number): Map<string, number> {
  const counts = countsOf(zones, tasks);
  const share = Math.floor(desired / counts.length);
  const remainder = desired % counts.length;
  return new Map(counts.map(([zone, count], index) => [zone, count - share - (index < remainder ? 1 : 0)]));
}

/** The tasks in each zone, those with most first. */
export function countsOf(zones: readonly string[], tasks: readonly JudgedTask[]): [zone: string, count: number][] {
  const counts = new Map(zones.map((zone) => [zone, 0]));
  for (const one of tasks) counts.set(zoneOf(one), (counts.get(zoneOf(one)) ?? 0) + 1);
  return [...counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
}

/** The zone that a task stands in; empty while that is not known. */
export function zoneOf({ task }: Pick<JudgedTask, 'task'>): string {
  return task.availabilityZone ?? '';
}
