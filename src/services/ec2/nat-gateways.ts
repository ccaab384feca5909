import type * as sdk from '@aws-sdk/client-ec2';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { NatGateway } from '../../model/ec2/network.ts';
import { natGateways } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { missing, unsupported } from './errors.ts';
import { allocate } from './network-interfaces.ts';
import type { Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';

const addressStatus = {
  pending: 'associating',
  available: 'succeeded',
  failed: 'failed',
  deleting: 'disassociating',
  deleted: 'succeeded',
} as const;

function sdkNatGateway(nat: NatGateway): sdk.NatGateway {
  return {
    NatGatewayId: nat.id,
    VpcId: nat.vpcId,
    SubnetId: nat.subnetId,
    State: nat.state,
    ConnectivityType: 'public',
    CreateTime: dateOf(nat.createdAt),
    NatGatewayAddresses: [
      {
        AllocationId: nat.allocationId,
        NetworkInterfaceId: nat.networkInterfaceId,
        PrivateIp: nat.privateIp,
        IsPrimary: true,
        Status: addressStatus[nat.state],
        ...given('PublicIp', nat.publicIp),
        ...given('AssociationId', nat.associationId),
      },
    ],
    ...(nat.state === 'deleted' && nat.endedAt !== undefined ? { DeleteTime: dateOf(nat.endedAt) } : {}),
    ...(nat.failure === undefined ? {} : { FailureCode: nat.failure.code, FailureMessage: nat.failure.message }),
    Tags: sdkTags(nat.tags),
  };
}

/** The operations on NAT gateways ("NAT gateways", Amazon VPC User Guide); `src/control/nat-gateways` moves them on. */
export const natGatewayOperations = {
  CreateNatGateway: {
    takes: ['SubnetId', 'AllocationId', 'ConnectivityType', 'PrivateIpAddress', 'TagSpecifications'],
    idempotent: {
      idOf: (output) => output.NatGateway?.NatGatewayId,
      again: (id, call) => ({ NatGateway: sdkNatGateway(find(call, kinds.natGateway, id, 'natGatewayId')) }),
    },
    run(input, call) {
      const { tx, ids, now, account, region } = call;
      const { ConnectivityType: connectivity = 'public' } = input;
      if (connectivity !== 'public') throw unsupported('A private NAT gateway');
      if (input.SubnetId === undefined) throw missing('SubnetId');
      const subnet = find(call, kinds.subnet, input.SubnetId, 'SubnetId');
      const address = find(call, kinds.address, input.AllocationId, 'AllocationId');
      const id = newId(ids, 'nat');
      const row = allocate(call, {
        subnetId: subnet.id,
        groups: [],
        owner: { kind: 'nat-gateway', id },
        description: `Interface for NAT Gateway ${id}`,
        publicIp: false,
        interfaceType: 'nat_gateway',
        attachmentId: newId(ids, 'ela-attach'),
        ...given('privateIp', input.PrivateIpAddress),
      });
      const nat: NatGateway = {
        account,
        region,
        id,
        vpcId: subnet.vpcId,
        subnetId: subnet.id,
        state: 'pending',
        networkInterfaceId: row.id,
        allocationId: address.allocationId,
        privateIp: row.privateIp,
        createdAt: now,
        tags: newTags('natgateway', input.TagSpecifications),
      };
      tx.put(natGateways, nat);
      return { NatGateway: sdkNatGateway(nat), ...given('ClientToken', input.ClientToken) };
    },
  },
  DescribeNatGateways: {
    takes: ['NatGatewayIds', 'Filter', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { rows, token } = describeRows(
        call,
        kinds.natGateway,
        { ...input, Filters: input.Filter },
        { ids: input.NatGatewayIds, name: 'natGatewayIds' },
        {
          'nat-gateway-id': (nat) => nat.id,
          state: (nat) => nat.state,
          'subnet-id': (nat) => nat.subnetId,
          'vpc-id': (nat) => nat.vpcId,
        },
      );
      return {
        NatGateways: rows.map(sdkNatGateway),
        ...token,
      };
    },
  },
  DeleteNatGateway: {
    takes: ['NatGatewayId'],
    run(input, call) {
      const nat = find(call, kinds.natGateway, input.NatGatewayId, 'natGatewayId');
      if (nat.state === 'pending' || nat.state === 'available') {
        call.tx.put(natGateways, { ...nat, state: 'deleting' });
      }
      return { NatGatewayId: nat.id };
    },
  },
} satisfies Ec2Operations;
