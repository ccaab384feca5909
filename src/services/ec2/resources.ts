import type { ResourceType } from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
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
import type { Instance } from '../../model/ec2/instance.ts';
import type { KeyPair, LaunchTemplate } from '../../model/ec2/launch.ts';
import { scopeOf, type Scoped, type Tag } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import type { Table } from '../../store/table.ts';
import {
  addresses,
  instances,
  internetGateways,
  keyPairs,
  launchTemplates,
  natGateways,
  networkInterfaces,
  routeTables,
  securityGroupRules,
  securityGroups,
  subnets,
  vpcs,
} from '../../store/tables/ec2.ts';
import { missing } from './errors.ts';

/** What every row of EC2 has. */
export interface Resource extends Scoped {
  readonly tags: readonly Tag[];
}

/**
 * A kind of resource: how its ids look and what EC2 says of a bad one. The codes are spelt as "Error codes for the
 * Amazon EC2 API" has them, with their changing `ID` and `Id`.
 */
export interface Kind<Row extends Resource> {
  readonly table: Table<Row, 'scope'>;
  readonly type: ResourceType;
  /** What stands before the dash of an id. */
  readonly prefix: string;
  readonly notFound: string;
  readonly malformed: string;
  /** The sentence about an id that does not exist. */
  sentence(id: string): string;
}

function kind<Row extends Resource>(
  table: Table<Row, 'scope'>,
  type: ResourceType,
  prefix: string,
  codes: readonly [notFound: string, malformed: string],
  sentence: (id: string) => string,
): Kind<Row> {
  return { table, type, prefix, notFound: codes[0], malformed: codes[1], sentence };
}

/** Every kind of resource with rows of its own. */
export const kinds = {
  vpc: kind<Vpc>(
    vpcs,
    'vpc',
    'vpc',
    ['InvalidVpcID.NotFound', 'InvalidVpcID.Malformed'],
    (id) => `The vpc ID '${id}' does not exist`,
  ),
  subnet: kind<Subnet>(
    subnets,
    'subnet',
    'subnet',
    ['InvalidSubnetID.NotFound', 'InvalidSubnetID.Malformed'],
    (id) => `The subnet ID '${id}' does not exist`,
  ),
  securityGroup: kind<SecurityGroup>(
    securityGroups,
    'security-group',
    'sg',
    ['InvalidGroup.NotFound', 'InvalidGroupId.Malformed'],
    (id) => `The security group '${id}' does not exist`,
  ),
  securityGroupRule: kind<SecurityGroupRule>(
    securityGroupRules,
    'security-group-rule',
    'sgr',
    ['InvalidSecurityGroupRuleId.NotFound', 'InvalidSecurityGroupRuleId.Malformed'],
    (id) => `The security group rule ID '${id}' does not exist`,
  ),
  networkInterface: kind<NetworkInterface>(
    networkInterfaces,
    'network-interface',
    'eni',
    ['InvalidNetworkInterfaceID.NotFound', 'InvalidNetworkInterfaceId.Malformed'],
    (id) => `The networkInterface ID '${id}' does not exist`,
  ),
  internetGateway: kind<InternetGateway>(
    internetGateways,
    'internet-gateway',
    'igw',
    ['InvalidInternetGatewayID.NotFound', 'InvalidInternetGatewayId.Malformed'],
    (id) => `The internetGateway ID '${id}' does not exist`,
  ),
  routeTable: kind<RouteTable>(
    routeTables,
    'route-table',
    'rtb',
    ['InvalidRouteTableID.NotFound', 'InvalidRouteTableId.Malformed'],
    (id) => `The routeTable ID '${id}' does not exist`,
  ),
  address: kind<Address>(
    addresses,
    'elastic-ip',
    'eipalloc',
    ['InvalidAllocationID.NotFound', 'InvalidAllocationID.NotFound'],
    (id) => `The allocation ID '${id}' does not exist`,
  ),
  instance: kind<Instance>(
    instances,
    'instance',
    'i',
    ['InvalidInstanceID.NotFound', 'InvalidInstanceID.Malformed'],
    (id) => `The instance ID '${id}' does not exist`,
  ),
  keyPair: kind<KeyPair>(
    keyPairs,
    'key-pair',
    'key',
    ['InvalidKeyPair.NotFound', 'InvalidKeyPair.NotFound'],
    (id) => `The key pair '${id}' does not exist`,
  ),
  launchTemplate: kind<LaunchTemplate>(
    launchTemplates,
    'launch-template',
    'lt',
    ['InvalidLaunchTemplateId.NotFound', 'InvalidLaunchTemplateId.Malformed'],
    (id) => `The specified launch template, with template ID ${id}, does not exist.`,
  ),
  natGateway: kind<NatGateway>(
    natGateways,
    'natgateway',
    'nat',
    ['NatGatewayNotFound', 'NatGatewayMalformed'],
    (id) => `The Nat Gateway ${id} was not found`,
  ),
} as const;

/** Throws the kind's malformed error unless the id has 8 or 17 hexadecimal digits after its prefix. */
export function checkId(kind: Kind<never>, id: string): void {
  const digits = id.startsWith(`${kind.prefix}-`) ? id.slice(kind.prefix.length + 1) : '';
  if (/^([0-9a-f]{8}|[0-9a-f]{17})$/.test(digits)) return;
  throw new AwsError(kind.malformed, `Invalid id: "${id}" (expecting "${kind.prefix}-...")`);
}

/** The kind's error for an id that does not exist. */
export function notFound(kind: Kind<never>, id: string): AwsError {
  return new AwsError(kind.notFound, kind.sentence(id));
}

/** A resource of the caller's account and region, or EC2's error for its id. `parameter` names the member it came in. */
export function find<Row extends Resource>(
  call: Scoped & { readonly tx: Reader },
  kind: Kind<Row>,
  id: string | undefined,
  parameter: string,
): Row {
  if (id === undefined || id === '') throw missing(parameter);
  checkId(kind, id);
  const row = call.tx.get(kind.table, id);
  if (row === undefined || scopeOf(row) !== scopeOf(call)) throw notFound(kind, id);
  return row;
}

/** A new id: EC2's are the prefix and 17 hexadecimal digits. */
export function newId(ids: { hex(digits: number): string }, prefix: string): string {
  return `${prefix}-0${ids.hex(16)}`;
}
