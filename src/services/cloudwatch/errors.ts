import { AwsError } from '../../base/errors.ts';

/** CloudWatch's errors ("Errors" of each operation, CloudWatch API Reference). */
export const cloudWatchErrors = {
  value: (message: string) => new AwsError('InvalidParameterValueException', message),
  combination: (message: string) => new AwsError('InvalidParameterCombinationException', message),
  missing: (name: string) => new AwsError('MissingRequiredParameterException', `The parameter ${name} is required.`),
  validation: (message: string) => new AwsError('ValidationError', message),
  invalidToken: () => new AwsError('InvalidNextToken', 'The specified nextToken is invalid.'),
  alarmNotFound: (name: string) => new AwsError('ResourceNotFound', `Alarm ${name} does not exist`, { status: 404 }),
} as const;

/** What is not acted on is refused, naming it, and never taken silently. */
export function notSupported(what: string): AwsError {
  return cloudWatchErrors.validation(`${what} is not supported by Stowage yet`);
}

/** The sentence of AWS's common validation. */
export function constraint(member: string, value: unknown, must: string): AwsError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return cloudWatchErrors.validation(
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: Member must ${must}`,
  );
}

/** Checks a text's or list's length. */
export function checkLength(
  member: string,
  value: { readonly length: number } | undefined,
  least: number,
  most: number,
): void {
  if (value === undefined) return;
  if (value.length < least) throw constraint(member, value, `have length greater than or equal to ${least}`);
  if (value.length > most) throw constraint(member, value, `have length less than or equal to ${most}`);
}

/** Checks that a text is one of a set. */
export function checkEnum<Value extends string>(
  member: string,
  value: string | undefined,
  set: readonly Value[],
): asserts value is Value | undefined {
  if (value === undefined || (set as readonly string[]).includes(value)) return;
  throw constraint(member, value, `satisfy enum value set: [${set.join(', ')}]`);
}

/** Checks a number's bounds. */
export function checkRange(member: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (value < least) throw constraint(member, value, `have value greater than or equal to ${least}`);
  if (value > most) throw constraint(member, value, `have value less than or equal to ${most}`);
}
