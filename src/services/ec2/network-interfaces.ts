import type * as sdk from '@aws-sdk/client-ec2';
import { dateOf, isoOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { privateDnsNameOf, publicDnsNameOf } from '../../model/ec2/addresses.ts';
import type { NetworkInterface } from '../../model/ec2/network.ts';
import {
  AddressError,
  allocateInterface,
  releaseInterface,
  type InterfaceRequest,
} from '../../store/allocate-interface.ts';
import { zoneIdOf } from '../../store/default-vpc.ts';
import type { Reader } from '../../store/store.ts';
import { addresses, networkInterfaces, securityGroups, vpcs } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { badCombination, badValue, invalidValue, missing, notYours, unsupported } from './errors.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';

/** Most security groups of an interface ("Amazon VPC quotas"). */
const maxGroups = 5;

/** Makes an interface, wording what goes wrong as EC2 does. */
export function allocate(call: Call, request: Omit<InterfaceRequest, 'ids' | 'now' | 'publicPool'>): NetworkInterface {
  const { tx, ids, now, publicPool } = call;
  try {
    return allocateInterface(tx, { ids, now, publicPool, ...request });
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    switch (error.reason) {
      case 'subnet-full':
        throw new AwsError(
          'InsufficientFreeAddressesInSubnet',
          'The specified subnet does not have enough free addresses to satisfy the request.',
        );
      case 'in-use':
        throw new AwsError('InvalidIPAddress.InUse', error.message);
      case 'pool-full':
        throw new AwsError('AddressLimitExceeded', error.message);
      case 'no-subnet':
        throw new AwsError('InvalidSubnetID.NotFound', error.message);
      case 'not-in-subnet':
        throw invalidValue(error.message);
    }
  }
}

function associationOf(tx: Reader, row: NetworkInterface): sdk.NetworkInterfaceAssociation | undefined {
  const { publicIp, allocationId } = row;
  if (publicIp === undefined) return undefined;
  const address = allocationId === undefined ? undefined : tx.get(addresses, allocationId);
  return {
    PublicIp: publicIp,
    // Only a VPC with DNS hostnames names its public addresses ("DNS attributes for your VPC", VPC User Guide).
    PublicDnsName: tx.get(vpcs, row.vpcId)?.enableDnsHostnames === true ? publicDnsNameOf(publicIp, row.region) : '',
    IpOwnerId: address === undefined ? 'amazon' : row.account,
    ...(address === undefined ? {} : { AllocationId: allocationId, AssociationId: address.associationId }),
  };
}

function attachmentOf(row: NetworkInterface): sdk.NetworkInterfaceAttachment | undefined {
  if (row.attachmentId === undefined) return undefined;
  return {
    AttachmentId: row.attachmentId,
    AttachTime: dateOf(row.createdAt),
    ...(row.owner.kind === 'instance'
      ? { DeleteOnTermination: true, DeviceIndex: 0, InstanceId: row.owner.id, InstanceOwnerId: row.account }
      : {
          DeleteOnTermination: false,
          DeviceIndex: 1,
          InstanceOwnerId: row.owner.kind === 'load-balancer' ? 'amazon-elb' : 'amazon-aws',
        }),
    NetworkCardIndex: 0,
    Status: row.status === 'pending' ? 'attaching' : 'attached',
  };
}

function statusOf(row: NetworkInterface): sdk.NetworkInterfaceStatus {
  return row.status === 'pending' ? 'attaching' : row.status;
}

function groupsOf(tx: Reader, row: NetworkInterface): sdk.GroupIdentifier[] {
  return row.groups.map((id) => ({ GroupId: id, GroupName: tx.get(securityGroups, id)?.name }));
}

function sdkInterface(tx: Reader, row: NetworkInterface): sdk.NetworkInterface {
  const association = associationOf(tx, row);
  const attachment = attachmentOf(row);
  const associated = association === undefined ? {} : { Association: association };
  const PrivateDnsName = privateDnsNameOf(row.privateIp, row.region);
  return {
    NetworkInterfaceId: row.id,
    Status: statusOf(row),
    Description: row.description,
    // EC2 spells it `nat_gateway`, whatever the SDK's enumeration says.
    InterfaceType: row.interfaceType as sdk.NetworkInterfaceType,
    VpcId: row.vpcId,
    SubnetId: row.subnetId,
    AvailabilityZone: row.availabilityZone,
    AvailabilityZoneId: zoneIdOf(row.availabilityZone),
    MacAddress: row.macAddress,
    PrivateIpAddress: row.privateIp,
    PrivateDnsName,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: row.privateIp, PrivateDnsName, ...associated }],
    Ipv6Addresses: [],
    Groups: groupsOf(tx, row),
    OwnerId: row.account,
    RequesterManaged: row.requesterManaged,
    SourceDestCheck: row.sourceDestCheck,
    Operator: { Managed: false },
    ...associated,
    ...(attachment === undefined ? {} : { Attachment: attachment }),
    TagSet: sdkTags(row.tags),
  };
}

