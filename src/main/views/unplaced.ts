import { daemonFailures, daemonPlaces } from '../../control/services/daemon.ts';
import { unplacedEvent } from '../../control/services/events.ts';
import { observeService, type ObservedService, type Places } from '../../control/services/observe.ts';
import { Exclusions, placeTasks, refusalLifeMs, type Exclusion, type Refusal } from '../../model/ecs/placement.ts';
import type { Service } from '../../model/ecs/service.ts';
import { hasTaskSets } from '../../model/ecs/task-set.ts';
import type { Reader } from '../../store/store.ts';
import { refusals, services, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';

/** Tasks that are wanted and have no place. */
export interface Unplaced {
  /** The service that wants them, the task that waits, or the family that RunTask or StartTask was asked for. */
  readonly name: string;
  /** Of the service or the task, or of the task definition. */
  readonly arn: string;
  readonly count: number;
  /** As ECS says it in service events, without the service's name; of a call, what it answered. */
  readonly reason: string;
  /** What kept them from the instances, in the words of RunTask's failures; empty where there is none. */
  readonly excluded: readonly Exclusion[];
  /** When a call was refused; absent for what still waits. */
  readonly refusedAt?: number;
}

/** What finds no place in a cluster at this moment. */
export function unplacedIn(store: Reader, clusterArn: string, now: number): readonly Unplaced[] {
  const ofServices = store
    .by(services, 'cluster', clusterArn)
    .filter(({ status }) => status === 'ACTIVE')
    .flatMap((service) => unplacedOf(store, service) ?? []);
  return [...ofServices, ...waitingForMachine(store, clusterArn), ...refusedIn(store, clusterArn, now).map(asUnplaced)];
}

/** The tasks of a service that no instance can take now; `undefined` when there are none. */
export function unplacedOf(store: Reader, service: Service): Unplaced | undefined {
  if (hasTaskSets(service)) return unplacedOfSets(store, service);
  const [primary] = service.deployments;
  if (primary === undefined || primary.launchType === undefined || primary.launchType === 'FARGATE') return undefined;
  // A deployment that failed, or that its last failures hold back, is not waiting for a place.
  if (primary.rolloutState === 'FAILED') return undefined;
  const observed = observeService(store, service.arn);
  if (observed?.places === undefined) return undefined;
  if (service.schedulingStrategy === 'DAEMON') return unplacedDaemon(service, observed.places);
  return unplacedAt(observed, primary.id, service.desiredCount, observed.places);
}

/** The tasks of the first task set some of whose find no place. */
function unplacedOfSets(store: Reader, service: Service): Unplaced | undefined {
  const observed = observeService(store, service.arn);
  for (const { id, computedDesiredCount } of observed?.taskSets ?? []) {
    const places = observed?.placesOf.get(id);
    const found = observed && places && unplacedAt(observed, id, computedDesiredCount, places);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The tasks of a deployment or task set, of which there are to be `desired`, that no instance can take. */
function unplacedAt(
  { service, tasks: own }: ObservedService,
  id: string,
  desired: number,
  { needs, candidates }: Places,
): Unplaced | undefined {
  const there = own.filter(({ task }) => task.deploymentId === id && task.desiredStatus === 'RUNNING');
  const count = desired - there.length;
  if (count <= 0) return undefined;
  const { placed, failures, excluded } = placeTasks(needs, candidates, 1);
  if (placed.length > 0) return undefined;
  return { name: service.name, arn: service.arn, count, reason: unplacedEvent(failures), excluded };
}

/** The instances that ought to have a task of a daemon service and cannot take it. */
function unplacedDaemon({ name, arn }: Service, { needs, candidates }: Places): Unplaced | undefined {
  const failures = daemonFailures(needs, daemonPlaces(needs, candidates));
  if (failures.length === 0) return undefined;
  const excluded = new Exclusions();
  for (const { instance, reason } of failures) excluded.add(reason, instance);
  return { name, arn, count: failures.length, reason: unplacedEvent(failures), excluded: excluded.all() };
}

/** Tasks of Fargate while no machine that runs such is connected. */
function waitingForMachine(store: Reader, clusterArn: string): Unplaced[] {
  const some = store.by(machines, 'connected', 'yes').some(({ isInstance }) => !isInstance);
  if (some) return [];
  const waiting = store
    .by(tasks, 'unplaced', 'yes')
    .filter((task) => task.clusterArn === clusterArn && task.machineId === undefined);
  return waiting.map(({ id, arn }) => ({ name: id, arn, count: 1, reason: unplacedEvent([]), excluded: [] }));
}

/** What was asked for by hand and found no place lately; until the same family finds one. */
export function refusedIn(store: Reader, clusterArn: string, now: number): Refusal[] {
  return store.by(refusals, 'cluster', clusterArn).filter(({ at }) => now < at + refusalLifeMs);
}

function asUnplaced({ family, taskDefinitionArn, operation, count, excluded, at }: Refusal): Unplaced {
  const reasons = excluded.length === 0 ? 'MISSING' : excluded.map(({ reason }) => reason).join(', ');
  const reason = `${operation} made no task: ${reasons}`;
  return { name: family, arn: taskDefinitionArn, count, reason, excluded, refusedAt: at };
}
