import type { Ids } from '../../base/ids.ts';

/** The characters of an identifier after its four-letter prefix ("IAM identifiers", IAM User Guide). */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new unique id that begins with `prefix`: 21 characters for an entity (`AROA…`), 20 for an access key (`ASIA…`). */
export function uniqueId(ids: Ids, prefix: string, length = 21): string {
  let text = prefix;
  while (text.length < length) text += alphabet.charAt(Math.floor(ids.random() * alphabet.length));
  return text;
}
