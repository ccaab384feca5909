import { privateDnsNameOf, privateDomainOf } from '../model/ec2/addresses.ts';
import type { Reader } from '../store/store.ts';
import { upcomingAddresses } from '../store/allocate-interface.ts';
import { subnets } from '../store/tables/ec2.ts';
import type { InterfaceNames } from '../wire/acs.ts';
import type { UpcomingInterfaces } from '../wire/messages.ts';

/** AmazonProvidedDNS at its link-local address, which answers in every VPC ("DNS attributes for your VPC", VPC User Guide). */
const vpcResolver = '169.254.169.253';

/** How many interfaces of a subnet are announced. */
const announced = 100;

/** What the names of an interface at an address are. */
export function interfaceNames(privateIp: string, region: string): InterfaceNames {
  return {
    ipv4Addresses: [{ privateAddress: privateIp, primary: true }],
    domainName: [privateDomainOf(region)],
    domainNameServers: [vpcResolver],
    privateDnsName: privateDnsNameOf(privateIp, region),
  };
}

/** The interfaces that come next in each subnet of a VPC. */
export function upcomingInterfaces(reader: Reader, vpcId: string): UpcomingInterfaces[] {
  return reader.by(subnets, 'vpc', vpcId).map((subnet) => ({
    subnetId: subnet.id,
    interfaces: upcomingAddresses(reader, subnet, announced).map((address) => interfaceNames(address, subnet.region)),
  }));
}
