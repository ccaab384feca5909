import type { Position } from '../../store/logs/events.ts';
import { logsErrors } from './checks.ts';

/**
 * One page of rows that are in the order of `keyOf`. The token is the key of the last row before the page, so that rows
 * that come or go in between neither repeat nor hide others.
 */
export function page<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  options: { readonly limit: number; readonly token: string | undefined; readonly descending?: boolean },
): { readonly rows: Row[]; readonly nextToken?: string } {
  const direction = options.descending === true ? -1 : 1;
  const after = options.token === undefined ? undefined : readToken(options.token);
  const keyed = rows
    .map((row) => ({ row, key: keyOf(row) }))
    .filter(({ key }) => after === undefined || compare(key, after) * direction > 0)
    .sort((a, b) => compare(a.key, b.key) * direction);
  const taken = keyed.slice(0, options.limit);
  const last = taken.at(-1);
  return {
    rows: taken.map(({ row }) => row),
    ...(last === undefined || keyed.length <= taken.length ? {} : { nextToken: writeToken(last.key) }),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function writeToken(key: string): string {
  return Buffer.from(`k:${key}`).toString('base64url');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('k:')) throw badToken();
  return text.slice(2);
}

function badToken(): Error {
  return logsErrors.invalid('The specified nextToken is invalid.');
}

/** A position as 56 digits, as AWS's event ids and tokens are. */
export function digitsOf({ at, id }: Position): string {
  return String(at).padStart(20, '0') + String(id).padStart(36, '0');
}

/** The token of a position for reading on; `f/…/s` and `b/…/s` in GetLogEvents. */
export function eventToken(kind: 'f' | 'b' | 's', position: Position): string {
  return kind === 's' ? digitsOf(position) : `${kind}/${digitsOf(position)}/s`;
}

/** Reads a token that `eventToken` made. */
export function readEventToken(token: string): { readonly kind: 'f' | 'b' | 's'; readonly position: Position } {
  const match = /^(?:([fb])\/(\d{20})(\d{36})\/s|(\d{20})(\d{36}))$/.exec(token);
  if (match === null) throw badToken();
  const [, kind, at, id, searchAt, searchId] = match;
  return {
    kind: (kind ?? 's') as 'f' | 'b' | 's',
    position: { at: Number(at ?? searchAt), id: Number(id ?? searchId) },
  };
}
