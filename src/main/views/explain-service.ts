import { given } from '../../base/given.ts';
import { hasContainerChecks, judge } from '../../control/services/health.ts';
import { observeService, type ObservedService } from '../../control/services/observe.ts';
import { shortName } from '../../model/ecs/arns.ts';
import type { Deployment, Service, ServiceEvent } from '../../model/ecs/service.ts';
import { hasTaskSets, type TaskSet } from '../../model/ecs/task-set.ts';
import { isProtected, type Task } from '../../model/ecs/task.ts';
import type { TaskTarget } from '../../store/task-targets.ts';
import type { Reader } from '../../store/store.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { explainTask } from './explain-task.ts';
import { taskView, type TaskView } from './fleet.ts';
import { unplacedOf, type Unplaced } from './unplaced.ts';

/** Everything about one service. Times are epoch milliseconds. */
export interface ServiceExplanation {
  readonly kind: 'service';
  readonly arn: string;
  readonly name: string;
  readonly cluster: string;
  readonly region: string;
  readonly status: Service['status'];
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly deployments: readonly (Pick<
    Deployment,
    | 'id'
    | 'status'
    | 'rolloutState'
    | 'rolloutStateReason'
    | 'desiredCount'
    | 'runningCount'
    | 'pendingCount'
    | 'failedTasks'
    | 'createdAt'
  > & { readonly taskDefinition: string })[];
  /** Of a service whose deployments somebody else controls. */
  readonly taskSets: readonly (Pick<
    TaskSet,
    'id' | 'status' | 'stabilityStatus' | 'computedDesiredCount' | 'runningCount' | 'pendingCount' | 'createdAt'
  > & { readonly taskDefinition: string })[];
  /** Since when it is in a steady state; absent while it is not. */
  readonly steadyAt?: number;
  /** What keeps it from a steady state, in sentences, the weightiest first. */
  readonly blockers: readonly string[];
  /** While tasks fail to start: so many attempts in a row, and when the next one is. */
  readonly backOff?: { readonly failures: number; readonly retryAt: number };
  readonly unplaced?: Unplaced;
  readonly tasks: readonly TaskView[];
  readonly targets: readonly (TaskTarget & { readonly taskId: string })[];
  /** The last tasks that it lost, newest first. */
  readonly lastStopped: readonly {
    readonly id: string;
    readonly at: number;
    readonly code: string;
    readonly reason: string;
  }[];
  /** Newest first. */
  readonly events: readonly Pick<ServiceEvent, 'createdAt' | 'message'>[];
}

const shownEvents = 8;
const shownStopped = 3;

/** How many tasks that wait are told of one by one. */
const shownWaiting = 3;

/** Explains a service. */
export function explainService(store: Reader, service: Service, now: number): ServiceExplanation {
  const observed = observeService(store, service.arn);
  const live = (observed?.tasks ?? []).filter(({ task }) => task.lastStatus !== 'STOPPED');
  const unplaced = unplacedOf(store, service);
  const { consecutiveFailures: failures, retryAt } = service.throttle;
  const taskSets = observed?.taskSets ?? [];
  const sum = (of: (part: Deployment | TaskSet) => number): number =>
    [...service.deployments, ...taskSets].reduce((all, one) => all + of(one), 0);
  return {
    kind: 'service',
    arn: service.arn,
    name: service.name,
    cluster: shortName(service.clusterArn),
    region: service.region,
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: sum(({ runningCount }) => runningCount),
    pendingCount: sum(({ pendingCount }) => pendingCount),
    deployments: service.deployments.map((one) => ({
      id: one.id,
      status: one.status,
      rolloutState: one.rolloutState,
      rolloutStateReason: one.rolloutStateReason,
      taskDefinition: shortName(one.taskDefinitionArn),
      desiredCount: one.desiredCount,
      runningCount: one.runningCount,
      pendingCount: one.pendingCount,
      failedTasks: one.failedTasks,
      createdAt: one.createdAt,
    })),
    taskSets: taskSets.map((one) => ({
      id: one.id,
      status: one.status,
      stabilityStatus: one.stabilityStatus,
      taskDefinition: shortName(one.taskDefinitionArn),
      computedDesiredCount: one.computedDesiredCount,
      runningCount: one.runningCount,
      pendingCount: one.pendingCount,
      createdAt: one.createdAt,
    })),
    ...given('steadyAt', service.steadyAt),
    blockers:
      observed === undefined || service.steadyAt !== undefined ? [] : blockersOf(store, observed, unplaced, now),
    ...(failures > 0 && service.throttle.deploymentId === service.deployments[0]?.id
      ? { backOff: { failures, retryAt } }
      : {}),
    ...given('unplaced', unplaced),
    tasks: live.map(({ task }) => taskView(task)),
    targets: live.flatMap(({ task, targets }) => targets.map((target) => ({ ...target, taskId: task.id }))),
    lastStopped: lastStopped(store, service),
    events: service.events.slice(0, shownEvents).map(({ createdAt, message }) => ({ createdAt, message })),
  };
}

