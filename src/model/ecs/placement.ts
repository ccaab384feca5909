import type { Scoped } from '../tags.ts';
import type { ContainerInstance, InstanceResources } from './container-instance.ts';
import type { TaskNeeds } from './needs.ts';

/** An instance that a task may be put on, as it stands. */
export interface Candidate {
  readonly instance: ContainerInstance;
  readonly connected: boolean;
  readonly remaining: InstanceResources;
  /** Its tasks with an interface of their own. */
  readonly interfacesInUse: number;
  /** Its live tasks of the same kind: of the service, or of the group of a task run by hand. */
  readonly kin: number;
}

/** Why an instance cannot take a task ("API failure reasons", ECS Developer Guide). */
export type PlacementReason =
  | 'AGENT'
  | 'INACTIVE'
  | 'ATTRIBUTE'
  | 'LOCATION'
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:PORTS'
  | 'RESOURCE:GPU'
  | 'RESOURCE:ENI';

/** An instance that could not take a task. */
export interface PlacementFailure {
  readonly instance: ContainerInstance;
  readonly reason: PlacementReason;
}

/** In the order in which an instance is asked: the further it gets, the closer it matches. */
const reasons: readonly PlacementReason[] = [
  'INACTIVE',
  'AGENT',
  'ATTRIBUTE',
  'LOCATION',
  'RESOURCE:CPU',
  'RESOURCE:MEMORY',
  'RESOURCE:PORTS',
  'RESOURCE:GPU',
  'RESOURCE:ENI',
];

/** Why an instance cannot take a task; `undefined` when it can. */
export function obstacle(candidate: Candidate, needs: TaskNeeds): PlacementReason | undefined {
  const { instance, remaining } = candidate;
  if (instance.status === 'INACTIVE') return 'INACTIVE';
  if (!candidate.connected) return 'AGENT';
  const has = (name: string, value: string | undefined): boolean =>
    instance.attributes.some((one) => one.name === name && (value === undefined || one.value === value));
  if (!needs.attributes.every(({ name, value }) => has(name, value))) return 'ATTRIBUTE';
  if (needs.zones !== undefined && !needs.zones.includes(instance.availabilityZone ?? '')) return 'LOCATION';
  if (needs.cpu > remaining.cpu) return 'RESOURCE:CPU';
  if (needs.memory > remaining.memory) return 'RESOURCE:MEMORY';
  const used = new Set(remaining.ports.map(({ port, protocol }) => `${protocol} ${port}`));
  if (needs.ports.some(({ port, protocol }) => used.has(`${protocol} ${port}`))) return 'RESOURCE:PORTS';
  // No machine offers any.
  if (needs.gpu) return 'RESOURCE:GPU';
  if (needs.ownInterface && candidate.interfacesInUse >= instance.taskInterfaces) return 'RESOURCE:ENI';
  return undefined;
}

/** Instances that could not take a task, by what kept them from it. */
export interface Exclusion {
  /** DRAINING ones take no new tasks, whatever they have. */
  readonly reason: PlacementReason | 'DRAINING';
  readonly count: number;
  /** The ids of the first `namedInstances` of them. */
  readonly instanceIds: readonly string[];
}

/** How the place of a task was found; kept with the task, so it is short however many instances there are. */
export interface PlacementDecision {
  /** The instances of the cluster that were looked at. */
  readonly considered: number;
  /** Those that could have taken it. */
  readonly able: number;
  readonly excluded: readonly Exclusion[];
  /** The tasks of its kind that stood in its zone then: no zone with an able instance had fewer. */
  readonly kinInZone: number;
  /** MiB that were free on its instance: no able one of the zone had more. */
  readonly memoryFree: number;
}

/** Tasks run by hand that found no place: RunTask and StartTask make none of them, so nothing else would tell of them. */
export interface Refusal extends Scoped {
  readonly clusterArn: string;
  readonly operation: 'RunTask' | 'StartTask';
  readonly family: string;
  readonly taskDefinitionArn: string;
  readonly at: number;
  /** How many found none. */
  readonly count: number;
  readonly excluded: readonly Exclusion[];
}

/** A place for one task. */
export interface Placement {
  readonly instance: ContainerInstance;
  readonly decision: PlacementDecision;
}

/** How many instances an exclusion names. */
const namedInstances = 3;

/** How long a refusal is told of, milliseconds: as long as a stopped task is. */
export const refusalLifeMs = 3_600_000;

