import { given } from '../../base/given.ts';
import type { Scoped } from '../tags.ts';
import { attributesOf, type ContainerInstance, type HostPort, type InstanceResources } from './container-instance.ts';
import type { InstanceFacts } from './instance-subjects.ts';
import type { TaskNeeds } from './needs.ts';
import { isMember, scoresOf, type Score } from './placement-rules.ts';

/** An instance that a task may be put on, as it stands. */
export interface Candidate extends InstanceFacts {
  /** When its agent's connection ended, if there is none now, epoch milliseconds; a restart of the control plane ends all. */
  readonly lostAt?: number;
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
  | 'RESOURCE:ENI'
  | 'MemberOf placement constraint unsatisfied.'
  | 'DistinctInstance placement constraint unsatisfied.';

/** An instance that could not take a task. */
export interface PlacementFailure {
  readonly instance: ContainerInstance;
  readonly reason: PlacementReason;
  /** Of one whose agent is not connected: since when. */
  readonly lostAt?: number;
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
  'MemberOf placement constraint unsatisfied.',
  'DistinctInstance placement constraint unsatisfied.',
];

/** Why an instance cannot take a task; `undefined` when it can. */
export function obstacle(candidate: Candidate, needs: TaskNeeds): PlacementReason | undefined {
  const { instance, remaining } = candidate;
  if (instance.status === 'INACTIVE') return 'INACTIVE';
  if (!candidate.connected) return 'AGENT';
  const attributes = attributesOf(instance.attributes);
  const has = (name: string, value: string | undefined): boolean =>
    value === undefined ? attributes.has(name) : attributes.get(name) === value;
  if (!needs.attributes.every(({ name, value }) => has(name, value))) return 'ATTRIBUTE';
  if (needs.zones !== undefined && !needs.zones.includes(instance.availabilityZone ?? '')) return 'LOCATION';
  if (needs.cpu > remaining.cpu) return 'RESOURCE:CPU';
  if (needs.memory > remaining.memory) return 'RESOURCE:MEMORY';
  const isUsed = (wanted: HostPort): boolean =>
    remaining.ports.some(({ port, protocol }) => port === wanted.port && protocol === wanted.protocol);
  if (needs.ports.some(isUsed)) return 'RESOURCE:PORTS';
  // No machine offers any.
  if (needs.gpu) return 'RESOURCE:GPU';
  if (needs.ownInterface && candidate.interfacesInUse >= instance.taskInterfaces) return 'RESOURCE:ENI';
  // Constraints come after resources ("How Amazon ECS places tasks on container instances").
  if (!isMember(needs.rules, candidate)) return 'MemberOf placement constraint unsatisfied.';
  if (needs.rules?.distinct === true && candidate.kin > 0) return 'DistinctInstance placement constraint unsatisfied.';
  return undefined;
}

/**
 * Whether an instance is what a task asks for, whether or not it has room or an agent now: such ones ought to have a task of a
 * daemon service ("Daemon scheduling strategy", ECS Developer Guide).
 */
export function isPlaceFor(needs: TaskNeeds, candidate: Candidate): boolean {
  if (candidate.instance.status !== 'ACTIVE') return false;
  const reason = obstacle({ ...candidate, connected: true }, needs);
  return reason !== 'ATTRIBUTE' && reason !== 'LOCATION' && isMember(needs.rules, candidate);
}

/** What is left of a candidate once tasks of these needs are on it that are to come first. */
export function reservedFor(candidate: Candidate, needs: TaskNeeds): Candidate {
  return { ...afterTaking(candidate, needs), groups: candidate.groups, kin: candidate.kin };
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
  /** By what it was chosen, `spread(instanceId)`; absent where nobody asked for a strategy. */
  readonly strategy?: readonly string[];
  /** The tasks of its kind that stood in its zone then; unless a strategy was asked for, no zone with an able instance had fewer. */
  readonly kinInZone: number;
  /** MiB that were free on its instance; unless a strategy was asked for, no able one of the zone had more. */
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
 * Finds instances for `count` tasks of a kind, one after the other, as their rules say; without any in the zone that has fewest of them, and there
 * where most memory is free ("Amazon ECS task placement": spread over zones unless told otherwise). DRAINING instances take none. What the
 * first task without a place failed at is told of each instance; further ones would fail in the same way. `random` draws from [0, 1).
 */
export function placeTasks(
  needs: TaskNeeds,
  candidates: readonly Candidate[],
  count: number,
  random: () => number = () => 0,
): {
  readonly placed: readonly Placement[];
  readonly failures: readonly PlacementFailure[];
  /** What kept the first task without a place from each instance; empty where all were placed. */
  readonly excluded: readonly Exclusion[];
} {
  const draining = candidates.filter(({ instance }) => instance.status === 'DRAINING');
  const open = candidates.filter(({ instance }) => instance.status === 'ACTIVE');
  const placed: Placement[] = [];
  while (placed.length < count) {
    const exclusions = new Exclusions();
    for (const { instance } of draining) exclusions.add('DRAINING', instance);
    const scores = scoresOf(needs.rules, open, random);
    let best: number | undefined;
    let able = 0;
    for (const [index, candidate] of open.entries()) {
      const reason = obstacle(candidate, needs);
      if (reason !== undefined) {
        exclusions.add(reason, candidate.instance);
        continue;
      }
      able += 1;
      if (best === undefined || isBetter(scores, open, index, best)) best = index;
    }
    const chosen = best === undefined ? undefined : open[best];
    if (best === undefined || chosen === undefined) {
      const failures = open.flatMap((candidate): PlacementFailure[] => {
        const reason = obstacle(candidate, needs);
        const { instance, lostAt } = candidate;
        return reason === undefined ? [] : [{ instance, reason, ...given('lostAt', lostAt) }];
      });
      return { placed, failures, excluded: exclusions.all() };
    }
    const zone = chosen.instance.availabilityZone;
    const kinInZone = open.reduce((sum, { instance, kin }) => sum + (instance.availabilityZone === zone ? kin : 0), 0);
    placed.push({
      instance: chosen.instance,
      decision: {
        considered: candidates.length,
        able,
        excluded: exclusions.all(),
        ...(needs.rules === undefined || needs.rules.strategy.length === 0
          ? {}
          : {
              strategy: needs.rules.strategy.map(
                ({ type, field }) => `${type}${field === undefined ? '' : `(${field})`}`,
              ),
            }),
        kinInZone,
        memoryFree: chosen.remaining.memory,
      },
    });
    open[best] = afterTaking(chosen, needs);
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
  const { remaining, groups } = candidate;
  return {
    ...candidate,
    groups: needs.rules?.group === undefined ? groups : [...groups, needs.rules.group],
    remaining: {
      cpu: remaining.cpu - needs.cpu,
      memory: remaining.memory - needs.memory,
      ports: [...remaining.ports, ...needs.ports],
    },
    interfacesInUse: candidate.interfacesInUse + (needs.ownInterface ? 1 : 0),
    kin: candidate.kin + 1,
  };
}

/** Whether a task rather goes to the one at `a` than to the one at `b`, both able to take it. */
function isBetter(scores: readonly Score[], open: readonly Candidate[], a: number, b: number): boolean {
  const [one, other] = [open[a], open[b]];
  if (one === undefined || other === undefined) return false;
  for (const score of scores) {
    const order = score(one, a) - score(other, b);
    if (order !== 0) return order < 0;
  }
  return one.instance.arn < other.instance.arn;
}
