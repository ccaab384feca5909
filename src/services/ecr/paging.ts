import { invalidParameter } from './errors.ts';

/**
 * One page of `items`, ordered by `keyOf`; the token names the last key of the page before, so that it stays good while
 * items come and go. Pages hold 100 unless asked otherwise, at most 1000.
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  request: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): { items: Item[]; nextToken?: string } {
  const { maxResults = 100, nextToken } = request;
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > 1000) {
    throw invalidParameter('maxResults', 'must be a whole number between 1 and 1000');
  }
  const after = nextToken === undefined ? undefined : Buffer.from(nextToken, 'base64url').toString();
  if (after?.startsWith('after:') === false) throw invalidParameter('nextToken', 'must be a token of a former answer');
  const sorted = items.map((item) => ({ key: `after:${keyOf(item)}`, item })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => key > after);
  const last = rest[maxResults - 1];
  const more = rest.length > maxResults && last !== undefined;
  return {
    items: rest.slice(0, maxResults).map(({ item }) => item),
    ...(more ? { nextToken: Buffer.from(last.key).toString('base64url') } : {}),
  };
}
