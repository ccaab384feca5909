import type { Filter } from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { scopeOf } from '../../model/tags.ts';
import { badCombination, invalidValue } from './errors.ts';
import { matcher, tagFilters, type Filters } from './filters.ts';
import type { Call } from './operation.ts';
import { checkId, find, type Kind, type Resource } from './resources.ts';

/** How a Describe operation is asked. */
export interface DescribeRequest {
  /** Only these; each must exist. */
  readonly ids?: readonly string[] | undefined;
  /** The name of the member the ids came in, as messages have it. */
  readonly idsName: string;
  readonly filters?: readonly Filter[] | undefined;
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/**
 * The rows that a Describe operation answers. Malformed ids are refused before unknown ones, as EC2 does; `filters` are
 * the operation's own, beside those on tags and on the owner.
 */
export function describeRows<Row extends Resource>(
  call: Call,
  kind: Kind<Row>,
  request: DescribeRequest,
  filters: Filters<Row>,
): { rows: Row[]; nextToken?: string } {
  const { ids = [], idsName } = request;
  if (ids.length > 0 && request.maxResults !== undefined) {
    throw badCombination(`The parameter ${idsName} cannot be used with the parameter maxResults`);
  }
  for (const id of ids) checkId(kind, id);
  const matches = matcher<Row>({ 'owner-id': (row) => row.account, ...tagFilters, ...filters }, request.filters);
  const all =
    ids.length > 0
      ? [...new Set(ids)].map((id) => find(call, kind, id, idsName))
      : call.tx.by(kind.table, 'scope', scopeOf(call));
  const { items, ...rest } = page(all.filter(matches), (row) => kind.table.key(row), request);
  return { rows: items, ...rest };
}

/**
 * One page of `items`: all of them unless the request says how many. A token names the last key of the page before, so
 * that it stays good while items come and go.
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  request: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): { items: Item[]; nextToken?: string } {
  const { maxResults, nextToken } = request;
  if (maxResults === undefined && (nextToken === undefined || nextToken === '')) return { items: [...items] };
  const size = maxResults ?? 1000;
  if (size < 5) {
    throw invalidValue(
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.`,
    );
  }
  if (size > 1000) {
    throw invalidValue(`Value ( ${size} ) for parameter maxResults is invalid. Expecting a value less than 1000.`);
  }
  const after = nextToken === undefined || nextToken === '' ? '' : keyIn(nextToken);
  const sorted = items
    .map((item) => ({ key: keyOf(item), item }))
    .filter(({ key }) => key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const last = sorted[size - 1];
  return {
    items: sorted.slice(0, size).map(({ item }) => item),
    ...(sorted.length > size && last !== undefined ? { nextToken: tokenOf(last.key) } : {}),
  };
}

function tokenOf(key: string): string {
  return Buffer.from(`after:${key}`).toString('base64url');
}

function keyIn(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('after:')) throw new AwsError('InvalidNextToken', `The token '${token}' is invalid`);
  return text.slice('after:'.length);
}
