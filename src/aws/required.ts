import { AwsError } from '../base/errors.ts';
import type { Operation } from './schema/model.ts';
import type { Member, Shape, Structure } from './schema/shape.ts';
import { queryName } from './codec/query.ts';

/** Throws the service's validation error when a member that the model requires is missing, at any depth. */
export function checkRequired(operation: Operation, input: Readonly<Record<string, unknown>>): void {
  if (needsCheck(operation.input)) checkStructure(operation, operation.input, input, '');
}

function checkStructure(operation: Operation, shape: Structure, value: object, path: string): void {
  const values = value as Readonly<Record<string, unknown>>;
  for (const member of shape.required) {
    if (values[member.name] === undefined) throw missing(operation, member, path);
  }
  for (const member of shape.members) {
    const item = values[member.name];
    if (item === undefined || !needsCheck(member.shape)) continue;
    checkValue(operation, member.shape, item, `${path}${nameOf(operation, member)}`);
  }
}

function checkValue(operation: Operation, shape: Shape, value: unknown, path: string): void {
  if (shape.kind === 'structure') checkStructure(operation, shape, value as object, `${path}.`);
  if (shape.kind === 'list') {
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      checkValue(operation, shape.value.shape, item, `${path}.${index + 1}`);
    }
  }
  if (shape.kind === 'map') {
    for (const [key, item] of Object.entries(value as object)) {
      checkValue(operation, shape.value.shape, item, `${path}.${key}`);
    }
  }
}

const checked = new WeakMap<Shape, boolean>();

/** Whether anything below a shape is required, so that most inputs are not walked at all. */
function needsCheck(shape: Shape): boolean {
  const known = checked.get(shape);
  if (known !== undefined) return known;
  // Of a shape that holds itself: what is inside decides.
  checked.set(shape, false);
  const needed =
    shape.kind === 'structure'
      ? shape.required.length > 0 || shape.members.some((member) => needsCheck(member.shape))
      : (shape.kind === 'list' || shape.kind === 'map') && needsCheck(shape.value.shape);
  checked.set(shape, needed);
  return needed;
}

function nameOf(operation: Operation, member: Member): string {
  const isEc2 = operation.service.row.protocols[0] === 'ec2-query';
  if (isEc2) return queryName({ ec2: true, refusesUnknown: false }, member);
  return member.name.charAt(0).toLowerCase() + member.name.slice(1);
}

/** The sentences of EC2 and of the services that answer for themselves through AWS's common validation. */
function missing(operation: Operation, member: Member, path: string): AwsError {
  const { row } = operation.service;
  const name = `${path}${nameOf(operation, member)}`;
  const message =
    row.protocols[0] === 'ec2-query'
      ? `The request must contain the parameter ${name}`
      : `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`;
  return new AwsError(row.missingCode, row.missingMessage ?? message);
}