/** The groups of an interface in a VPC, whose default group it gets when none is named. */
export function readGroups(call: Call, vpcId: string, ids: readonly string[]): string[] {
  const groups = [...new Set(ids)].map((id) => find(call, kinds.securityGroup, id, 'groupId'));
  if (groups.some((group) => group.vpcId !== vpcId)) {
    throw invalidValue('You have specified two resources that belong to different networks.');
  }
  if (groups.length > maxGroups) {
    throw new AwsError(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
  }
  if (groups.length > 0) return groups.map((group) => group.id);
  const all = call.tx.by(securityGroups, 'vpc', vpcId);
  return all.filter((group) => group.name === 'default').map((group) => group.id);
}

/** The private address that a request names, in either of its two places. */
function readPrivateIp(input: sdk.CreateNetworkInterfaceRequest): string | undefined {
  const { PrivateIpAddress: single, PrivateIpAddresses: list = [] } = input;
  if (list.length > 1) throw unsupported('A secondary private address');
  const [first] = list;
  if (first !== undefined && single !== undefined && first.PrivateIpAddress !== single) {
    throw badCombination('Only one primary private IP address can be specified.');
  }
  return single ?? first?.PrivateIpAddress;
}

/** The operations on network interfaces ("Elastic network interfaces", EC2 User Guide). */
export const networkInterfaceOperations = {
  CreateNetworkInterface: {
    takes: [
      'SubnetId',
      'Description',
      'Groups',
      'PrivateIpAddress',
      'PrivateIpAddresses',
      'InterfaceType',
      'TagSpecifications',
    ],
    idempotent: {
      idOf: (output) => output.NetworkInterface?.NetworkInterfaceId,
      again: (id, call) => ({
        NetworkInterface: sdkInterface(call.tx, find(call, kinds.networkInterface, id, 'networkInterfaceId')),
      }),
    },
    run(input, call) {
      const subnet = find(call, kinds.subnet, input.SubnetId, 'subnetId');
      const type: string = input.InterfaceType ?? 'interface';
      if (type !== 'interface') throw unsupported(`The interface type ${type}`);
      const privateIp = readPrivateIp(input);
      const row = allocate(call, {
        subnetId: subnet.id,
        groups: readGroups(call, subnet.vpcId, input.Groups ?? []),
        owner: { kind: 'user' },
        description: input.Description ?? '',
        publicIp: false,
        tags: newTags('network-interface', input.TagSpecifications),
        ...(privateIp === undefined ? {} : { privateIp }),
      });
      return { NetworkInterface: sdkInterface(call.tx, row) };
    },
  },
  DescribeNetworkInterfaces: {
    // Managed resources are answered anyway: none is hidden here.
    takes: ['NetworkInterfaceIds', 'Filters', 'MaxResults', 'NextToken', 'IncludeManagedResources'],
    run(input, call) {
      const { tx } = call;
      const attached =
        (valueOf: (attachment: sdk.NetworkInterfaceAttachment) => string | undefined) => (row: NetworkInterface) => {
          const attachment = attachmentOf(row);
          return attachment === undefined ? undefined : valueOf(attachment);
        };
      const associated =
        (valueOf: (association: sdk.NetworkInterfaceAssociation) => string | undefined) => (row: NetworkInterface) => {
          const association = associationOf(tx, row);
          return association === undefined ? undefined : valueOf(association);
        };
      const { rows, token } = describeRows(
        call,
        kinds.networkInterface,
        input,
        { ids: input.NetworkInterfaceIds, name: 'networkInterfaceIds' },
        {
          'addresses.association.owner-id': associated((one) => one.IpOwnerId),
          'addresses.association.public-ip': (row) => row.publicIp,
          'addresses.primary': () => 'true',
          'addresses.private-ip-address': (row) => row.privateIp,
          'association.allocation-id': (row) => row.allocationId,
          'association.association-id': associated((one) => one.AssociationId),
          'association.ip-owner-id': associated((one) => one.IpOwnerId),
          'association.public-dns-name': associated((one) =>
            one.PublicDnsName === '' ? undefined : one.PublicDnsName,
          ),
          'association.public-ip': (row) => row.publicIp,
          'attachment.attach-time': attached(({ AttachTime }) =>
            AttachTime === undefined ? undefined : isoOf(AttachTime.getTime()),
          ),
          'attachment.attachment-id': attached((one) => one.AttachmentId),
          'attachment.delete-on-termination': attached((one) => String(one.DeleteOnTermination)),
          'attachment.device-index': attached((one) => String(one.DeviceIndex)),
          'attachment.instance-id': attached((one) => one.InstanceId),
          'attachment.instance-owner-id': attached((one) => one.InstanceOwnerId),
          'attachment.status': attached((one) => one.Status),
          'availability-zone': (row) => row.availabilityZone,
          'availability-zone-id': (row) => zoneIdOf(row.availabilityZone),
          description: (row) => row.description,
          'group-id': (row) => row.groups,
          'group-name': (row) => groupsOf(tx, row).flatMap((group) => group.GroupName ?? []),
          'interface-type': (row) => row.interfaceType,
          'ipv6-addresses.ipv6-address': () => undefined,
          'mac-address': (row) => row.macAddress,
          'network-interface-id': (row) => row.id,
          'operator.managed': () => 'false',
          'operator.principal': () => undefined,
          'private-dns-name': (row) => privateDnsNameOf(row.privateIp, row.region),
          'private-ip-address': (row) => row.privateIp,
          'requester-id': () => undefined,
          'requester-managed': (row) => String(row.requesterManaged),
          'source-dest-check': (row) => String(row.sourceDestCheck),
          status: statusOf,
          'subnet-id': (row) => row.subnetId,
          'vpc-id': (row) => row.vpcId,
        },
      );
      return {
        NetworkInterfaces: rows.map((row) => sdkInterface(tx, row)),
        ...token,
      };
    },
  },
  DescribeNetworkInterfaceAttribute: {
    takes: ['NetworkInterfaceId', 'Attribute'],
    run(input, call) {
      const row = find(call, kinds.networkInterface, input.NetworkInterfaceId, 'networkInterfaceId');
      const head = { NetworkInterfaceId: row.id };
      switch (input.Attribute) {
        case 'description':
          return { ...head, Description: { Value: row.description } };
        case 'groupSet':
          return { ...head, Groups: groupsOf(call.tx, row) };
        case 'sourceDestCheck':
          return { ...head, SourceDestCheck: { Value: row.sourceDestCheck } };
        case 'attachment': {
          const attachment = attachmentOf(row);
          return attachment === undefined ? head : { ...head, Attachment: attachment };
        }
        case 'associatePublicIpAddress':
          return { ...head, AssociatePublicIpAddress: row.publicIp !== undefined };
        case undefined:
          throw missing('attribute');
        default:
          throw badValue(input.Attribute, 'attribute', 'Unknown attribute.');
      }
    },
  },
  ModifyNetworkInterfaceAttribute: {
    takes: ['NetworkInterfaceId', 'Groups', 'Description', 'SourceDestCheck'],
    run(input, call) {
      const row = find(call, kinds.networkInterface, input.NetworkInterfaceId, 'networkInterfaceId');
      const { Groups: groups, Description: description, SourceDestCheck: check } = input;
      const given = [groups, description, check].filter((one) => one !== undefined);
      if (given.length === 0) throw badCombination('No attributes specified.');
      if (given.length > 1) throw badCombination('Fields for multiple attribute types specified');
      if (row.requesterManaged) throw notYours();
      if (check?.Value === false) throw unsupported('Turning off sourceDestCheck');
      if (groups !== undefined) {
        if (groups.length === 0) throw missing('securityGroupId');
        call.tx.put(networkInterfaces, { ...row, groups: readGroups(call, row.vpcId, groups) });
      }
      if (description !== undefined) {
        call.tx.put(networkInterfaces, { ...row, description: description.Value ?? '' });
      }
      return {};
    },
  },
  DeleteNetworkInterface: {
    takes: ['NetworkInterfaceId'],
    run(input, call) {
      const row = find(call, kinds.networkInterface, input.NetworkInterfaceId, 'networkInterfaceId');
      if (row.owner.kind !== 'user' || row.status !== 'available') {
        throw new AwsError('InvalidNetworkInterface.InUse', `Network interface '${row.id}' is currently in use.`);
      }
      releaseInterface(call.tx, row.id);
      return {};
    },
  },
} satisfies Ec2Operations;
