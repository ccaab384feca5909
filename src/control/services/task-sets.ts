import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import type { Service } from '../../model/ecs/service.ts';
import { reached, type Task } from '../../model/ecs/task.ts';
import type { TaskStop } from '../../model/ecs/task-end.ts';
import { computedDesiredCount, type TaskSet } from '../../model/ecs/task-set.ts';
import { newTasks } from './create.ts';
import { EventWriter, protectedEvent } from './events.ts';
import { failedToStart, inconsistentAfter, noThrottle, tasksPerRetry, throttled } from './failures.ts';
import { resolvedImages } from './images.ts';
import { judgeTasks, noteEnds, noteHealth, tellNoPlace, tellUnplaced, type Notes } from './judgement.ts';
import type { ObservedService } from './observe.ts';
import { startsPerPlan, steadyAgainMs } from './pace.ts';
import { findPlaces } from './places.ts';
import type { ServicePlan, ServiceStep } from './plan.ts';
import { scaleInRules } from './scale-in.ts';
import { scale, underProtection, type JudgedTask } from './scale.ts';

/**
 * The scheduler of a service whose deployments are task sets: keeps each at its share of what the service desires, whatever the
 * others have, and takes those away that drained. Which one serves is for others to say. Pure, as `planService` is.
 */
export function planTaskSets(observed: ObservedService, now: number, ids: Ids): ServicePlan {
  return new TaskSetPlanner(observed, now, ids).plan();
}

/** One run of the scheduler; its fields are what the steps so far come to. */
class TaskSetPlanner {
  readonly #observed: ObservedService;
  readonly #now: number;
  readonly #ids: Ids;
  readonly #events: EventWriter;
  readonly #steps: ServiceStep[] = [];
  readonly #notes: Notes = new Map();
  readonly #stops = new Map<Task, TaskStop>();
  readonly #lookAts: number[] = [];
  readonly #look = (at: number): void => void this.#lookAts.push(at);
  #service: Service;
  #mayStart = startsPerPlan;
  /** Whether a set looked for places on instances: only one does in a plan, what it found changes what is left for others. */
  #placed = false;

  constructor(observed: ObservedService, now: number, ids: Ids) {
    this.#observed = observed;
    this.#now = now;
    this.#ids = ids;
    this.#service = observed.service;
    this.#events = new EventWriter(observed.service.name, observed.service.events, now, ids);
  }

