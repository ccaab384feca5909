import type { Ids } from '../base/ids.ts';
import type { RouteTable, SecurityGroup, SecurityGroupRule, Subnet, Vpc } from '../model/ec2/network.ts';
import { scopeOf, type Scoped } from '../model/tags.ts';
import type { Transaction } from './store.ts';
import {
  internetGateways,
  routeTables,
  securityGroupRules,
  securityGroups,
  subnets,
  usedRegions,
  vpcs,
} from './tables/ec2.ts';

/** The letters of a region's zones here; AWS has three to six, every one of ours three. */
export const zoneLetters = ['a', 'b', 'c'] as const;

/** The id of a zone, `use1-az1`: region's initials and number ("Availability Zone IDs", AWS RAM User Guide). */
export function zoneIdOf(zone: string): string {
  const [area = '', direction = '', rest = ''] = zone.split('-');
  const compass: Readonly<Record<string, string>> = {
    northeast: 'ne',
    northwest: 'nw',
    southeast: 'se',
    southwest: 'sw',
    north: 'n',
    south: 's',
    east: 'e',
    west: 'w',
    central: 'c',
  };
  const letter = rest.slice(1);
  const number = zoneLetters.findIndex((candidate) => candidate === letter) + 1;
  return `${area}${compass[direction] ?? direction}${rest.slice(0, 1)}-az${number}`;
}

/** The default security group of a VPC: members reach each other, everything may leave ("Default security groups", VPC User Guide). */
export function putDefaultSecurityGroup(tx: Transaction, ids: Ids, scope: Scoped, vpcId: string): SecurityGroup {
  const { account, region } = scope;
  const group: SecurityGroup = {
    account,
    region,
    id: `sg-0${ids.hex(16)}`,
    vpcId,
    name: 'default',
    description: 'default VPC security group',
    tags: [],
  };
  tx.put(securityGroups, group);
  const rule = { account, region, groupId: group.id, protocol: '-1', fromPort: -1, toPort: -1, tags: [] };
  const rules: SecurityGroupRule[] = [
    { ...rule, id: `sgr-0${ids.hex(16)}`, direction: 'ingress', referencedGroupId: group.id },
    { ...rule, id: `sgr-0${ids.hex(16)}`, direction: 'egress', cidrIpv4: '0.0.0.0/0' },
  ];
  for (const row of rules) tx.put(securityGroupRules, row);
  return group;
}

/** The main route table of a VPC. */
export function putMainRouteTable(tx: Transaction, ids: Ids, scope: Scoped, vpcId: string): RouteTable {
  const routeTable: RouteTable = {
    account: scope.account,
    region: scope.region,
    id: `rtb-0${ids.hex(16)}`,
    vpcId,
    routes: [],
    associations: [{ id: `rtbassoc-0${ids.hex(16)}`, main: true }],
    tags: [],
  };
  tx.put(routeTables, routeTable);
  return routeTable;
}

/**
 * Makes the default VPC of an account and region: 172.31.0.0/16, a /20 subnet in each zone with public addresses, an
 * internet gateway and the route to it ("Default VPCs", Amazon VPC User Guide).
 */
export function putDefaultVpc(tx: Transaction, ids: Ids, now: number, scope: Scoped): Vpc {
  const { account, region } = scope;
  const dhcpOptionsId = dhcpOptionsOf(tx, ids, now, scope);
  const vpc: Vpc = {
    account,
    region,
    id: `vpc-0${ids.hex(16)}`,
    cidr: '172.31.0.0/16',
    isDefault: true,
    instanceTenancy: 'default',
    enableDnsSupport: true,
    enableDnsHostnames: true,
    dhcpOptionsId,
    tags: [],
    createdAt: now,
  };
  tx.put(vpcs, vpc);
  for (const [index, letter] of zoneLetters.entries()) {
    const availabilityZone = `${region}${letter}`;
    const subnet: Subnet = {
      account,
      region,
      id: `subnet-0${ids.hex(16)}`,
      vpcId: vpc.id,
      cidr: `172.31.${index * 16}.0/20`,
      availabilityZone,
      availabilityZoneId: zoneIdOf(availabilityZone),
      defaultForAz: true,
      mapPublicIpOnLaunch: true,
      tags: [],
    };
    tx.put(subnets, subnet);
  }
  const gateway = { account, region, id: `igw-0${ids.hex(16)}`, vpcId: vpc.id, tags: [] };
  tx.put(internetGateways, gateway);
  const routeTable = putMainRouteTable(tx, ids, scope, vpc.id);
  tx.put(routeTables, {
    ...routeTable,
    routes: [
      {
        destinationCidr: '0.0.0.0/0',
        target: { kind: 'internet-gateway', id: gateway.id },
        origin: 'CreateRoute',
      },
    ],
  });
  putDefaultSecurityGroup(tx, ids, scope, vpc.id);
  return vpc;
}

/** The id of the region's one set of DHCP options ("DHCP option sets in Amazon VPC", VPC User Guide). */
export function dhcpOptionsOf(tx: Transaction, ids: Ids, now: number, scope: Scoped): string {
  const used = tx.get(usedRegions, scopeOf(scope));
  if (used !== undefined) return used.dhcpOptionsId;
  const dhcpOptionsId = `dopt-0${ids.hex(16)}`;
  tx.put(usedRegions, { account: scope.account, region: scope.region, since: now, dhcpOptionsId });
  return dhcpOptionsId;
}

/** The default VPC's existence is given: made on the first use of a region, and never again once it was deleted. */
export function ensureDefaultVpc(tx: Transaction, ids: Ids, now: number, scope: Scoped): void {
  if (tx.get(usedRegions, scopeOf(scope)) !== undefined) return;
  putDefaultVpc(tx, ids, now, scope);
}
