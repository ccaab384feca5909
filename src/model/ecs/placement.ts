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

/**
 * Finds instances for `count` tasks of a kind, one after the other: in the zone that has fewest of them, and there where most memory is
 * free ("Amazon ECS task placement": spread over zones unless told otherwise). DRAINING instances take none. What the
 * first task without a place failed at is told of each instance; further ones would fail in the same way.
 */
export function placeTasks(
  needs: TaskNeeds,
  candidates: readonly Candidate[],
  count: number,
): { readonly placed: readonly ContainerInstance[]; readonly failures: readonly PlacementFailure[] } {
  let open = candidates.filter(({ instance }) => instance.status === 'ACTIVE');
  const placed: ContainerInstance[] = [];
  while (placed.length < count) {
    const best = bestOf(
      open.filter((candidate) => obstacle(candidate, needs) === undefined),
      open,
    );
    if (best === undefined) {
      const failures = open.flatMap((candidate): PlacementFailure[] => {
        const reason = obstacle(candidate, needs);
        return reason === undefined ? [] : [{ instance: candidate.instance, reason }];
      });
      return { placed, failures };
    }
    placed.push(best.instance);
    open = open.map((candidate) => (candidate === best ? afterTaking(candidate, needs) : candidate));
  }
  return { placed, failures: [] };
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

function bestOf(able: readonly Candidate[], all: readonly Candidate[]): Candidate | undefined {
  const inZone = (zone: string | undefined): number =>
    all.filter(({ instance }) => instance.availabilityZone === zone).reduce((sum, { kin }) => sum + kin, 0);
  return able.toSorted(
    (a, b) =>
      inZone(a.instance.availabilityZone) - inZone(b.instance.availabilityZone) ||
      b.remaining.memory - a.remaining.memory ||
      (a.instance.arn < b.instance.arn ? -1 : 1),
  )[0];
}
