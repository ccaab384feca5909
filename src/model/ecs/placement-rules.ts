import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { Candidate } from './placement.ts';
import { attributeOf, isMeant, parseInstanceQuery } from './instance-subjects.ts';
import type { Query } from './query.ts';

/** How tasks are to be placed: what an instance must be, and which of those that are is chosen ("Amazon ECS task placement"). */
export interface PlacementRules {
  /** No two tasks of a kind stand on one instance. */
  readonly distinct: boolean;
  /** The expressions of `memberOf`: an instance is to be meant by each. */
  readonly members: readonly Query[];
  /** The first decides, and the next where it does not. */
  readonly strategy: readonly PlacementStrategy[];
  /** The group of the tasks that are placed, for expressions that ask for it. */
  readonly group?: string;
}

/** The rules that a list of constraints and a strategy make, all of them checked before. Throws `QueryError`. */
export function placementRules(
  constraints: readonly PlacementConstraint[],
  strategy: readonly PlacementStrategy[],
  group?: string,
): PlacementRules {
  return {
    distinct: constraints.some(({ type }) => type === 'distinctInstance'),
    members: constraints.flatMap(({ type, expression = '' }) =>
      type === 'memberOf' ? [parseInstanceQuery(expression)] : [],
    ),
    strategy,
    ...given('group', group),
  };
}

/** Whether an instance is one of those that `memberOf` leaves. */
export function isMember(rules: PlacementRules | undefined, candidate: Candidate): boolean {
  return rules?.members.every((query) => isMeant(query, candidate)) ?? true;
}

/** How good a candidate is for the next task by one point of view: the lowest is chosen. */
export type Score = (candidate: Candidate, index: number) => number;

/**
 * The points of view of a strategy, in their order ("Use strategies to define Amazon ECS task placement"): `spread` looks for the value of
 * its field under which fewest tasks of the kind stand, `binpack` for the instance with least left of what it is to save, `random` for any.
 * Where all of them find several alike, the kind is spread over zones, and the most free memory decides.
 */
export function scoresOf(
  rules: PlacementRules | undefined,
  candidates: readonly Candidate[],
  random: () => number,
): readonly Score[] {
  const scores = (rules?.strategy ?? []).map(({ type, field = '' }): Score => {
    if (type === 'random') {
      const drawn = candidates.map(random);
      return (_, index) => drawn[index] ?? 0;
    }
    if (type === 'binpack')
      return field === 'CPU' ? ({ remaining }) => remaining.cpu : ({ remaining }) => remaining.memory;
    return spreadOver(candidates, field === 'instanceId' ? ({ instance }) => instance.arn : valueOf(field));
  });
  return [...scores, spreadOver(candidates, zoneOf), ({ remaining }) => -remaining.memory];
}

function zoneOf({ instance }: Candidate): string {
  return instance.availabilityZone ?? '';
}

function valueOf(field: string): (candidate: Candidate) => string {
  return field === 'attribute:ecs.availability-zone' ? zoneOf : ({ instance }) => attributeOf(instance, field) ?? '';
}

function spreadOver(candidates: readonly Candidate[], valueOfOne: (candidate: Candidate) => string): Score {
  const kin = new Map<string, number>();
  for (const candidate of candidates) {
    const value = valueOfOne(candidate);
    kin.set(value, (kin.get(value) ?? 0) + candidate.kin);
  }
  return (candidate) => kin.get(valueOfOne(candidate)) ?? 0;
}
