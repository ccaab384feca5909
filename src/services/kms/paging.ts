import { checkRange } from '../constraints.ts';
import { kmsErrors } from './errors.ts';

/** A page of `rows`: as many as `Limit` says from the one that `Marker` names, in the order of `keyOf`. */
export function page<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  input: { readonly Limit?: number | undefined; readonly Marker?: string | undefined },
  limits: { readonly otherwise: number; readonly most: number },
): { readonly rows: readonly Row[]; readonly Truncated: boolean; readonly NextMarker?: string } {
  checkRange('limit', input.Limit, 1, limits.most);
  const after = input.Marker === undefined ? undefined : readMarker(input.Marker);
  const sorted = rows
    .map((row) => ({ row, key: keyOf(row) }))
    .filter(({ key }) => after === undefined || key > after)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const shown = sorted.slice(0, input.Limit ?? limits.otherwise);
  const last = shown.at(-1);
  return {
    rows: shown.map(({ row }) => row),
    ...(last === undefined || shown.length === sorted.length
      ? { Truncated: false }
      : { Truncated: true, NextMarker: Buffer.from(`k:${last.key}`).toString('base64') }),
  };
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString();
  if (!text.startsWith('k:')) throw kmsErrors.invalidMarker();
  return text.slice(2);
}
