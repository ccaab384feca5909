import { AwsError } from '../../base/errors.ts';
import { constraint } from './errors.ts';

/**
 * One page of `items`, in their order; 50 unless asked, 100 at most. A token names the last key of the page before. Throws
 * `InvalidNextToken` for one that is not ours.
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  request: { readonly MaxRecords?: number | undefined; readonly NextToken?: string | undefined },
): { items: readonly Item[]; next: { NextToken?: string } } {
  const size = request.MaxRecords ?? 50;
  if (size < 1) throw constraint(size, 'maxRecords', 'have value greater than or equal to 1');
  if (size > 100) throw constraint(size, 'maxRecords', 'have value less than or equal to 100');
  let start = 0;
  if (request.NextToken !== undefined && request.NextToken !== '') {
    const after = Buffer.from(request.NextToken, 'base64url').toString();
    start = items.findIndex((item) => keyOf(item) === after) + 1;
    if (start === 0) throw new AwsError('InvalidNextToken', 'The NextToken value is not valid.');
  }
  const part = items.slice(start, start + size);
  const last = part.at(-1);
  const more = start + size < items.length && last !== undefined;
  return { items: part, next: more ? { NextToken: Buffer.from(keyOf(last)).toString('base64url') } : {} };
}
