import { given } from '../../base/given.ts';
import { isPlaceFor, placeTasks, type Placement } from '../../model/ecs/placement.ts';
import type { Deployment, Service } from '../../model/ecs/service.ts';
import type { EventWriter } from './events.ts';
import type { ObservedService, Places } from './observe.ts';
import { countsOf, rebalance, type RebalanceInput } from './rebalance.ts';
import type { JudgedTask } from './scale.ts';

/** What the balance over zones is decided by, besides what was observed. */
export interface RebalancingInput extends Pick<RebalanceInput, 'desired' | 'most' | 'mayStart'> {
  readonly observed: ObservedService;
  /** As it is in this plan so far. */
  readonly service: Service;
  readonly primary: Deployment;
  readonly judged: readonly JudgedTask[];
  readonly random: () => number;
}

/** New tasks in one zone. */
export interface ZoneStart {
  readonly zone: string;
  /** The PRIMARY one with the subnets of that zone only. */
  readonly deployment: Deployment;
  readonly count: number;
  /** Of tasks on instances. */
  readonly found?: readonly Placement[];
}

/** What rebalancing comes to. */
export interface Rebalanced {
  readonly underWay: boolean;
  /** What is started and stopped instead of what the scheduler would; absent where it goes on as it always does. */
  readonly moves?: { readonly starts: readonly ZoneStart[]; readonly stop: readonly JudgedTask[] };
}

/**
 * Moves tasks of a service between zones once it is steady and while nothing else happens to it, and tells so in the words of "Amazon ECS
 * Availability Zone service rebalancing service event messages" (ECS Developer Guide).
 */
export function rebalancing(input: RebalancingInput, events: EventWriter): Rebalanced {
  const { observed, service, primary, judged, desired, most, mayStart } = input;
  const underWay = service.rebalancing === true;
  const leave = (): Rebalanced => {
    if (underWay) events.tell('stopped AZ Rebalancing.');
    return { underWay: false };
  };
  const undisturbed =
    service.deployments.length === 1 &&
    primary.rolloutState === 'COMPLETED' &&
    judged.every(
      ({ task }) => task.deploymentId === primary.id && !observed.draining.has(task.containerInstanceArn ?? ''),
    );
  const enabled = service.status === 'ACTIVE' && service.availabilityZoneRebalancing === 'ENABLED';
  if (!enabled || !undisturbed || (!underWay && service.steadyAt === undefined)) return leave();

  const facts = { desired, most, tasks: judged, mayStart };
  let zones = [...observed.zones.keys()];
  if (zones.length === 0) return leave();
  let step = rebalance({ ...facts, zones });
  const { places } = observed;
  // What every instance can take is much to find out: only where something would be moved.
  if (step.kind === 'start' && places !== undefined) {
    zones = zonesFor(places);
    if (zones.length === 0) return leave();
    step = rebalance({ ...facts, zones });
  }
  const spread = countsOf(zones, judged)
    .map(([zone, count]) => `${count} tasks in ${zone}`)
    .join(', ');
  switch (step.kind) {
    case 'balanced':
      if (underWay) events.tell(`is AZ balanced with ${spread}.`);
      return { underWay: false };
    case 'interrupted':
      return leave();
    case 'wait':
      return underWay ? { underWay, moves: { starts: [], stop: [] } } : leave();
    case 'blocked':
      if (step.held > 0) tellHeld(events, primary, step.held);
      return leave();
    case 'stop':
      if (!underWay) return leave();
      if (step.held > 0) tellHeld(events, primary, step.held);
      return { underWay, moves: { starts: [], stop: step.tasks } };
    case 'start': {
      const starts = step.zones.flatMap(([zone, count]) => startIn(zone, count, input, events));
      if (starts.length === 0) return leave();
      if (!underWay) events.tell(`is not AZ balanced with ${spread}. AZ Rebalancing in progress.`);
      return { underWay: true, moves: { starts, stop: [] } };
    }
    default:
      return step satisfies never;
  }
}

/** The zones of instances that can have a task. */
function zonesFor({ needs, candidates }: Places): string[] {
  const able = candidates.filter((candidate) => isPlaceFor(needs, candidate));
  return [...new Set(able.map(({ instance }) => instance.availabilityZone ?? ''))];
}

function startIn(
  zone: string,
  count: number,
  { observed, primary, random }: RebalancingInput,
  events: EventWriter,
): ZoneStart[] {
  const { networkConfiguration: network } = primary;
  const deployment = {
    ...primary,
    ...given('networkConfiguration', network && { ...network, subnets: observed.zones.get(zone) ?? network.subnets }),
  };
  if (observed.places === undefined) return [{ zone, deployment, count }];
  const { needs, candidates } = observed.places;
  const there = candidates.filter(({ instance }) => instance.availabilityZone === zone);
  const { placed } = placeTasks(needs, there, count, random);
  if (placed.length < count) {
    events.tellOnce(`is unable to place a task in ${zone} because no container instance met all of its requirements.`);
  }
  return placed.length === 0 ? [] : [{ zone, deployment, count: placed.length, found: placed }];
}

function tellHeld(events: EventWriter, { id }: Deployment, held: number): void {
  events.tellOnce(
    `was unable to AZ Rebalance because (taskSet ${id}) was unable to scale in due to (reason ${held} tasks under protection)`,
  );
}
