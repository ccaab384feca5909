import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import type { InternetGateway } from '../../model/ec2/network.ts';
import { internetGateways, networkInterfaces } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { dependencyViolation, invalidValue } from './errors.ts';
import type { Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';

function sdkGateway(gateway: InternetGateway): sdk.InternetGateway {
  return {
    InternetGatewayId: gateway.id,
    OwnerId: gateway.account,
    // The state is `available`, not the attachment's usual `attached` ("InternetGatewayAttachment").
    Attachments: gateway.vpcId === undefined ? [] : [{ State: 'available' as 'attached', VpcId: gateway.vpcId }],
    Tags: sdkTags(gateway.tags),
  };
}

/** The operations on internet gateways ("Internet gateways", Amazon VPC User Guide). */
export const internetGatewayOperations = {
  CreateInternetGateway: {
    takes: ['TagSpecifications'],
    run(input, { tx, ids, account, region }) {
      const tags = newTags('internet-gateway', input.TagSpecifications);
      const gateway: InternetGateway = { account, region, id: newId(ids, 'igw'), tags };
      tx.put(internetGateways, gateway);
      return { InternetGateway: sdkGateway(gateway) };
    },
  },
  DescribeInternetGateways: {
    takes: ['InternetGatewayIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { rows, token } = describeRows(
        call,
        kinds.internetGateway,
        input,
        { ids: input.InternetGatewayIds, name: 'internetGatewayIds' },
        {
          'attachment.state': (gateway) => (gateway.vpcId === undefined ? undefined : 'available'),
          'attachment.vpc-id': (gateway) => gateway.vpcId,
          'internet-gateway-id': (gateway) => gateway.id,
        },
      );
      return {
        InternetGateways: rows.map(sdkGateway),
        ...token,
      };
    },
  },
  AttachInternetGateway: {
    takes: ['InternetGatewayId', 'VpcId'],
    run(input, call) {
      const { tx } = call;
      const gateway = find(call, kinds.internetGateway, input.InternetGatewayId, 'internetGatewayId');
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      if (gateway.vpcId !== undefined) {
        throw new AwsError(
          'Resource.AlreadyAssociated',
          `resource ${gateway.id} is already attached to network ${gateway.vpcId}`,
        );
      }
      if (tx.countBy(internetGateways, 'vpc', vpc.id) > 0) {
        throw invalidValue(`Network ${vpc.id} already has an internet gateway attached`);
      }
      tx.put(internetGateways, { ...gateway, vpcId: vpc.id });
      return {};
    },
  },
  DetachInternetGateway: {
    takes: ['InternetGatewayId', 'VpcId'],
    run(input, call) {
      const { tx } = call;
      const { vpcId, ...gateway } = find(call, kinds.internetGateway, input.InternetGatewayId, 'internetGatewayId');
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      if (vpcId !== vpc.id) {
        throw new AwsError('Gateway.NotAttached', `resource ${gateway.id} is not attached to network ${vpc.id}`);
      }
      if (tx.by(networkInterfaces, 'vpc', vpc.id).some((row) => row.publicIp !== undefined)) {
        throw new AwsError(
          'DependencyViolation',
          `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
        );
      }
      tx.put(internetGateways, gateway);
      return {};
    },
  },
  DeleteInternetGateway: {
    takes: ['InternetGatewayId'],
    run(input, call) {
      const gateway = find(call, kinds.internetGateway, input.InternetGatewayId, 'internetGatewayId');
      if (gateway.vpcId !== undefined) throw dependencyViolation('internetGateway', gateway.id);
      call.tx.delete(internetGateways, gateway.id);
      return {};
    },
  },
} satisfies Ec2Operations;
