import { checkRange, elbErrors } from './errors.ts';

/**
 * One page of `items`, in their order. A marker names the last key of the page before; it is refused when that key is
 * gone or the marker is not ours.
 */
export function page<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  request: { readonly Marker?: string | undefined; readonly PageSize?: number | undefined },
): { items: readonly Item[]; next: { NextMarker?: string } } {
  const size = request.PageSize === undefined ? 400 : checkRange(request.PageSize, 'pageSize', 1, 400);
  let start = 0;
  if (request.Marker !== undefined) {
    const after = Buffer.from(request.Marker, 'base64url').toString();
    start = items.findIndex((item) => keyOf(item) === after) + 1;
    if (start === 0) throw elbErrors.validation('Invalid marker value');
  }
  const part = items.slice(start, start + size);
  const last = part.at(-1);
  const more = start + size < items.length && last !== undefined;
  return { items: part, next: more ? { NextMarker: Buffer.from(keyOf(last)).toString('base64url') } : {} };
}
