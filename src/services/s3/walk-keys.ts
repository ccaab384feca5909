import { lowerBound } from '../../model/s3/key-order.ts';

/** What of a bucket's keys a listing is to have. */
export interface Walk {
  readonly prefix: string;
  readonly delimiter: string;
  /** Keys and common prefixes up to and with this one were listed before. */
  readonly after: string | undefined;
}

/** A key, or what several keys have in common up to a delimiter. */
export type Walked = { readonly key: string } | { readonly commonPrefix: string };

/**
 * Walks sorted keys as listings do ("Organizing objects using prefixes"): keys with the prefix, those that go on behind
 * it past a delimiter rolled up. A common prefix is passed over as a whole, however many keys it has.
 */
export function* walkKeys(keys: readonly string[], { prefix, delimiter, after }: Walk): Generator<Walked, void> {
  let at = lowerBound(keys, prefix);
  if (after !== undefined) at = Math.max(at, past(keys, after, prefix, delimiter));
  for (let key = keys[at]; key?.startsWith(prefix) === true; key = keys[at]) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end < 0) {
      yield { key };
      at += 1;
      continue;
    }
    const commonPrefix = key.slice(0, end + delimiter.length);
    yield { commonPrefix };
    at = pastPrefix(keys, at, commonPrefix);
  }
}

/** The index of the first key that is not listed by then: not `after`, nor below it if it is a common prefix. */
function past(keys: readonly string[], after: string, prefix: string, delimiter: string): number {
  const at = lowerBound(keys, after);
  const isCommon = delimiter !== '' && after.startsWith(prefix) && after.indexOf(delimiter, prefix.length) >= 0;
  if (isCommon && after.endsWith(delimiter)) return pastPrefix(keys, at, after);
  return keys[at] === after ? at + 1 : at;
}

function pastPrefix(keys: readonly string[], from: number, prefix: string): number {
  let [low, high] = [from, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]?.startsWith(prefix) === true) low = middle + 1;
    else high = middle;
  }
  return low;
}