  plan(): ServicePlan {
    const { tasks, taskSets } = this.#observed;
    const judged = judgeTasks(this.#observed, this.#events, this.#now, this.#look);
    const ended = noteEnds(tasks, this.#notes, this.#events);
    const recovered = noteHealth(judged, this.#notes, this.#events, this.#now);
    const sets = taskSets.flatMap((taskSet): TaskSet[] => {
      const isIts = (task: Task): boolean => task.deploymentId === taskSet.id;
      const accounted = this.#account(taskSet, ended.filter(isIts), recovered.some(isIts));
      const next = this.#reconcile(
        accounted,
        judged.filter(({ task }) => isIts(task)),
        taskSet,
      );
      if (next === undefined) this.#steps.push({ kind: 'delete-task-set', arn: taskSet.arn });
      else if (next !== taskSet)
        this.#steps.push({ kind: 'write-task-set', taskSet: { ...next, updatedAt: this.#now } });
      return next === undefined ? [] : [next];
    });
    this.#stopStrays(judged);
    tellUnplaced(tasks, this.#events, this.#now, this.#look);
    this.#settle(sets);
    return this.#finish();
  }

  /** Slows down where tasks failed to start, and takes note of the images that its tags stood for. */
  #account(taskSet: TaskSet, ended: readonly Task[], recovered: boolean): TaskSet {
    const failed = ended.filter(failedToStart);
    const after = throttled(taskSet.throttle, failed, this.#now);
    if (after !== taskSet.throttle && after.consecutiveFailures >= inconsistentAfter) {
      this.#events.tellOnce('is unable to consistently start tasks successfully.');
    }
    const throttle = recovered && after.consecutiveFailures > 0 ? noThrottle : after;
    const { definitions, tasks } = this.#observed;
    const definition = definitions.get(taskSet.taskDefinitionArn);
    const imageDigests = resolvedImages(
      taskSet,
      definition,
      tasks.map(({ task }) => task),
    );
    const resolved = imageDigests !== taskSet.imageDigests && Object.keys(imageDigests).length > 0;
    if (throttle === taskSet.throttle && !resolved) return taskSet;
    return { ...taskSet, throttle, ...(resolved ? { imageDigests } : {}) };
  }

  /** Brings a set to its count. Answers it as it is then; `undefined` when it drained and is gone. */
  #reconcile(taskSet: TaskSet, judged: readonly JudgedTask[], before: TaskSet): TaskSet | undefined {
    const leaves = this.#service.status === 'DRAINING' || taskSet.status === 'DRAINING';
    const desired = leaves ? 0 : computedDesiredCount(this.#service.desiredCount, taskSet.scale);
    if (desired !== taskSet.computedDesiredCount) {
      this.#events.tell(`updated computedDesiredCount for taskSet ${taskSet.id} to ${desired}.`);
    }
    const { minimumHealthyPercent = 100, maximumPercent = 200 } = this.#service.deploymentConfiguration;
    const { start, stop } = scale({
      desired,
      minimumHealthyPercent,
      maximumPercent,
      primary: judged.filter(({ task }) => !this.#drains(task)),
      old: [],
      draining: judged.filter(({ task }) => this.#drains(task)),
      ...given(
        'scaleIn',
        scaleInRules(this.#observed, this.#observed.placesOf.get(taskSet.id), () => this.#ids.random()),
      ),
      mayStart: this.#pace(taskSet, desired),
      failed: false,
    });
    const started = this.#start(taskSet, start, judged);
    this.#stop(taskSet, stop);
    const held = underProtection(judged, stop, desired);
    if (held > 0) this.#events.tellOnce(protectedEvent(taskSet.id, held));

    const live = this.#observed.tasks
      .map(({ task }) => task)
      .filter((task) => task.deploymentId === taskSet.id && !reached(task.lastStatus, 'STOPPING'));
    if (taskSet.status === 'DRAINING' && live.length === 0) return undefined;
    return this.#counted({ ...taskSet, computedDesiredCount: desired }, before, judged, started.length);
  }

  /** At most so many tasks of a set may be started now. */
  #pace(taskSet: TaskSet, desired: number): number {
    const { retryAt, consecutiveFailures } = taskSet.throttle;
    if (this.#now < retryAt) {
      this.#look(retryAt);
      return 0;
    }
    if (!this.#observed.definitions.has(taskSet.taskDefinitionArn)) {
      if (desired > 0) {
        this.#events.tellOnce(`was unable to place a task. Reason: ${taskSet.taskDefinitionArn} does not exist.`);
      }
      return 0;
    }
    return Math.min(this.#mayStart, consecutiveFailures > 1 ? tasksPerRetry : startsPerPlan);
  }

  #start(taskSet: TaskSet, count: number, judged: readonly JudgedTask[]): Task[] {
    const definition = this.#observed.definitions.get(taskSet.taskDefinitionArn);
    if (count === 0 || definition === undefined) return [];
    const places = this.#observed.placesOf.get(taskSet.id);
    if (places !== undefined && this.#placed) {
      this.#look(this.#now);
      return [];
    }
    this.#placed ||= places !== undefined;
    const placed = judged.map(({ task }) => task);
    const { found, failures }: ReturnType<typeof findPlaces> =
      places === undefined ? { found: [{ count }] } : findPlaces(places, taskSet, { count, placed, ids: this.#ids });
    if (failures !== undefined) tellNoPlace(failures, this.#events, this.#now, this.#look);
    const started = found.flatMap((its) =>
      newTasks(this.#service, taskSet, definition, { ...its, placed, ids: this.#ids, now: this.#now }),
    );
    this.#mayStart -= started.length;
    for (const task of started) this.#steps.push({ kind: 'start', task });
    this.#events.started(started, taskSet.id);
    return started;
  }

  #stop({ id }: Pick<TaskSet, 'id'>, stop: readonly JudgedTask[]): void {
    for (const { task, verdict } of stop) {
      const reason = `Scaling activity initiated by (deployment ${id})`;
      const scaling = { code: 'ServiceSchedulerInitiated', reason } as const;
      this.#stops.set(task, verdict.kind === 'unhealthy' ? verdict.stop : scaling);
      this.#notes.set(task, { ...(this.#notes.get(task) ?? task.scheduling), ended: true });
    }
    const tasks = stop.map(({ task }) => task);
    const registered = tasks.filter((task) => this.#notes.get(task)?.registered === true);
    this.#events.deregistered(registered, true, id);
    this.#events.stopped(tasks, id);
  }

  /** Tasks whose set is gone go, too. */
  #stopStrays(judged: readonly JudgedTask[]): void {
    const known = new Set(this.#observed.taskSets.map(({ id }) => id));
    const strays = judged.filter(({ task }) => !known.has(task.deploymentId ?? ''));
    for (const [id = '', its] of Map.groupBy(strays, ({ task }) => task.deploymentId)) this.#stop({ id }, its);
  }

  /** A set with its counts and its stability, by the conditions of "TaskSet" (ECS API Reference); `before` itself when nothing changed. */
  #counted(taskSet: TaskSet, before: TaskSet, judged: readonly JudgedTask[], started: number): TaskSet {
    const wanted = judged.filter(({ task }) => !this.#stops.has(task));
    const runningCount = wanted.filter(({ task }) => task.lastStatus === 'RUNNING').length;
    const pendingCount = wanted.length - runningCount + started;
    const steady =
      taskSet.status !== 'DRAINING' &&
      runningCount === taskSet.computedDesiredCount &&
      pendingCount === 0 &&
      wanted.length === judged.length &&
      wanted.every(({ task, verdict }) => verdict.kind === 'healthy' && !this.#drains(task));
    const stabilityStatus = steady ? 'STEADY_STATE' : 'STABILIZING';
    const turned = stabilityStatus !== before.stabilityStatus;
    if (turned && steady) this.#events.tell('updated state to STEADY_STATE.', taskSet.id);
    const next: TaskSet = {
      ...taskSet,
      runningCount,
      pendingCount,
      stabilityStatus,
      ...(turned ? { stabilityStatusAt: this.#now } : {}),
    };
    const fields = ['computedDesiredCount', 'runningCount', 'pendingCount', 'throttle', 'imageDigests'] as const;
    return turned || fields.some((field) => next[field] !== before[field]) ? next : before;
  }

  /** Whether a task stands on an instance that is being drained. */
  #drains(task: Task): boolean {
    return task.containerInstanceArn !== undefined && this.#observed.draining.has(task.containerInstanceArn);
  }

  /** The steady state of the service, and its end. */
  #settle(sets: readonly TaskSet[]): void {
    const live = this.#observed.tasks.map(({ task }) => task).filter((task) => task.lastStatus !== 'STOPPED');
    const { steadyAt, ...rest } = this.#service;
    if (rest.status === 'DRAINING' && live.length === 0) {
      const { primaryTaskSet: _over, ...gone } = rest;
      this.#service = { ...gone, status: 'INACTIVE', desiredCount: 0 };
      this.#steps.push({ kind: 'forget', serviceArn: gone.arn });
      return;
    }
    const steady =
      rest.status === 'ACTIVE' &&
      sets.length > 0 &&
      sets.every(({ stabilityStatus }) => stabilityStatus === 'STEADY_STATE') &&
      !live.some((task) => task.desiredStatus === 'STOPPED' && !reached(task.lastStatus, 'STOPPING'));
    if (!steady) {
      if (steadyAt !== undefined) this.#service = rest;
      return;
    }
    if (steadyAt === undefined || this.#now >= steadyAt + steadyAgainMs) {
      this.#events.steady();
      this.#service = { ...rest, steadyAt: this.#now };
    }
    this.#look((this.#service.steadyAt ?? this.#now) + steadyAgainMs);
  }

  #finish(): ServicePlan {
    for (const [task, stop] of this.#stops) this.#steps.push({ kind: 'stop', taskArn: task.arn, stop });
    for (const [task, scheduling] of this.#notes) this.#steps.push({ kind: 'note', taskArn: task.arn, scheduling });
    if (this.#events.any) this.#service = { ...this.#service, events: this.#events.all() };
    if (this.#service !== this.#observed.service) this.#steps.push({ kind: 'write', service: this.#service });
    const lookAt = this.#lookAts.reduce((least, at) => Math.min(least, at), Infinity);
    return { steps: this.#steps, ...given('lookAt', lookAt === Infinity ? undefined : lookAt) };
  }
}
