import type { Instance } from '../../model/ec2/instance.ts';
import type { KeyPair, LaunchTemplate, LaunchTemplateVersion } from '../../model/ec2/launch.ts';
import type {
  Address,
  InternetGateway,
  NatGateway,
  NetworkInterface,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Vpc,
} from '../../model/ec2/network.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { table } from '../table.ts';

/** The regions that an account has used: each got its default VPC and its one set of DHCP options then. */
export const usedRegions = table<Scoped & { readonly since: number; readonly dhcpOptionsId: string }>()({
  name: 'ec2.used-regions',
  key: scopeOf,
  indexes: {},
});

/** What requests with a client token made, so that the same request again makes nothing. `request` is its digest. */
export const clientTokens = table<{
  readonly key: string;
  readonly request: string;
  readonly resourceId: string;
  readonly at: number;
}>()({ name: 'ec2.client-tokens', key: (row) => row.key, indexes: {} });

/** VPCs, by id. */
export const vpcs = table<Vpc>()({ name: 'ec2.vpcs', key: (row) => row.id, indexes: { scope: scopeOf } });

/** Subnets, by id. */
export const subnets = table<Subnet>()({
  name: 'ec2.subnets',
  key: (row) => row.id,
  indexes: { scope: scopeOf, vpc: (row) => row.vpcId },
});

/** Security groups, by id. */
export const securityGroups = table<SecurityGroup>()({
  name: 'ec2.security-groups',
  key: (row) => row.id,
  indexes: { scope: scopeOf, vpc: (row) => row.vpcId },
});

/** Rules of security groups, by id. */
export const securityGroupRules = table<SecurityGroupRule>()({
  name: 'ec2.security-group-rules',
  key: (row) => row.id,
  indexes: { scope: scopeOf, group: (row) => row.groupId, referenced: (row) => row.referencedGroupId },
});

/** Elastic network interfaces, by id. */
export const networkInterfaces = table<NetworkInterface>()({
  name: 'ec2.network-interfaces',
  key: (row) => row.id,
  indexes: {
    scope: scopeOf,
    vpc: (row) => row.vpcId,
    subnet: (row) => row.subnetId,
    group: (row) => row.groups,
    owner: (row) => ('arn' in row.owner ? row.owner.arn : 'id' in row.owner ? row.owner.id : undefined),
    publicIp: (row) => row.publicIp,
    address: (row) => `${row.vpcId} ${row.privateIp}`,
  },
});

/** Where the last search for a free address of a block ended, so that a freed address rests before it comes up again. */
export const addressCursors = table<{ readonly block: string; readonly next: number }>()({
  name: 'ec2.address-cursors',
  key: (row) => row.block,
  indexes: {},
});

/** Internet gateways, by id. */
export const internetGateways = table<InternetGateway>()({
  name: 'ec2.internet-gateways',
  key: (row) => row.id,
  indexes: { scope: scopeOf, vpc: (row) => row.vpcId },
});

/** Route tables, by id. */
export const routeTables = table<RouteTable>()({
  name: 'ec2.route-tables',
  key: (row) => row.id,
  indexes: {
    scope: scopeOf,
    vpc: (row) => row.vpcId,
    subnet: (row) => row.associations.flatMap((a) => a.subnetId ?? []),
    association: (row) => row.associations.map((a) => a.id),
  },
});

/** Elastic IP addresses, by allocation id. */
export const addresses = table<Address>()({
  name: 'ec2.addresses',
  key: (row) => row.allocationId,
  indexes: { scope: scopeOf, publicIp: (row) => row.publicIp, association: (row) => row.associationId },
});

/** NAT gateways, by id; deleted ones stay for an hour. */
export const natGateways = table<NatGateway>()({
  name: 'ec2.nat-gateways',
  key: (row) => row.id,
  indexes: { scope: scopeOf, vpc: (row) => row.vpcId, subnet: (row) => row.subnetId },
});

/** Instances, by id; terminated ones stay for an hour. */
export const instances = table<Instance>()({
  name: 'ec2.instances',
  key: (row) => row.id,
  indexes: {
    scope: scopeOf,
    host: (row) => row.hostId,
    subnet: (row) => row.subnetId,
    networkInterface: (row) => row.networkInterfaceId,
    profile: (row) => row.instanceProfile?.arn,
    life: (row) => (row.state === 'terminated' ? 'terminated' : 'live'),
  },
});

/** Key pairs, by id; names are unique in an account and region. */
export const keyPairs = table<KeyPair>()({
  name: 'ec2.key-pairs',
  key: (row) => row.id,
  indexes: { scope: scopeOf, name: (row) => `${scopeOf(row)}/${row.name}` },
});

/** Launch templates, by id. */
export const launchTemplates = table<LaunchTemplate>()({
  name: 'ec2.launch-templates',
  key: (row) => row.id,
  indexes: { scope: scopeOf, name: (row) => `${scopeOf(row)}/${row.name}` },
});

/** The versions of launch templates, by template and number. */
export const launchTemplateVersions = table<LaunchTemplateVersion>()({
  name: 'ec2.launch-template-versions',
  key: (row) => `${row.templateId} ${row.version}`,
  indexes: { template: (row) => row.templateId },
});