/** Judges by what the scheduler itself judges by. */
function blockersOf(store: Reader, observed: ObservedService, unplaced: Unplaced | undefined, now: number): string[] {
  const { service, taskSets } = observed;
  const [primary] = service.deployments;
  const live = observed.tasks.filter(({ task }) => task.lastStatus !== 'STOPPED');
  if (service.status === 'DRAINING') return [`it is being deleted: ${counted(live.length)} left to end`];
  if (hasTaskSets(service) && taskSets.length === 0) return ['it has no task set: create one'];
  const blockers = [
    ...(primary === undefined ? [] : deploymentBlockers(observed, primary, now)),
    ...taskSets.flatMap((one) => taskSetBlockers(observed, one, now)),
  ];
  if (unplaced !== undefined) {
    blockers.push(`${counted(unplaced.count)} found no place: it ${unplaced.reason}`);
  }
  const isOld = (task: Task): boolean => primary !== undefined && task.deploymentId !== primary.id;
  blockers.push(
    ...taskBlockers(
      store,
      observed,
      live.filter(({ task }) => task.desiredStatus === 'RUNNING' && !isOld(task)),
      now,
    ),
  );
  const old = live.filter(({ task }) => isOld(task) && task.desiredStatus === 'RUNNING');
  const guarded = live.filter(({ task }) => isProtected(task, now));
  if (old.length > 0) blockers.push(`${counted(old.length)} of older deployments still run`);
  if (guarded.length > 0 && (old.length > 0 || live.length > service.desiredCount)) {
    blockers.push(
      `${counted(guarded.length)} may not be stopped yet: scale-in protection ('aws ecs get-task-protection')`,
    );
  }
  const leaving = live.filter(({ task }) => task.desiredStatus === 'STOPPED');
  if (leaving.length > 0) blockers.push(`${counted(leaving.length)} on the way out`);
  if (blockers.length === 0) blockers.push('the scheduler has not come to it yet');
  return blockers;
}

function deploymentBlockers({ service, definitions }: ObservedService, primary: Deployment, now: number): string[] {
  const { consecutiveFailures, retryAt, deploymentId } = service.throttle;
  return [
    ...(primary.rolloutState === 'FAILED'
      ? [
          `its deployment ${primary.id} failed (${primary.rolloutStateReason}) and starts nothing more: update the service with a task definition that works`,
        ]
      : []),
    ...(definitions.has(primary.taskDefinitionArn)
      ? []
      : [`${shortName(primary.taskDefinitionArn)} does not exist any more: update the service with one that does`]),
    ...(deploymentId === primary.id && now < retryAt ? [waits(consecutiveFailures, retryAt - now)] : []),
  ];
}

function taskSetBlockers({ definitions }: ObservedService, taskSet: TaskSet, now: number): string[] {
  const { consecutiveFailures, retryAt } = taskSet.throttle;
  const its = [
    ...(taskSet.status === 'DRAINING' ? ['drains'] : []),
    ...(definitions.has(taskSet.taskDefinitionArn)
      ? []
      : [`runs ${shortName(taskSet.taskDefinitionArn)}, which does not exist any more`]),
  ];
  return [
    ...its.map((what) => `its task set ${taskSet.id} ${what}`),
    ...(now < retryAt ? [waits(consecutiveFailures, retryAt - now)] : []),
  ];
}

function waits(failures: number, ms: number): string {
  return `its last ${failures} attempts to start tasks failed: the next is in ${Math.ceil(ms / 1000)} s`;
}

/** What there is to say of tasks that are to run. */
function taskBlockers(
  store: Reader,
  { service, definitions, settleMs }: ObservedService,
  live: ObservedService['tasks'],
  now: number,
): string[] {
  const blockers: string[] = [];
  const graceMs = (service.healthCheckGracePeriodSeconds ?? 0) * 1000;
  const waiting: Task[] = [];
  for (const one of live) {
    const containerChecks = hasContainerChecks(definitions.get(one.task.taskDefinitionArn));
    const verdict = judge(one, { containerChecks, graceMs, settleMs }, now);
    if (verdict.kind === 'unhealthy')
      blockers.push(`task ${one.task.id.slice(0, 8)} is to be replaced: ${verdict.stop.reason}`);
    if (verdict.kind === 'pending') waiting.push(one.task);
  }
  for (const task of waiting.slice(0, shownWaiting)) {
    const [first = 'some seconds of running without an end'] = explainTask(store, task).waitsFor;
    blockers.push(`task ${task.id.slice(0, 8)} (${task.lastStatus}) waits for ${first}`);
  }
  if (waiting.length > shownWaiting) blockers.push(`${counted(waiting.length - shownWaiting)} more wait`);
  return blockers;
}

function lastStopped(store: Reader, service: Service): ServiceExplanation['lastStopped'] {
  return store
    .by(tasks, 'stopped', service.arn)
    .toSorted((a, b) => (b.stoppedAt ?? 0) - (a.stoppedAt ?? 0))
    .slice(0, shownStopped)
    .map((task) => ({
      id: task.id,
      at: task.stoppedAt ?? 0,
      code: task.stop?.code ?? '',
      reason: [task.stop?.reason, task.containers.find(({ reason }) => reason !== undefined)?.reason]
        .filter((one, index, all) => one !== undefined && all.indexOf(one) === index)
        .join(': '),
    }));
}

function counted(count: number): string {
  return `${count} task${count === 1 ? '' : 's'}`;
}
