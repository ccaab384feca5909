import { refused } from './errors.ts';

/** How many items a page has; CodeDeploy does not let clients choose. */
const pageSize = 100;

/** One page of `items`, in their order; a token names the last key of the page before. */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  nextToken: string | undefined,
): { readonly items: readonly Item[]; readonly next: { nextToken?: string } } {
  let start = 0;
  if (nextToken !== undefined) {
    const after = Buffer.from(nextToken, 'base64url').toString();
    start = items.findIndex((item) => keyOf(item) === after) + 1;
    if (start === 0) throw refused('InvalidNextToken', 'The next token is invalid.');
  }
  const part = items.slice(start, start + pageSize);
  const last = part.at(-1);
  const more = start + pageSize < items.length && last !== undefined;
  return { items: part, next: more ? { nextToken: Buffer.from(keyOf(last)).toString('base64url') } : {} };
}
