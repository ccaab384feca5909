import type { Filter } from '@aws-sdk/client-ec2';
import { invalidValue } from './errors.ts';

/** What a filter compares: the texts that a row has under the filter's name. */
export type FilterValue = string | readonly string[] | undefined;

/** The filters of an operation: name → what a row has under it. */
export type Filters<Row> = Readonly<Record<string, (row: Row) => FilterValue>>;

/**
 * Makes one test of a request's filters ("Filter", EC2 API Reference): every filter must match, each by any of its
 * values, in which `*` stands for any text and `?` for one character. Throws for a name that the operation lacks.
 */
export function matcher<Row>(known: Filters<Row>, asked: readonly Filter[] | undefined): (row: Row) => boolean {
  const tests = (asked ?? []).map(({ Name: name, Values: values = [] }) => {
    const valueOf = filterNamed(known, name);
    const patterns = values.map(patternOf);
    return (row: Row): boolean => {
      const value = valueOf(row);
      if (value === undefined) return false;
      const texts = typeof value === 'string' ? [value] : value;
      return texts.some((text) => patterns.some((pattern) => pattern(text)));
    };
  });
  return (row) => tests.every((test) => test(row));
}

function filterNamed<Row>(known: Filters<Row>, name: string | undefined): (row: Row) => FilterValue {
  const tagOf = known['tag:'];
  const direct = name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined;
  if (direct !== undefined && direct !== tagOf) return direct;
  if (tagOf !== undefined && name?.startsWith('tag:') === true && name.length > 4) {
    const key = name.slice(4);
    return (row) => {
      const pairs = tagOf(row);
      return listed(pairs).flatMap((pair) => (pair.startsWith(`${key}=`) ? [pair.slice(key.length + 1)] : []));
    };
  }
  throw invalidValue(`The filter '${name ?? 'null'}' is invalid`);
}

function listed(value: FilterValue): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** The filters on tags that every taggable resource has: `tag:<key>` and `tag-key`. */
export const tagFilters: Filters<{ readonly tags: readonly { readonly key: string; readonly value: string }[] }> = {
  'tag:': ({ tags }) => tags.map(({ key, value }) => `${key}=${value}`),
  'tag-key': ({ tags }) => tags.map(({ key }) => key),
};

/** The test of one filter value; `\` takes the meaning from the wildcard after it. */
function patternOf(value: string): (text: string) => boolean {
  if (!/[*?\\]/.test(value)) return (text) => text === value;
  const source = value.replace(/\\[*?\\]|[*?]|[^*?]/gs, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return RegExp.escape(part.length === 2 && part.startsWith('\\') ? part.slice(1) : part);
  });
  const pattern = new RegExp(`^${source}$`, 's');
  return (text) => pattern.test(text);
}
