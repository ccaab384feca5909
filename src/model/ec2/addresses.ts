import { addressText, type Cidr } from '../../base/ipv4.ts';

// The arithmetic itself is in base, for the drivers' sake.
export {
  addressNumber,
  addressText,
  cidrText,
  contains,
  holds,
  overlaps,
  parseCidr,
  type Cidr,
} from '../../base/ipv4.ts';

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
  return `ip-${privateIp.replaceAll('.', '-')}.${privateDomainOf(region)}`;
}

/** The domain of private names: `ec2.internal` in us-east-1, `<region>.compute.internal` elsewhere. */
export function privateDomainOf(region: string): string {
  return region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
}

/** `ec2-100-127-0-5.compute-1.amazonaws.com`, or `….eu-west-1.compute.amazonaws.com` ("DNS attributes for your VPC", VPC User Guide). */
export function publicDnsNameOf(publicIp: string, region: string): string {
  const domain = region === 'us-east-1' ? 'compute-1' : `${region}.compute`;
  return `ec2-${publicIp.replaceAll('.', '-')}.${domain}.amazonaws.com`;
}
