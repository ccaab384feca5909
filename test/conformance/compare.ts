/**
 * A value as text that tells what two parsers may not disagree on. Empty structures, lists and texts are left out: the
 * query protocols have no way to send them.
 */
export function comparable(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return emptied(value.map(comparable).filter((item) => item !== undefined));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([key]) => key !== '$metadata')
      .map(([key, item]): [string, unknown] => [key, comparable(item)])
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value === null || value === '' ? undefined : value;
}

function emptied(list: unknown[]): unknown[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** Takes away the idempotency tokens that an SDK fills in by itself. */
export function withoutTokens(value: Record<string, unknown>, sent: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(value).filter(
    ([key, item]) => key in sent || typeof item !== 'string' || !/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(item),
  );
  return Object.fromEntries(kept);
}
