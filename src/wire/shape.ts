/** That a message is not of the form it should have; the text says where. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** Reads a value of unknown form: answers it as what it is, without members that nobody asked for, or throws. */
export type Shape<Value> = (value: unknown, at: string) => Value;

function malformed(at: string, what: string): never {
  throw new MalformedMessageError(`${at} is not ${what}`);
}

/** A text, the empty one too. */
export const text: Shape<string> = (value, at) => (typeof value === 'string' ? value : malformed(at, 'a string'));

/** A finite number. */
export const number: Shape<number> = (value, at) =>
  typeof value === 'number' && Number.isFinite(value) ? value : malformed(at, 'a number');

/** A whole number that is exact. */
export const integer: Shape<number> = (value, at) =>
  Number.isSafeInteger(value) ? (value as number) : malformed(at, 'an integer');

export const boolean: Shape<boolean> = (value, at) => (typeof value === 'boolean' ? value : malformed(at, 'a boolean'));

/** One of these texts. */
export function oneOf<const Text extends string>(...texts: readonly Text[]): Shape<Text> {
  return (value, at) => texts.find((each) => each === value) ?? malformed(at, `one of ${texts.join(', ')}`);
}

/** A list of values of one form; Go's way of saying that one is empty, null, is taken for that. */
export function list<Value>(item: Shape<Value>): Shape<Value[]> {
  return (value, at) => {
    if (value === null) return [];
    return Array.isArray(value) ? value.map((each, index) => item(each, `${at}[${index}]`)) : malformed(at, 'a list');
  };
}

type Values<Shapes> = { [Name in keyof Shapes]: Shapes[Name] extends Shape<infer Value> ? Value : never };

/** An object: these members it must have, and those it may have (null counts as absent). */
export function object<Needed extends Record<string, Shape<unknown>>, Optional extends Record<string, Shape<unknown>>>(
  needed: Needed,
  optional?: Optional,
): Shape<Values<Needed> & Partial<Values<Optional>>> {
  const wanted = Object.entries(needed);
  const allowed = Object.entries(optional ?? {});
  return (value, at) => {
    const members = membersOf(value, at);
    const read: Record<string, unknown> = {};
    for (const [name, shape] of wanted) read[name] = shape(members[name], `${at}.${name}`);
    for (const [name, shape] of allowed) {
      const member = members[name];
      if (member !== undefined && member !== null) read[name] = shape(member, `${at}.${name}`);
    }
    return read as Values<Needed> & Partial<Values<Optional>>;
  };
}

function membersOf(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed(at, 'an object');
  return value as Record<string, unknown>;
}
