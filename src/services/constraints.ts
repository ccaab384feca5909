import { AwsError } from '../base/errors.ts';

/** How a value breaks its model, in the words that AWS's services share. */
export interface Constraint {
  /** Its path in the input: `tags.1.member.tagKey`. */
  readonly member: string;
  readonly value: unknown;
  /** What must hold: `Member must not be null`. */
  readonly must: string;
  /** The value is not to be seen in messages. */
  readonly sensitive?: boolean;
}

/** `ValidationException` for values that break the constraints of the model, all of them in one message. */
export function violated(...broken: readonly Constraint[]): AwsError {
  const each = broken.map(({ member, value, must, sensitive }) => {
    const shown = sensitive === true ? 'Value' : `Value '${typeof value === 'string' ? value : JSON.stringify(value)}'`;
    return `${shown} at '${member}' failed to satisfy constraint: ${must}`;
  });
  const count = `${each.length} validation error${each.length === 1 ? '' : 's'} detected`;
  return new AwsError('ValidationException', `${count}: ${each.join('; ')}`);
}

/** Checks a text's or list's length. */
export function checkLength(
  member: string,
  value: { readonly length: number } | undefined,
  least: number,
  most: number,
  options: { readonly sensitive?: boolean } = {},
): void {
  if (value === undefined) return;
  const { length } = value;
  if (length < least) {
    throw violated({ member, value, must: `Member must have length greater than or equal to ${least}`, ...options });
  }
  if (length > most) {
    throw violated({ member, value, must: `Member must have length less than or equal to ${most}`, ...options });
  }
}

/** Checks a number's bounds, and answers it. */
export function checkRange(member: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (value < least)
    throw violated({ member, value, must: `Member must have value greater than or equal to ${least}` });
  if (value > most) throw violated({ member, value, must: `Member must have value less than or equal to ${most}` });
}

/** Checks that a text is one of a set. */
export function checkEnum<Value extends string>(
  member: string,
  value: string | undefined,
  set: readonly Value[],
): asserts value is Value | undefined {
  if (value === undefined || (set as readonly string[]).includes(value)) return;
  throw violated({ member, value, must: `Member must satisfy enum value set: [${set.join(', ')}]` });
}

/** Checks a text's pattern, which must hold for the whole of it. */
export function checkPattern(member: string, value: string | undefined, pattern: RegExp): void {
  if (value === undefined || pattern.test(value)) return;
  throw violated({ member, value, must: `Member must satisfy regular expression pattern: ${pattern.source}` });
}
