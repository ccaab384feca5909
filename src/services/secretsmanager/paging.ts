import { checkRange } from '../constraints.ts';
import { secretErrors } from './errors.ts';

/** A page of `rows` in the order of `keyOf`: at most `MaxResults`, after the one that `NextToken` names. */
export function page<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  input: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
  most: number,
  descending = false,
): { readonly rows: readonly Row[]; readonly rest: { readonly NextToken?: string } } {
  checkRange('maxResults', input.MaxResults, 1, most);
  const after = input.NextToken === undefined ? undefined : readToken(input.NextToken);
  const sorted = rows
    .map((row) => ({ row, key: keyOf(row) }))
    .filter(({ key }) => after === undefined || (descending ? key < after : key > after))
    .toSorted((a, b) => (a.key < b.key === descending ? 1 : -1));
  const shown = sorted.slice(0, input.MaxResults ?? most);
  const last = shown.at(-1);
  const more = last !== undefined && shown.length < sorted.length;
  return {
    rows: shown.map(({ row }) => row),
    rest: more ? { NextToken: Buffer.from(`s:${last.key}`).toString('base64') } : {},
  };
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith('s:')) throw secretErrors.invalidToken();
  return text.slice(2);
}
