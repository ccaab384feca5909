/** A range of ports, both ends in it. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The ports of a `containerPortRange` (`8000-8010`), from 1 to 65535, the first below the last ("PortMapping", ECS API
 * Reference); `undefined` when it is none.
 */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return first >= 1 && first < last && last <= 65_535 ? { first, last } : undefined;
}
