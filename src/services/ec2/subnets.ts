import type * as sdk from '@aws-sdk/client-ec2';
import { arn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import { cidrText, contains, overlaps, usableCount, type Cidr } from '../../model/ec2/addresses.ts';
import type { Subnet, Vpc } from '../../model/ec2/network.ts';
import { forgetSubnetAddresses } from '../../store/allocate-interface.ts';
import { zoneIdOf, zoneLetters } from '../../store/default-vpc.ts';
import type { Reader } from '../../store/store.ts';
import { natGateways, networkInterfaces, routeTables, subnets } from '../../store/tables/ec2.ts';
import { readBlock } from './blocks.ts';
import { describeRows } from './describe.ts';
import { badCombination, badValue, dependencyViolation, invalidValue, missing, unsupported } from './errors.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';
import { defaultVpcOf } from './default-vpc.ts';

function blockOf(subnet: Subnet): Cidr {
  return readBlock(subnet.cidr, 'cidrBlock');
}

/** How many addresses a subnet still has to give. */
function freeAddresses(tx: Reader, subnet: Subnet): number {
  return usableCount(blockOf(subnet)) - tx.countBy(networkInterfaces, 'subnet', subnet.id);
}

function sdkSubnet(tx: Reader, subnet: Subnet): sdk.Subnet {
  return {
    SubnetId: subnet.id,
    SubnetArn: subnetArn(subnet),
    State: 'available',
    VpcId: subnet.vpcId,
    OwnerId: subnet.account,
    CidrBlock: subnet.cidr,
    Ipv6CidrBlockAssociationSet: [],
    AvailableIpAddressCount: freeAddresses(tx, subnet),
    AvailabilityZone: subnet.availabilityZone,
    AvailabilityZoneId: subnet.availabilityZoneId,
    DefaultForAz: subnet.defaultForAz,
    MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: false,
    EnableDns64: false,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    Tags: sdkTags(subnet.tags),
  };
}

function subnetArn(subnet: Subnet): string {
  return arn('ec2', subnet.region, subnet.account, `subnet/${subnet.id}`);
}

/** The zone of a new subnet: the one asked for, or the one that has the fewest subnets of the VPC. */
function zoneFor(
  call: Call,
  input: Pick<sdk.CreateSubnetRequest, 'AvailabilityZone' | 'AvailabilityZoneId'>,
  vpc: Vpc,
): string {
  const { AvailabilityZone: zone, AvailabilityZoneId: zoneId } = input;
  const zones = zoneLetters.map((letter) => `${call.region}${letter}`);
  if (zone !== undefined && zoneId !== undefined) {
    throw badCombination('Only one of availabilityZone and availabilityZoneId may be specified.');
  }
  const where = 'Subnets can currently only be created in the following availability zones';
  if (zone !== undefined) {
    if (!zones.includes(zone)) throw badValue(zone, 'availabilityZone', `${where}: ${zones.join(', ')}.`);
    return zone;
  }
  if (zoneId !== undefined) {
    const named = zones.find((one) => zoneIdOf(one) === zoneId);
    if (named === undefined) {
      throw badValue(zoneId, 'availabilityZoneId', `${where}: ${zones.map(zoneIdOf).join(', ')}.`);
    }
    return named;
  }
  const counts = Map.groupBy(call.tx.by(subnets, 'vpc', vpc.id), (subnet) => subnet.availabilityZone);
  const count = (name: string): number => counts.get(name)?.length ?? 0;
  return zones.toSorted((a, b) => count(a) - count(b))[0] ?? `${call.region}a`;
}

function putSubnet(
  call: Call,
  vpc: Vpc,
  given: Pick<Subnet, 'cidr' | 'availabilityZone' | 'defaultForAz' | 'mapPublicIpOnLaunch' | 'tags'>,
): Subnet {
  const subnet: Subnet = {
    account: call.account,
    region: call.region,
    id: newId(call.ids, 'subnet'),
    vpcId: vpc.id,
    availabilityZoneId: zoneIdOf(given.availabilityZone),
    ...given,
  };
  call.tx.put(subnets, subnet);
  return subnet;
}

/** The operations on subnets ("Subnets for your VPC", Amazon VPC User Guide). */
export const subnetOperations = {
  CreateSubnet: {
    takes: ['VpcId', 'CidrBlock', 'AvailabilityZone', 'AvailabilityZoneId', 'TagSpecifications'],
    run(input, call) {
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      const cidr = readBlock(input.CidrBlock, 'cidrBlock');
      const whole = readBlock(vpc.cidr, 'cidrBlock');
      if (cidr.prefixLength < 16 || cidr.prefixLength > 28 || !contains(whole, cidr)) {
        throw new AwsError('InvalidSubnet.Range', `The CIDR '${input.CidrBlock ?? ''}' is invalid.`);
      }
      if (call.tx.by(subnets, 'vpc', vpc.id).some((other) => overlaps(blockOf(other), cidr))) {
        throw new AwsError(
          'InvalidSubnet.Conflict',
          `The CIDR '${input.CidrBlock ?? ''}' conflicts with another subnet`,
        );
      }
      const subnet = putSubnet(call, vpc, {
        cidr: cidrText(cidr),
        availabilityZone: zoneFor(call, input, vpc),
        defaultForAz: false,
        mapPublicIpOnLaunch: false,
        tags: newTags('subnet', input.TagSpecifications),
      });
      return { Subnet: sdkSubnet(call.tx, subnet) };
    },
  },
  CreateDefaultSubnet: {
    takes: ['AvailabilityZone', 'AvailabilityZoneId'],
    run(input, call) {
      if (input.AvailabilityZone === undefined && input.AvailabilityZoneId === undefined) {
        throw missing('availabilityZone');
      }
      const vpc = defaultVpcOf(call);
      if (vpc === undefined) {
        throw new AwsError('DefaultVpcDoesNotExist', 'No default VPC exists for this account in this region.');
      }
      const availabilityZone = zoneFor(call, input, vpc);
      const others = call.tx.by(subnets, 'vpc', vpc.id);
      const there = others.find((subnet) => subnet.defaultForAz && subnet.availabilityZone === availabilityZone);
      if (there !== undefined) {
        throw new AwsError(
          'DefaultSubnetAlreadyExistsInAvailabilityZone',
          `'${there.id}' is already the default subnet in ${availabilityZone}.`,
        );
      }
      const whole = readBlock(vpc.cidr, 'cidrBlock');
      const blocks = Array.from({ length: 16 }, (_, index) => ({
        first: whole.first + index * 4096,
        size: 4096,
        prefixLength: 20,
      }));
      const free = blocks.find(
        (block) => contains(whole, block) && !others.some((other) => overlaps(blockOf(other), block)),
      );
      if (free === undefined) {
        throw new AwsError(
          'InsufficientFreeAddressesInSubnet',
          `The default VPC '${vpc.id}' has no free /20 block for another default subnet.`,
        );
      }
      const subnet = putSubnet(call, vpc, {
        cidr: cidrText(free),
        availabilityZone,
        defaultForAz: true,
        mapPublicIpOnLaunch: true,
        tags: [],
      });
      return { Subnet: sdkSubnet(call.tx, subnet) };
    },
  },
  DescribeSubnets: {
    takes: ['SubnetIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { tx } = call;
      const zone = (subnet: Subnet): string => subnet.availabilityZone;
      const zoneId = (subnet: Subnet): string => subnet.availabilityZoneId;
      const cidr = (subnet: Subnet): string => subnet.cidr;
      const defaultForAz = (subnet: Subnet): string => String(subnet.defaultForAz);
      const { rows, token } = describeRows(
        call,
        kinds.subnet,
        input,
        { ids: input.SubnetIds, name: 'subnetIds' },
        {
          'availability-zone': zone,
          availabilityZone: zone,
          'availability-zone-id': zoneId,
          availabilityZoneId: zoneId,
          'available-ip-address-count': (subnet) => String(freeAddresses(tx, subnet)),
          cidr,
          'cidr-block': cidr,
          cidrBlock: cidr,
          'customer-owned-ipv4-pool': () => undefined,
          'default-for-az': defaultForAz,
          defaultForAz,
          'enable-dns64': () => 'false',
          'enable-lni-at-device-index': () => undefined,
          'ipv6-cidr-block-association.ipv6-cidr-block': () => undefined,
          'ipv6-cidr-block-association.association-id': () => undefined,
          'ipv6-cidr-block-association.state': () => undefined,
          'ipv6-native': () => 'false',
          'map-customer-owned-ip-on-launch': () => 'false',
          'map-public-ip-on-launch': (subnet) => String(subnet.mapPublicIpOnLaunch),
          'outpost-arn': () => undefined,
          'private-dns-name-options-on-launch.hostname-type': () => 'ip-name',
          'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': () => 'false',
          'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': () => 'false',
          state: () => 'available',
          'subnet-arn': subnetArn,
          'subnet-id': (subnet) => subnet.id,
          'vpc-id': (subnet) => subnet.vpcId,
        },
      );
      return {
        Subnets: rows.map((subnet) => sdkSubnet(tx, subnet)),
        ...token,
      };
    },
  },
  ModifySubnetAttribute: {
    takes: ['SubnetId', 'MapPublicIpOnLaunch', 'PrivateDnsHostnameTypeOnLaunch'],
    run(input, call) {
      const subnet = find(call, kinds.subnet, input.SubnetId, 'subnetId');
      const { MapPublicIpOnLaunch: mapPublicIp, PrivateDnsHostnameTypeOnLaunch: hostnames = 'ip-name' } = input;
      if (hostnames !== 'ip-name') throw unsupported(`The hostname type ${hostnames}`);
      if (mapPublicIp !== undefined) {
        if (mapPublicIp.Value === undefined) throw invalidValue('MapPublicIpOnLaunch must have a Value.');
        call.tx.put(subnets, { ...subnet, mapPublicIpOnLaunch: mapPublicIp.Value });
      }
      return {};
    },
  },
  DeleteSubnet: {
    takes: ['SubnetId'],
    run(input, call) {
      const { tx } = call;
      const subnet = find(call, kinds.subnet, input.SubnetId, 'subnetId');
      const routed = tx
        .by(natGateways, 'subnet', subnet.id)
        .some(({ state }) => state !== 'deleted' && state !== 'failed');
      if (routed || tx.countBy(networkInterfaces, 'subnet', subnet.id) > 0) {
        throw dependencyViolation('subnet', subnet.id);
      }
      for (const routeTable of tx.by(routeTables, 'subnet', subnet.id)) {
        const associations = routeTable.associations.filter((one) => one.subnetId !== subnet.id);
        tx.put(routeTables, { ...routeTable, associations });
      }
      forgetSubnetAddresses(tx, subnet);
      tx.delete(subnets, subnet.id);
      return {};
    },
  },
} satisfies Ec2Operations;
