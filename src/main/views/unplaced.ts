import { unplacedEvent } from '../../control/services/events.ts';
import { observeService } from '../../control/services/observe.ts';
import { placeTasks, type PlacementFailure } from '../../model/ecs/placement.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { Reader } from '../../store/store.ts';
import { services, tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';

/** Tasks that are wanted and have no place. */
export interface Unplaced {
  /** The service that wants them, or the task that waits. */
  readonly name: string;
  readonly arn: string;
  readonly count: number;
  /** As ECS says it in service events, without the service's name. */
  readonly reason: string;
  /** What each instance lacks, in the words of RunTask's failures; empty where there is none to ask. */
  readonly failures: readonly { readonly instanceId: string; readonly reason: string }[];
}

/** What finds no place in a cluster at this moment. */
export function unplacedIn(store: Reader, clusterArn: string): readonly Unplaced[] {
  const ofServices = store
    .by(services, 'cluster', clusterArn)
    .filter(({ status }) => status === 'ACTIVE')
    .flatMap((service) => unplacedOf(store, service) ?? []);
  return [...ofServices, ...waitingForMachine(store, clusterArn)];
}

/** The tasks of a service that no instance can take now; `undefined` when there are none. */
export function unplacedOf(store: Reader, service: Service): Unplaced | undefined {
  const [primary] = service.deployments;
  if (primary === undefined || primary.launchType === undefined || primary.launchType === 'FARGATE') return undefined;
  // A deployment that failed, or that its last failures hold back, is not waiting for a place.
  if (primary.rolloutState === 'FAILED') return undefined;
  const observed = observeService(store, service.arn);
  if (observed?.places === undefined) return undefined;
  const there = observed.tasks.filter(
    ({ task }) => task.deploymentId === primary.id && task.desiredStatus === 'RUNNING',
  );
  const count = service.desiredCount - there.length;
  if (count <= 0) return undefined;
  const { needs, candidates } = observed.places;
  const { placed, failures } = placeTasks(needs, candidates, 1);
  if (placed.length > 0) return undefined;
  return { name: service.name, arn: service.arn, count, reason: unplacedEvent(failures), failures: named(failures) };
}

/** Tasks of Fargate while no machine that runs such is connected. */
function waitingForMachine(store: Reader, clusterArn: string): Unplaced[] {
  const some = store.by(machines, 'connected', 'yes').some(({ isInstance }) => !isInstance);
  if (some) return [];
  const waiting = store
    .by(tasks, 'unplaced', 'yes')
    .filter((task) => task.clusterArn === clusterArn && task.machineId === undefined);
  return waiting.map(({ id, arn }) => ({ name: id, arn, count: 1, reason: unplacedEvent([]), failures: [] }));
}

function named(failures: readonly PlacementFailure[]): Unplaced['failures'] {
  return failures.map(({ instance, reason }) => ({ instanceId: instance.id, reason }));
}
