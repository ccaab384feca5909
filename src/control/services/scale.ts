import type { Task } from '../../model/ecs/task.ts';
import type { Verdict } from './health.ts';
import { victims, type ScaleInRules } from './scale-in.ts';

/** A task that is to run, and what is thought of it. */
export interface JudgedTask {
  readonly task: Task;
  readonly verdict: Verdict;
  /** It may not be stopped to scale in or deploy ("Task scale-in protection"); one that is not healthy may all the same. */
  readonly isProtected?: boolean;
}

/** What the counts of a service are decided by. */
export interface ScaleInput {
  readonly desired: number;
  /** Percentages of the deployment configuration. */
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  /** Tasks that are to run, of the PRIMARY deployment and of older ones. */
  readonly primary: readonly JudgedTask[];
  readonly old: readonly JudgedTask[];
  /** Tasks of either that stand on instances being drained. */
  readonly draining?: readonly JudgedTask[];
  /** At most so many may be started now: 0 while the scheduler slows down or the deployment has failed. */
  readonly mayStart: number;
  /** By what it is decided which of several alike is given up; of Fargate's the newest in the fullest zone. */
  readonly scaleIn?: ScaleInRules;
  /** Whether the PRIMARY deployment has failed for good, so that older tasks are all there will be. */
  readonly failed: boolean;
}

export interface ScaleDecision {
  readonly start: number;
  readonly stop: readonly JudgedTask[];
  /** The deployment cannot go on: it may neither start a task nor stop one. */
  readonly stuck: boolean;
}

/** The fewest healthy tasks a deployment keeps: rounded up ("DeploymentConfiguration", ECS API Reference). */
export function minimumHealthy(desired: number, percent: number): number {
  return Math.ceil((desired * percent) / 100);
}

/** The most tasks a deployment may have running and pending: rounded down. */
export function maximumTasks(desired: number, percent: number): number {
  return Math.floor((desired * percent) / 100);
}

/**
 * How many tasks to start and which to stop now ("Amazon ECS services", "Rolling update", ECS Developer Guide):
 * replacements start before what they replace is stopped, as far as the maximum allows; healthy tasks are stopped only
 * down to the minimum; what is not healthy may go as soon as its place is needed.
 */
export function scale(input: ScaleInput): ScaleDecision {
  const { desired, primary, draining = [], scaleIn } = input;
  // What is drained gives way as an older deployment does, and also before its replacement runs, down to the minimum
  // ("Amazon ECS container instance draining").
  const old = [...input.old, ...draining];
  const least = minimumHealthy(desired, input.minimumHealthyPercent);
  const most = maximumTasks(desired, input.maximumPercent);
  const good = primary.filter(({ verdict }) => verdict.kind !== 'unhealthy');
  const bad = primary.filter(({ verdict }) => verdict.kind === 'unhealthy');
  const healthyPrimary = good.filter(({ verdict }) => verdict.kind === 'healthy').length;
  const healthyOld = old.filter(({ verdict }) => verdict.kind === 'healthy').length;

  const missing = Math.max(0, desired - good.length);
  const room = Math.max(0, most - primary.length - old.length);
  const start = Math.min(missing, room, input.mayStart);
  /** What could be started but for the maximum. */
  const crowdedOut = Math.max(0, Math.min(missing, input.mayStart) - room);

  const stop = new Set<JudgedTask>();
  // Scaling in. Where what is pending is protected, the healthy ones that would go instead stay as well.
  const surplus = Math.max(0, healthyPrimary + healthyOld - least);
  const excess = leaving(victims(good.filter(mayGo), good.length - desired, scaleIn, good), surplus);
  for (const victim of excess) stop.add(victim);
  const healthyAfter = healthyPrimary + healthyOld - excess.filter(({ verdict }) => verdict.kind === 'healthy').length;

  // Unhealthy tasks stay while nothing healthy stands in for them, and leave when their place is needed.
  const keptBad = Math.max(0, Math.min(bad.length - crowdedOut, desired - healthyAfter));
  const dismissed = victims(bad, bad.length - keptBad, scaleIn);
  for (const victim of dismissed) stop.add(victim);

  // Older deployments give way to what is healthy of the new one, or make room for it.
  const keptOld = Math.max(0, desired - (input.failed ? good.length : healthyPrimary));
  const makeRoom = Math.max(0, crowdedOut - dismissed.length);
  const toLeave = Math.max(old.length - keptOld, Math.min(makeRoom, old.length), draining.length);
  let spare = Math.max(0, healthyAfter - least);
  const goes = { draining: draining.filter(mayGo), old: input.old.filter(mayGo) };
  // No more healthy ones can go than may be spared.
  const mayLeave = goes.old.filter(({ verdict }) => verdict.kind !== 'healthy').length + spare;
  const leavers = [
    ...victims(goes.draining, goes.draining.length),
    ...victims(goes.old, mayLeave, scaleIn, input.old),
  ].sort((a, b) => order[a.verdict.kind] - order[b.verdict.kind]);
  for (const victim of leavers.slice(0, toLeave)) {
    if (victim.verdict.kind === 'healthy' && spare-- <= 0) break;
    stop.add(victim);
  }
  const waiting = [...primary, ...old].some(({ verdict }) => verdict.kind !== 'healthy');
  const stuck = missing > 0 && input.mayStart > 0 && start === 0 && stop.size === 0 && !waiting;
  return { start, stop: [...stop], stuck };
}

/** How many tasks are kept above the desired ones only because they are protected. */
export function underProtection(tasks: readonly JudgedTask[], stop: readonly JudgedTask[], desired: number): number {
  const kept = tasks.filter((one) => one.verdict.kind !== 'unhealthy' && !stop.includes(one));
  const guarded = kept.filter(({ isProtected }) => isProtected === true).length;
  return Math.max(0, Math.min(guarded, kept.length - desired));
}

/** Of those to be given up, in their order, as many as leave the `surplus` of healthy tasks, and no more of these. */
function leaving(tasks: readonly JudgedTask[], surplus: number): JudgedTask[] {
  let spare = surplus;
  return tasks.filter(({ verdict }) => verdict.kind !== 'healthy' || spare-- > 0);
}

function mayGo({ verdict, isProtected }: JudgedTask): boolean {
  return isProtected !== true || verdict.kind === 'unhealthy';
}

const order = { unhealthy: 0, pending: 1, healthy: 2 } as const;