/**
 * Finds instances for `count` tasks of a kind, one after the other: in the zone that has fewest of them, and there where most memory is
 * free ("Amazon ECS task placement": spread over zones unless told otherwise). DRAINING instances take none. What the
 * first task without a place failed at is told of each instance; further ones would fail in the same way.
 */
export function placeTasks(
  needs: TaskNeeds,
  candidates: readonly Candidate[],
  count: number,
): {
  readonly placed: readonly Placement[];
  readonly failures: readonly PlacementFailure[];
  /** What kept the first task without a place from each instance; empty where all were placed. */
  readonly excluded: readonly Exclusion[];
} {
  const draining = candidates.filter(({ instance }) => instance.status === 'DRAINING');
  const open = candidates.filter(({ instance }) => instance.status === 'ACTIVE');
  const kin = new Map<string | undefined, number>();
  for (const { instance, kin: here } of open) {
    kin.set(instance.availabilityZone, (kin.get(instance.availabilityZone) ?? 0) + here);
  }
  const placed: Placement[] = [];
  while (placed.length < count) {
    const exclusions = new Exclusions();
    for (const { instance } of draining) exclusions.add('DRAINING', instance);
    let best: number | undefined;
    let able = 0;
    for (const [index, candidate] of open.entries()) {
      const reason = obstacle(candidate, needs);
      if (reason !== undefined) {
        exclusions.add(reason, candidate.instance);
        continue;
      }
      able += 1;
      const rival = best === undefined ? undefined : open[best];
      if (rival === undefined || isBetter(candidate, rival, kin)) best = index;
    }
    const chosen = best === undefined ? undefined : open[best];
    if (best === undefined || chosen === undefined) {
      const failures = open.flatMap((candidate): PlacementFailure[] => {
        const reason = obstacle(candidate, needs);
        return reason === undefined ? [] : [{ instance: candidate.instance, reason }];
      });
      return { placed, failures, excluded: exclusions.all() };
    }
    const zone = chosen.instance.availabilityZone;
    const kinInZone = kin.get(zone) ?? 0;
    placed.push({
      instance: chosen.instance,
      decision: {
        considered: candidates.length,
        able,
        excluded: exclusions.all(),
        kinInZone,
        memoryFree: chosen.remaining.memory,
      },
    });
    open[best] = afterTaking(chosen, needs);
    kin.set(zone, kinInZone + 1);
  }
  return { placed, failures: [], excluded: [] };
}

/** Collects exclusions, those of most instances first. */
export class Exclusions {
  readonly #byReason = new Map<Exclusion['reason'], { count: number; instanceIds: string[] }>();

  add(reason: Exclusion['reason'], { id }: ContainerInstance): void {
    const same = this.#byReason.get(reason);
    if (same === undefined) {
      this.#byReason.set(reason, { count: 1, instanceIds: [id] });
      return;
    }
    same.count += 1;
    if (same.instanceIds.length < namedInstances) same.instanceIds.push(id);
  }

  all(): Exclusion[] {
    return [...this.#byReason].map(([reason, rest]) => ({ reason, ...rest })).sort((a, b) => b.count - a.count);
  }
}

/** The failure of the instance that lacked least. */
export function closest(failures: readonly PlacementFailure[]): PlacementFailure | undefined {
  return failures.toSorted((a, b) => reasons.indexOf(b.reason) - reasons.indexOf(a.reason))[0];
}

/** A candidate once a task of these needs is on it. */
export function afterTaking(candidate: Candidate, needs: TaskNeeds): Candidate {
  const { remaining } = candidate;
  return {
    ...candidate,
    remaining: {
      cpu: remaining.cpu - needs.cpu,
      memory: remaining.memory - needs.memory,
      ports: [...remaining.ports, ...needs.ports],
    },
    interfacesInUse: candidate.interfacesInUse + (needs.ownInterface ? 1 : 0),
    kin: candidate.kin + 1,
  };
}

/** Whether a task rather goes to `a` than to `b`, both able to take it. */
function isBetter(a: Candidate, b: Candidate, kin: ReadonlyMap<string | undefined, number>): boolean {
  const inZone = ({ instance }: Candidate): number => kin.get(instance.availabilityZone) ?? 0;
  const order = inZone(a) - inZone(b) || b.remaining.memory - a.remaining.memory;
  return order < 0 || (order === 0 && a.instance.arn < b.instance.arn);
}
