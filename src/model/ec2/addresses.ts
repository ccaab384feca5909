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

/**
 * The addresses of a subnet that can be given out, as numbers from–to inclusive: AWS keeps the first four and the last
 * ("Subnet sizing for IPv4", Amazon VPC User Guide).
 */
export function usableRange(subnet: Cidr): { readonly from: number; readonly to: number } {
  return { from: subnet.first + 4, to: subnet.first + subnet.size - 2 };
}

/** How many addresses a subnet of this size can give out. */
export function usableCount(subnet: Cidr): number {
  return Math.max(0, subnet.size - 5);
}

/** The router's address: the first host of the subnet. */
export function gatewayOf(subnet: Cidr): string {
  return addressText(subnet.first + 1);
}

/** The interface's MAC: locally administered, EC2's `02:` prefix and 40 bits of `hex` (ten digits). */
export function macAddressOf(hex: string): string {
  return ['02', ...(hex.match(/../g) ?? []).slice(0, 5)].join(':');
}

/** `ip-10-0-0-5.ec2.internal`, or `ip-10-0-0-5.eu-west-1.compute.internal` ("DNS attributes for your VPC", VPC User Guide). */
export function privateDnsNameOf(privateIp: string, region: string): string {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${privateIp.replaceAll('.', '-')}.${domain}`;
}

/** `ec2-100-127-0-5.compute-1.amazonaws.com`-like public name, under our own reserved suffix. */
export function publicDnsNameOf(publicIp: string, region: string): string {
  return `ec2-${publicIp.replaceAll('.', '-')}.${region}.compute.stowage.internal`;
}
