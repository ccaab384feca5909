import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import { parseInstanceQuery } from '../../model/ecs/instance-subjects.ts';
import { QueryError } from '../../model/ecs/query.ts';
import { invalidParameter } from './errors.ts';
import { checkOneOf } from './one-of.ts';

/** Reads the constraints of a request ("PlacementConstraint", ECS API Reference). Throws `InvalidParameterException`. */
export function readConstraints(input: readonly PlacementConstraint[]): PlacementConstraint[] {
  // "Amazon ECS service quotas".
  if (input.length > 10) throw invalidParameter('placementConstraints can have at most 10 items.');
  return input.map(({ type, expression }) => {
    if (type === undefined) throw invalidParameter('Placement constraint type can not be blank.');
    checkOneOf('placementConstraints.type', type, ['distinctInstance', 'memberOf']);
    const text = expression === '' ? undefined : expression;
    if (type === 'distinctInstance' && text !== undefined) {
      throw invalidParameter("Placement constraints of the type 'distinctInstance' can not have an expression.");
    }
    if (type === 'memberOf') checkExpression(text);
    return { type, ...given('expression', text) };
  });
}

function checkExpression(text: string | undefined): void {
  if (text === undefined) {
    throw invalidParameter("Placement constraints of the type 'memberOf' must have an expression.");
  }
  if (text.length > 2000) throw invalidParameter('A placement constraint expression can have at most 2000 characters.');
  try {
    parseInstanceQuery(text);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw invalidParameter(`Invalid placement constraint expression '${text}': ${error.message}.`);
  }
}

/** Reads a strategy, with its fields as ECS shows them ("PlacementStrategy", ECS API Reference). Throws `InvalidParameterException`. */
export function readStrategyOf(input: readonly PlacementStrategy[]): PlacementStrategy[] {
  if (input.length > 5) throw invalidParameter('placementStrategy can have at most 5 items.');
  return input.map(({ type, field = '' }) => {
    if (type === undefined) throw invalidParameter('Placement strategy type can not be blank.');
    checkOneOf('placementStrategy.type', type, ['random', 'spread', 'binpack']);
    // It has none: whatever is said is not used.
    if (type === 'random') return { type };
    return { type, field: type === 'spread' ? spreadField(field) : packedField(field) };
  });
}

function spreadField(field: string): string {
  if (field === 'host' || field === 'instanceId') return 'instanceId';
  if (/^attribute:.+$/.test(field)) return field;
  throw invalidParameter(
    `The field of the placement strategy 'spread' must be instanceId, host or attribute:<name>, but was '${field}'.`,
  );
}

function packedField(field: string): string {
  const known = ['CPU', 'MEMORY'].find((one) => one === field.toUpperCase());
  if (known !== undefined) return known;
  throw invalidParameter(`The field of the placement strategy 'binpack' must be cpu or memory, but was '${field}'.`);
}
