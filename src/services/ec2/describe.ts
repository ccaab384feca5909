import type { Filter } from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { scopeOf } from '../../model/tags.ts';
import { badCombination, invalidValue } from './errors.ts';
import { matcher, tagFilters, type Filters } from './filters.ts';
import type { Call } from './operation.ts';
import { checkId, find, type Kind, type Resource } from './resources.ts';

/** How every Describe operation can be asked. */
interface DescribeInput {
  readonly Filters?: readonly Filter[] | undefined;
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** The ids that a request names: only those are answered, and each must exist. `name` is their member in messages. */
interface NamedIds {
  readonly ids: readonly string[] | undefined;
  readonly name: string;
}

/**
 * The rows that a Describe operation answers, and the token of the next page as its output has it. Malformed ids are
 * refused before unknown ones, as EC2 does; `filters` are the operation's own, beside those on tags and on the owner.
 */
export function describeRows<Row extends Resource>(
  call: Call,
  kind: Kind<Row>,
  input: DescribeInput,
  { ids = [], name }: NamedIds,
  filters: Filters<Row>,
): { rows: Row[]; token: { NextToken?: string } } {
  if (ids.length > 0 && input.MaxResults !== undefined) {
    throw badCombination(`The parameter ${name} cannot be used with the parameter maxResults`);
  }
  for (const id of ids) checkId(kind, id);
  const matches = matcher<Row>({ 'owner-id': (row) => row.account, ...tagFilters, ...filters }, input.Filters);
  const all =
    ids.length > 0
      ? [...new Set(ids)].map((id) => find(call, kind, id, name))
      : call.tx.by(kind.table, 'scope', scopeOf(call));
  const { items, token } = page(all.filter(matches), (row) => kind.table.key(row), input);
  return { rows: items, token };
}

/**
 * One page of `items`: all of them unless the request says how many. A token names the last key of the page before, so
 * that it stays good while items come and go.
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  input: Pick<DescribeInput, 'MaxResults' | 'NextToken'>,
): { items: Item[]; token: { NextToken?: string } } {
  const { MaxResults: size = 1000, NextToken: token = '' } = input;
  if (input.MaxResults === undefined && token === '') return { items: [...items], token: {} };
  if (size < 5) {
    throw invalidValue(
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.`,
    );
  }
  if (size > 1000) {
    throw invalidValue(`Value ( ${size} ) for parameter maxResults is invalid. Expecting a value less than 1000.`);
  }
  const after = token === '' ? '' : keyIn(token);
  const sorted = items
    .map((item) => ({ key: keyOf(item), item }))
    .filter(({ key }) => key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const last = sorted[size - 1];
  return {
    items: sorted.slice(0, size).map(({ item }) => item),
    token: sorted.length > size && last !== undefined ? { NextToken: tokenOf(last.key) } : {},
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
