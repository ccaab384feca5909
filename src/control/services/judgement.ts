import type { PlacementFailure } from '../../model/ecs/placement.ts';
import { isProtected, isWaiting, type Task, type TaskScheduling } from '../../model/ecs/task.ts';
import { unplacedEvent, type EventWriter } from './events.ts';
import { hasContainerChecks, judge } from './health.ts';
import type { ObservedService, ObservedServiceTask } from './observe.ts';
import { awaitedMs } from './pace.ts';
import type { JudgedTask } from './scale.ts';

/** What is to be noted down about tasks. */
export type Notes = Map<Task, TaskScheduling>;

/** How long tasks may wait for a machine before the service says so. */
const unplacedMs = 10_000;

/** Judges every task that is to run; `lookAt` is told when a judgement may change by itself. */
export function judgeTasks(
  { service, definitions, tasks, settleMs }: ObservedService,
  events: EventWriter,
  now: number,
  lookAt: (at: number) => void,
): JudgedTask[] {
  const graceMs = (service.healthCheckGracePeriodSeconds ?? 0) * 1000;
  const checks = new Map<string, boolean>();
  const judged: JudgedTask[] = [];
  for (const one of tasks) {
    const { task } = one;
    if (task.desiredStatus !== 'RUNNING') continue;
    let containerChecks = checks.get(task.taskDefinitionArn);
    if (containerChecks === undefined) {
      containerChecks = hasContainerChecks(definitions.get(task.taskDefinitionArn));
      checks.set(task.taskDefinitionArn, containerChecks);
    }
    const verdict = judge(one, { containerChecks, graceMs, settleMs }, now);
    // A service that is deleted takes its tasks along.
    const guarded = service.status !== 'DRAINING' && isProtected(task, now);
    judged.push({ task, verdict, isProtected: guarded });
    if (guarded && task.protectedUntil !== undefined) lookAt(task.protectedUntil);
    if (verdict.kind === 'pending' && verdict.lookAt !== undefined) lookAt(verdict.lookAt);
    if (verdict.kind === 'unhealthy') for (const event of verdict.events) events.tellOnce(event);
  }
  return judged;
}

/** Takes note of tasks that ended, or were made to end by somebody else, and answers them. */
export function noteEnds(tasks: readonly ObservedServiceTask[], notes: Notes, events: EventWriter): Task[] {
  const ended = tasks
    .map(({ task }) => task)
    .filter((task) => task.desiredStatus === 'STOPPED' && task.scheduling?.ended !== true);
  for (const task of ended) {
    notes.set(task, { ...task.scheduling, ended: true });
    if (task.machineId === undefined && task.stop?.code === 'TaskFailedToStart') {
      events.tellOnce(`was unable to place a task. Reason: ${task.stop.reason}.`);
    }
  }
  events.deregistered(
    ended.filter((task) => task.scheduling?.registered === true),
    false,
  );
  return ended;
}

/** Takes note of targets registered and of tasks seen to run well for the first time, and answers the latter. */
export function noteHealth(judged: readonly JudgedTask[], notes: Notes, events: EventWriter, now: number): Task[] {
  const registered: Task[] = [];
  const recovered: Task[] = [];
  for (const { task, verdict } of judged) {
    const before = task.scheduling;
    let note = before;
    if (task.lastStatus === 'RUNNING' && task.loadBalancers.length > 0 && before?.registered !== true) {
      note = { ...note, registered: true };
      registered.push(task);
    }
    const well = verdict.kind === 'healthy' || (verdict.kind === 'pending' && verdict.ran === true);
    if (well && before?.healthyAt === undefined) {
      note = { ...note, healthyAt: now };
      recovered.push(task);
    }
    if (note !== undefined && note !== before) notes.set(task, note);
  }
  events.registered(registered);
  return recovered;
}

/** Tells why tasks find no place. Agents that were connected just now are waited for: all of them are away when the control plane starts. */
export function tellNoPlace(
  failures: readonly PlacementFailure[],
  events: EventWriter,
  now: number,
  lookAt: (at: number) => void,
): void {
  const until = Math.max(0, ...failures.map(({ reason, lostAt = 0 }) => (reason === 'AGENT' ? lostAt + awaitedMs : 0)));
  if (now < until) lookAt(until);
  else events.tellOnce(unplacedEvent(failures));
}

/** Tells of tasks for which no machine was found in time. */
export function tellUnplaced(
  tasks: readonly ObservedServiceTask[],
  events: EventWriter,
  now: number,
  lookAt: (at: number) => void,
): void {
  // Those that wait for an instance of their capacity provider have their own story.
  const waiting = tasks.find(
    ({ task }) => task.desiredStatus === 'RUNNING' && task.machineId === undefined && !isWaiting(task),
  );
  if (waiting === undefined) return;
  const until = waiting.task.createdAt + unplacedMs;
  if (now < until) lookAt(until);
  else {
    events.tellOnce(
      'was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.',
    );
  }
}
