import { invalidParameter } from './errors.ts';

/** How a list is asked for a page at a time. */
export interface PageRequest {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/**
 * One page of `items`, ordered by `keyOf`, of those that `matches`, which is asked only of as many as it takes. A token names the
 * last key of the page before, so that it stays good while items come and go. Throws `InvalidParameterException` for a
 * token that is not ours, or a size not in 1–100.
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  request: PageRequest,
  options: { defaultSize?: number; descending?: boolean; matches?: (item: Item) => boolean } = {},
): { items: Item[]; nextToken?: string } {
  const size = request.maxResults ?? options.defaultSize ?? 100;
  if (size < 1 || size > 100) throw invalidParameter('maxResults must be between 1 and 100.');
  const sign = options.descending === true ? -1 : 1;
  const compare = (a: string, b: string): number => (a < b ? -sign : a > b ? sign : 0);
  const sorted = items.map((item) => ({ key: keyOf(item), item })).sort((a, b) => compare(a.key, b.key));
  const after = request.nextToken === undefined ? undefined : decode(request.nextToken);
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => compare(key, after) > 0);
  const found: typeof rest = [];
  for (const each of rest) {
    if (options.matches?.(each.item) === false) continue;
    found.push(each);
    if (found.length > size) break;
  }
  const last = found[size - 1];
  return {
    items: found.slice(0, size).map(({ item }) => item),
    ...(found.length > size && last !== undefined ? { nextToken: encode(last.key) } : {}),
  };
}

function encode(key: string): string {
  return Buffer.from(`after:${key}`).toString('base64url');
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('after:')) throw invalidParameter('The specified nextToken is not valid.');
  return text.slice('after:'.length);
}
