import { combination, compare, FilterScanner, type Test } from './filter-scanner.ts';

type Condition = (event: unknown) => boolean;

/** `{ $.a.b = "x*" && ($.n > 1 || $.list[*] IS TRUE) }`: conditions on the members of messages that are JSON. */
export function jsonPattern(text: string): Test {
  const scanner = new FilterScanner(text);
  scanner.expect('{');
  const condition = combination(scanner, () => leaf(scanner));
  scanner.expect('}');
  if (!scanner.done) throw scanner.error('nothing may follow }');
  return (message) => {
    if (!/^\s*[{[]/.test(message)) return false;
    let event: unknown;
    try {
      event = JSON.parse(message);
    } catch {
      return false;
    }
    return condition(event);
  };
}

function leaf(scanner: FilterScanner): Condition {
  const select = selector(scanner);
  if (scanner.match(/NOT\s+EXISTS\b/) !== undefined) return (event) => select(event).length === 0;
  const is = scanner.match(/IS\s+(?:NULL|TRUE|FALSE)\b/);
  if (is !== undefined) {
    const wanted = is.endsWith('NULL') ? null : is.endsWith('TRUE');
    return (event) => select(event).includes(wanted);
  }
  const how = scanner.comparison();
  if (how === undefined) throw scanner.error('expected a comparison, IS NULL, IS TRUE, IS FALSE or NOT EXISTS');
  const literal = scanner.literal(/[^\s&|(){}"]+/);
  return (event) =>
    select(event).some((value) => {
      if (typeof value === 'string' || typeof value === 'number') return compare(value, how, literal);
      if (typeof value === 'boolean') return compare(String(value), how, literal);
      return false;
    });
}

/** `$.name`, `$["name"]`, `$[0]`, `$[*]`, one after another: every value found there, none when there is no such member. */
function selector(scanner: FilterScanner): (event: unknown) => unknown[] {
  scanner.expect('$');
  const steps: (string | number | undefined)[] = [];
  for (;;) {
    if (scanner.take('.')) {
      const name = scanner.match(/[\w-]+/);
      if (name === undefined) throw scanner.error('expected a member name');
      steps.push(name);
    } else if (scanner.take('[')) {
      const name = scanner.quoted() ?? scanner.match(/'[^']*'/)?.slice(1, -1);
      const index = name === undefined ? scanner.match(/\d+|\*/) : undefined;
      if (name === undefined && index === undefined) throw scanner.error('expected an index, * or a quoted name');
      scanner.expect(']');
      steps.push(name ?? (index === '*' ? undefined : Number(index)));
    } else break;
  }
  if (steps.length === 0) throw scanner.error('expected a selector such as $.name');
  return (event) => steps.reduce<unknown[]>((found, step) => found.flatMap((value) => members(value, step)), [event]);
}

function members(value: unknown, step: string | number | undefined): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step === undefined) return Array.isArray(value) ? value : [];
  if (typeof step === 'number') return Array.isArray(value) && step < value.length ? [value[step]] : [];
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
}
