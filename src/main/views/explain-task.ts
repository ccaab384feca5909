import { given } from '../../base/given.ts';
import { shortName } from '../../model/ecs/arns.ts';
import type { PlacementDecision } from '../../model/ecs/placement.ts';
import { taskStatuses, type Task, type TaskContainer, type TaskStatus } from '../../model/ecs/task.ts';
import { taskTargets, type TaskTarget } from '../../store/task-targets.ts';
import type { Reader } from '../../store/store.ts';
import { containerInstances, services, taskDefinitions } from '../../store/tables/ecs.ts';
import { applied, machines } from '../../store/tables/fleet.ts';
import { taskView, type TaskView } from './fleet.ts';
import { exitMeaning, stopAdvice } from './stop-advice.ts';
import { waitsOf } from './task-waits.ts';

/** Where a task stands, and how that came about. */
export interface TaskPlace {
  readonly on: 'instance' | 'fargate' | 'nowhere';
  readonly containerInstanceId?: string;
  readonly ec2InstanceId?: string;
  readonly machineId?: string;
  readonly zone?: string;
  readonly subnetId?: string;
  /** On instances; absent where StartTask named the instance, and of tasks that an earlier version placed. */
  readonly decision?: PlacementDecision;
}

/** Everything about one task. Times are epoch milliseconds. */
export interface TaskExplanation {
  readonly kind: 'task';
  readonly cluster: string;
  readonly region: string;
  readonly launchType: Task['launchType'];
  readonly task: TaskView;
  readonly serviceName?: string;
  readonly startedBy?: string;
  readonly place: TaskPlace;
  /** What it came to and when, oldest first: its states, and what happened between them. */
  readonly history: readonly { readonly what: string; readonly at: number }[];
  readonly waitsFor: readonly string[];
  readonly containers: readonly (Pick<
    TaskContainer,
    'name' | 'image' | 'essential' | 'lastStatus' | 'healthStatus' | 'exitCode' | 'reason'
  > & {
    readonly exitMeaning?: string;
  })[];
  readonly targets: readonly TaskTarget[];
  /** Why it stopped, or is to stop. */
  readonly stop?: { readonly code: string; readonly reason: string; readonly next: readonly string[] };
}

/** Explains a task. */
export function explainTask(store: Reader, task: Task): TaskExplanation {
  const definition = store.get(taskDefinitions, task.taskDefinitionArn);
  const machine = task.machineId === undefined ? undefined : store.get(machines, task.machineId);
  const targets = taskTargets(store, task);
  const vpcId = task.networkInterface?.vpcId;
  const networkError =
    vpcId === undefined
      ? undefined
      : store.by(applied, 'subject', vpcId).find(({ machineId }) => machineId === task.machineId)?.error;
  return {
    kind: 'task',
    cluster: shortName(task.clusterArn),
    region: task.region,
    launchType: task.launchType,
    task: taskView(task),
    ...given('serviceName', task.serviceArn === undefined ? undefined : store.get(services, task.serviceArn)?.name),
    ...given('startedBy', task.startedBy),
    place: placeOf(store, task),
    history: historyOf(task),
    waitsFor: waitsOf({
      task,
      definition,
      machine,
      targets,
      fargate: store.by(machines, 'connected', 'yes').some(({ isInstance }) => !isInstance),
      ...given('networkError', networkError),
    }),
    containers: task.containers.map(({ name, image, essential, lastStatus, healthStatus, exitCode, reason }) => ({
      name,
      image,
      essential,
      lastStatus,
      ...given('healthStatus', healthStatus),
      ...given('exitCode', exitCode),
      ...given('reason', reason),
      ...given('exitMeaning', exitCode === undefined ? undefined : exitMeaning(exitCode)),
    })),
    targets,
    ...(task.stop === undefined ? {} : { stop: { ...task.stop, next: stopAdvice(task, definition) } }),
  };
}

function placeOf(store: Reader, task: Task): TaskPlace {
  const { containerInstanceArn, machineId, placement, networkInterface } = task;
  const common = {
    ...given('machineId', machineId),
    ...given('zone', task.availabilityZone),
    ...given('subnetId', networkInterface?.subnetId),
  };
  if (containerInstanceArn === undefined) return { on: machineId === undefined ? 'nowhere' : 'fargate', ...common };
  return {
    on: 'instance',
    containerInstanceId: shortName(containerInstanceArn),
    ...given('ec2InstanceId', store.get(containerInstances, containerInstanceArn)?.ec2InstanceId),
    ...common,
    ...given('decision', placement),
  };
}

function historyOf(task: Task): TaskExplanation['history'] {
  const { reported, scheduling, createdAt, startedAt, stoppingAt, stoppedAt } = task;
  // Of tasks that are older than `statusAt`, some times are known all the same.
  const known = { RUNNING: startedAt, STOPPING: stoppingAt, STOPPED: stoppedAt, ...task.statusAt };
  const states: Partial<Record<TaskStatus, number | undefined>> = known;
  const events: readonly (readonly [string, number | undefined])[] = [
    ['created', task.statusAt === undefined ? createdAt : undefined],
    ...taskStatuses.map((status) => [status, states[status]] as const),
    // What an agent tells of the past comes with the next state: it is sorted in where it happened.
    ['pulling images', reported.pullStartedAt],
    ['images pulled', reported.pullStoppedAt],
    ['in good health', scheduling?.healthyAt],
    ['containers ended', reported.executionStoppedAt],
  ];
  return events.flatMap(([what, at]) => (at === undefined ? [] : [{ what, at }])).sort((a, b) => a.at - b.at);
}
