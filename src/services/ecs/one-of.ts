import { invalidParameter } from './errors.ts';

/** A member that has one of a few values or none. Throws `InvalidParameterException` for another. */
export function checkOneOf(member: string, value: string | undefined, values: readonly string[]): void {
  if (value === undefined || values.includes(value)) return;
  throw invalidParameter(`${member} must be one of ${values.join(', ')}, but was ${value}`);
}
