import { cloudWatchErrors } from './errors.ts';

/** A part of `items`, from where the token says, and the token of the next. */
export function page<Item>(
  items: readonly Item[],
  size: number,
  token: string | undefined,
): { items: readonly Item[]; next: { NextToken?: string } } {
  const from = token === undefined ? 0 : readToken(token);
  const until = from + size;
  return { items: items.slice(from, until), next: until < items.length ? { NextToken: tokenOf(until) } : {} };
}

/** The token of a place. */
export function tokenOf(at: number): string {
  return Buffer.from(`at ${at}`).toString('base64url');
}

/** The place of a token; `InvalidNextToken` for one that is not ours. */
export function readToken(token: string): number {
  const found = /^at (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (found === undefined) throw cloudWatchErrors.invalidToken();
  return Number(found);
}
