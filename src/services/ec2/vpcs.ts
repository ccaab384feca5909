import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { cidrText } from '../../model/ec2/addresses.ts';
import type { Vpc } from '../../model/ec2/network.ts';
import { dhcpOptionsOf, putDefaultSecurityGroup, putDefaultVpc, putMainRouteTable } from '../../store/default-vpc.ts';
import type { Reader } from '../../store/store.ts';
import {
  internetGateways,
  natGateways,
  networkInterfaces,
  routeTables,
  securityGroups,
  subnets,
  vpcs,
} from '../../store/tables/ec2.ts';
import { readVpcBlock } from './blocks.ts';
import { defaultVpcOf } from './default-vpc.ts';
import { describeRows } from './describe.ts';
import { badCombination, badValue, dependencyViolation, unsupported } from './errors.ts';
import type { Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { deleteSecurityGroupRow } from './security-groups.ts';
import { newTags, sdkTags } from './tags.ts';

function sdkVpc(vpc: Vpc, state: sdk.VpcState = 'available'): sdk.Vpc {
  return {
    VpcId: vpc.id,
    State: state,
    CidrBlock: vpc.cidr,
    CidrBlockAssociationSet: [
      { AssociationId: cidrAssociationOf(vpc), CidrBlock: vpc.cidr, CidrBlockState: { State: 'associated' } },
    ],
    Ipv6CidrBlockAssociationSet: [],
    DhcpOptionsId: vpc.dhcpOptionsId,
    InstanceTenancy: vpc.instanceTenancy,
    IsDefault: vpc.isDefault,
    OwnerId: vpc.account,
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    Tags: sdkTags(vpc.tags),
  };
}

/** A VPC's only block is associated under an id that follows from its own. */
function cidrAssociationOf(vpc: Vpc): string {
  return `vpc-cidr-assoc-${vpc.id.slice('vpc-'.length)}`;
}

/** Whether anything is left in a VPC that its owner must delete first. */
function hasDependencies(tx: Reader, { id }: Vpc): boolean {
  return (
    tx.countBy(subnets, 'vpc', id) > 0 ||
    tx.countBy(networkInterfaces, 'vpc', id) > 0 ||
    tx.countBy(internetGateways, 'vpc', id) > 0 ||
    tx.by(securityGroups, 'vpc', id).some((group) => group.name !== 'default') ||
    tx.by(routeTables, 'vpc', id).some((table) => !table.associations.some((one) => one.main)) ||
    tx.by(natGateways, 'vpc', id).some(({ state }) => state !== 'deleted' && state !== 'failed')
  );
}

/** The operations on VPCs ("VPC basics", Amazon VPC User Guide). */
export const vpcOperations = {
  CreateVpc: {
    takes: ['CidrBlock', 'InstanceTenancy', 'TagSpecifications'],
    run(input, call) {
      const { tx, ids, now, account, region } = call;
      const cidr = readVpcBlock(input.CidrBlock, call.publicPool);
      const { InstanceTenancy: tenancy = 'default' } = input;
      if (tenancy !== 'default') throw unsupported(`The tenancy ${tenancy}`);
      const vpc: Vpc = {
        account,
        region,
        id: newId(ids, 'vpc'),
        cidr: cidrText(cidr),
        isDefault: false,
        instanceTenancy: tenancy,
        enableDnsSupport: true,
        enableDnsHostnames: false,
        dhcpOptionsId: dhcpOptionsOf(tx, ids, now, call),
        tags: newTags('vpc', input.TagSpecifications),
        createdAt: now,
      };
      tx.put(vpcs, vpc);
      putMainRouteTable(tx, ids, call, vpc.id);
      putDefaultSecurityGroup(tx, ids, call, vpc.id);
      return { Vpc: sdkVpc(vpc, 'pending') };
    },
  },
  CreateDefaultVpc: {
    takes: [],
    run(_input, call) {
      if (defaultVpcOf(call) !== undefined) {
        throw new AwsError('DefaultVpcAlreadyExists', 'A Default VPC already exists for this account in this region.');
      }
      return { Vpc: sdkVpc(putDefaultVpc(call.tx, call.ids, call.now, call), 'pending') };
    },
  },
  DescribeVpcs: {
    takes: ['VpcIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { rows, token } = describeRows(
        call,
        kinds.vpc,
        input,
        { ids: input.VpcIds, name: 'vpcIds' },
        {
          cidr: (vpc) => vpc.cidr,
          'cidr-block': (vpc) => vpc.cidr,
          'cidr-block-association.cidr-block': (vpc) => vpc.cidr,
          'cidr-block-association.association-id': cidrAssociationOf,
          'cidr-block-association.state': () => 'associated',
          'dhcp-options-id': (vpc) => vpc.dhcpOptionsId,
          'ipv6-cidr-block-association.ipv6-cidr-block': () => undefined,
          'ipv6-cidr-block-association.ipv6-pool': () => undefined,
          'ipv6-cidr-block-association.association-id': () => undefined,
          'ipv6-cidr-block-association.state': () => undefined,
          'is-default': (vpc) => String(vpc.isDefault),
          isDefault: (vpc) => String(vpc.isDefault),
          state: () => 'available',
          'vpc-id': (vpc) => vpc.id,
        },
      );
      return { Vpcs: rows.map((vpc) => sdkVpc(vpc)), ...token };
    },
  },
  DeleteVpc: {
    takes: ['VpcId'],
    run(input, call) {
      const { tx } = call;
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      if (hasDependencies(tx, vpc)) throw dependencyViolation('vpc', vpc.id);
      for (const group of tx.by(securityGroups, 'vpc', vpc.id)) deleteSecurityGroupRow(tx, group);
      for (const routeTable of tx.by(routeTables, 'vpc', vpc.id)) tx.delete(routeTables, routeTable.id);
      tx.delete(vpcs, vpc.id);
      return {};
    },
  },
  ModifyVpcAttribute: {
    takes: ['VpcId', 'EnableDnsSupport', 'EnableDnsHostnames', 'EnableNetworkAddressUsageMetrics'],
    run(input, call) {
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      const { EnableDnsSupport: support, EnableDnsHostnames: hostnames } = input;
      const { EnableNetworkAddressUsageMetrics: metrics } = input;
      const given = [support, hostnames, metrics].filter((one) => one !== undefined);
      if (given.length === 0) throw badCombination('No attributes specified.');
      if (given.length > 1) throw badCombination('Fields for multiple attribute types specified');
      // The resolver is there for tasks whatever an attribute says: better no than a yes that changes nothing.
      if (support?.Value === false) throw unsupported('Turning off enableDnsSupport');
      if (metrics?.Value === true) throw unsupported('enableNetworkAddressUsageMetrics');
      if (hostnames !== undefined) call.tx.put(vpcs, { ...vpc, enableDnsHostnames: hostnames.Value ?? false });
      return {};
    },
  },
  DescribeVpcAttribute: {
    takes: ['VpcId', 'Attribute'],
    run(input, call) {
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      switch (input.Attribute) {
        case 'enableDnsSupport':
          return { VpcId: vpc.id, EnableDnsSupport: { Value: vpc.enableDnsSupport } };
        case 'enableDnsHostnames':
          return { VpcId: vpc.id, EnableDnsHostnames: { Value: vpc.enableDnsHostnames } };
        case 'enableNetworkAddressUsageMetrics':
          return { VpcId: vpc.id, EnableNetworkAddressUsageMetrics: { Value: false } };
        default:
          throw badValue(input.Attribute, 'attribute', 'Unknown attribute.');
      }
    },
  },
} satisfies Ec2Operations;
