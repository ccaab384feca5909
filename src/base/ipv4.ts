/** An IPv4 block in numbers: first address (network), and how many it has. */
export interface Cidr {
  readonly first: number;
  readonly size: number;
  readonly prefixLength: number;
}

/** The number of an IPv4 address, or `undefined` when the text is none. */
export function addressNumber(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** The text of an address's number. */
export function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Reads `10.0.0.0/16`; host bits are allowed and dropped. `undefined` when the text is no IPv4 block. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = ''] = text.split('/');
  const value = addressNumber(address);
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  if (value === undefined || prefixLength > 32 || text.split('/').length !== 2) return undefined;
  const size = 2 ** (32 - prefixLength);
  return { first: value - (value % size), size, prefixLength };
}

/** The text of a block. */
export function cidrText(cidr: Cidr): string {
  return `${addressText(cidr.first)}/${cidr.prefixLength}`;
}

/** Whether `inner` lies wholly in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;
}

/** Whether two blocks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}

/** Whether an address lies in a block. */
export function holds(cidr: Cidr, address: string): boolean {
  const value = addressNumber(address);
  return value !== undefined && value >= cidr.first && value < cidr.first + cidr.size;
}
