import { expect, it } from 'vitest';
import { ec2Fixture, need } from './testing.ts';

const absent = '0123456789abcdef0';

/** A fixture with a VPC 10.0.0.0/16, a subnet, an internet gateway, a group with one rule, an interface and an address. */
function world() {
  const { call, refusal } = ec2Fixture();
  const vpc = need(call('CreateVpc', { CidrBlock: '10.0.0.0/16' }).Vpc?.VpcId);
  const defaultVpc = need(call('DescribeVpcs', {}).Vpcs?.[0]?.VpcId);
  const subnet = need(call('CreateSubnet', { VpcId: vpc, CidrBlock: '10.0.0.0/24' }).Subnet?.SubnetId);
  const igw = need(call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId);
  const loose = need(call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId);
  call('AttachInternetGateway', { InternetGatewayId: igw, VpcId: vpc });
  const group = need(call('CreateSecurityGroup', { GroupName: 'web', Description: 'web', VpcId: vpc }).GroupId);
  call('AuthorizeSecurityGroupIngress', { GroupId: group, IpPermissions: [http] });
  const foreign = need(call('CreateSecurityGroup', { GroupName: 'web', Description: 'web' }).GroupId);
  const eni = need(call('CreateNetworkInterface', { SubnetId: subnet }).NetworkInterface?.NetworkInterfaceId);
  const main = need(call('DescribeRouteTables', { Filters: [{ Name: 'vpc-id', Values: [vpc] }] }).RouteTables?.[0]);
  const defaultGroup = need(
    call('DescribeSecurityGroups', { Filters: [{ Name: 'group-name', Values: ['default'] }] }).SecurityGroups?.find(
      (one) => one.VpcId === vpc,
    )?.GroupId,
  );
  const table = need(main.RouteTableId);
  call('CreateRoute', { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', GatewayId: igw });
  const eip = need(call('AllocateAddress', {}).AllocationId);
  call('AssociateAddress', { AllocationId: eip, NetworkInterfaceId: eni });
  const association = need(main.Associations?.[0]?.RouteTableAssociationId);
  return { refusal, vpc, defaultVpc, subnet, igw, loose, group, defaultGroup, foreign, eni, table, eip, association };
}

const http = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
type World = ReturnType<typeof world>;
type Case = (w: World) => [code: string, message: string];

const authorize =
  (permission: object): Case =>
  (w) =>
    w.refusal('AuthorizeSecurityGroupIngress', { GroupId: w.group, IpPermissions: [permission] });

it.each<[what: string, attempt: Case, code: string, message: string | RegExp]>([
  [
    'a VPC too large',
    (w) => w.refusal('CreateVpc', { CidrBlock: '10.0.0.0/15' }),
    'InvalidVpc.Range',
    "The CIDR '10.0.0.0/15' is invalid.",
  ],
  [
    'a VPC too small',
    (w) => w.refusal('CreateVpc', { CidrBlock: '10.0.0.0/29' }),
    'InvalidVpc.Range',
    "The CIDR '10.0.0.0/29' is invalid.",
  ],
  [
    'a VPC of loopback addresses',
    (w) => w.refusal('CreateVpc', { CidrBlock: '127.0.0.0/16' }),
    'InvalidVpc.Range',
    "The CIDR '127.0.0.0/16' is invalid.",
  ],
  [
    'a VPC over our public addresses',
    (w) => w.refusal('CreateVpc', { CidrBlock: '100.127.0.0/16' }),
    'InvalidVpc.Range',
    /public addresses/,
  ],
  [
    'no block',
    (w) => w.refusal('CreateVpc', {}),
    'MissingParameter',
    'The request must contain the parameter cidrBlock',
  ],
  [
    'no CIDR at all',
    (w) => w.refusal('CreateVpc', { CidrBlock: '10.0.0.0' }),
    'InvalidParameterValue',
    'Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.',
  ],
  [
    'IPv6',
    (w) => w.refusal('CreateVpc', { CidrBlock: '10.1.0.0/16', AmazonProvidedIpv6CidrBlock: true }),
    'UnsupportedOperation',
    'The parameter AmazonProvidedIpv6CidrBlock is not supported by Stowage yet.',
  ],
  [
    'dedicated tenancy',
    (w) => w.refusal('CreateVpc', { CidrBlock: '10.1.0.0/16', InstanceTenancy: 'dedicated' }),
    'UnsupportedOperation',
    /tenancy/,
  ],
  ['a second default VPC', (w) => w.refusal('CreateDefaultVpc', {}), 'DefaultVpcAlreadyExists', /already exists/],
  [
    'an unknown VPC',
    (w) => w.refusal('DescribeVpcs', { VpcIds: [`vpc-${absent}`] }),
    'InvalidVpcID.NotFound',
    `The vpc ID 'vpc-${absent}' does not exist`,
  ],
  [
    'a malformed VPC id',
    (w) => w.refusal('DescribeVpcs', { VpcIds: [`vpc-${absent}`, 'vpc-1'] }),
    'InvalidVpcID.Malformed',
    'Invalid id: "vpc-1" (expecting "vpc-...")',
  ],
  [
    'an unknown filter',
    (w) => w.refusal('DescribeVpcs', { Filters: [{ Name: 'colour', Values: ['red'] }] }),
    'InvalidParameterValue',
    "The filter 'colour' is invalid",
  ],
  [
    'ids and a page size',
    (w) => w.refusal('DescribeVpcs', { VpcIds: [w.vpc], MaxResults: 5 }),
    'InvalidParameterCombination',
    'The parameter vpcIds cannot be used with the parameter maxResults',
  ],
  ['a small page', (w) => w.refusal('DescribeVpcs', { MaxResults: 4 }), 'InvalidParameterValue', /greater than/],
  [
    'a token that is not ours',
    (w) => w.refusal('DescribeVpcs', { NextToken: 'x' }),
    'InvalidNextToken',
    "The token 'x' is invalid",
  ],
  [
    'a VPC in use',
    (w) => w.refusal('DeleteVpc', { VpcId: w.vpc }),
    'DependencyViolation',
    /^The vpc 'vpc-[0-9a-f]{17}' has dependencies and cannot be deleted\.$/,
  ],
  [
    'two attributes at once',
    (w) =>
      w.refusal('ModifyVpcAttribute', {
        VpcId: w.vpc,
        EnableDnsSupport: { Value: true },
        EnableDnsHostnames: { Value: true },
      }),
    'InvalidParameterCombination',
    /multiple/,
  ],
  [
    'no DNS',
    (w) => w.refusal('ModifyVpcAttribute', { VpcId: w.vpc, EnableDnsSupport: { Value: false } }),
    'UnsupportedOperation',
    /enableDnsSupport/,
  ],
  [
    'a dry run',
    (w) => w.refusal('CreateVpc', { CidrBlock: '10.1.0.0/16', DryRun: true }),
    'DryRunOperation',
    'Request would have succeeded, but DryRun flag is set.',
  ],
  [
    'a dry run of what would fail',
    (w) => w.refusal('DeleteVpc', { VpcId: w.vpc, DryRun: true }),
    'DependencyViolation',
    /dependencies/,
  ],

  [
    'a subnet outside',
    (w) => w.refusal('CreateSubnet', { VpcId: w.vpc, CidrBlock: '10.1.0.0/24' }),
    'InvalidSubnet.Range',
    "The CIDR '10.1.0.0/24' is invalid.",
  ],
  [
    'a subnet too small',
    (w) => w.refusal('CreateSubnet', { VpcId: w.vpc, CidrBlock: '10.0.1.0/29' }),
    'InvalidSubnet.Range',
    "The CIDR '10.0.1.0/29' is invalid.",
  ],
  [
    'an overlapping subnet',
    (w) => w.refusal('CreateSubnet', { VpcId: w.vpc, CidrBlock: '10.0.0.128/25' }),
    'InvalidSubnet.Conflict',
    "The CIDR '10.0.0.128/25' conflicts with another subnet",
  ],
  [
    'a subnet in an unknown zone',
    (w) => w.refusal('CreateSubnet', { VpcId: w.vpc, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-east-1z' }),
    'InvalidParameterValue',
    'Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c.',
  ],
  [
    'a subnet of an unknown VPC',
    (w) => w.refusal('CreateSubnet', { VpcId: `vpc-${absent}`, CidrBlock: '10.0.1.0/24' }),
    'InvalidVpcID.NotFound',
    /does not exist/,
  ],
  ['a subnet in use', (w) => w.refusal('DeleteSubnet', { SubnetId: w.subnet }), 'DependencyViolation', /^The subnet /],
  [
    'a malformed subnet id',
    (w) => w.refusal('DeleteSubnet', { SubnetId: 'subnet-xyz' }),
    'InvalidSubnetID.Malformed',
    'Invalid id: "subnet-xyz" (expecting "subnet-...")',
  ],
  [
    'a second default subnet',
    (w) => w.refusal('CreateDefaultSubnet', { AvailabilityZone: 'us-east-1a' }),
    'DefaultSubnetAlreadyExistsInAvailabilityZone',
    /is already the default subnet in us-east-1a\.$/,
  ],
  [
    'an unknown zone',
    (w) => w.refusal('DescribeAvailabilityZones', { ZoneNames: ['us-east-1z'] }),
    'InvalidParameterValue',
    'Invalid availability zone: [us-east-1z]',
  ],

  [
    'a group that exists',
    (w) => w.refusal('CreateSecurityGroup', { GroupName: 'web', Description: 'x', VpcId: w.vpc }),
    'InvalidGroup.Duplicate',
    /^The security group 'web' already exists for VPC 'vpc-/,
  ],
  [
    'a group named default',
    (w) => w.refusal('CreateSecurityGroup', { GroupName: 'default', Description: 'x', VpcId: w.vpc }),
    'InvalidGroup.Reserved',
    'Cannot use reserved security group name: default',
  ],
  [
    'a group named like an id',
    (w) => w.refusal('CreateSecurityGroup', { GroupName: 'sg-1', Description: 'x', VpcId: w.vpc }),
    'InvalidParameterValue',
    /sg-\*/,
  ],
  [
    'a description with an umlaut',
    (w) => w.refusal('CreateSecurityGroup', { GroupName: 'x', Description: 'für', VpcId: w.vpc }),
    'InvalidParameterValue',
    /^Invalid security group description/,
  ],
  [
    'the default group to go',
    (w) => w.refusal('DeleteSecurityGroup', { GroupId: w.defaultGroup }),
    'CannotDelete',
    /name: "default" cannot be deleted by a user$/,
  ],
  [
    'an unknown group',
    (w) => w.refusal('DeleteSecurityGroup', { GroupId: `sg-${absent}` }),
    'InvalidGroup.NotFound',
    `The security group 'sg-${absent}' does not exist`,
  ],
  [
    'a malformed group id',
    (w) => w.refusal('DescribeSecurityGroups', { GroupIds: ['web'] }),
    'InvalidGroupId.Malformed',
    /expecting "sg-/,
  ],
  [
    'an unknown group name',
    (w) => w.refusal('DescribeSecurityGroups', { GroupNames: ['db'] }),
    'InvalidGroup.NotFound',
    /^The security group 'db' does not exist in default VPC/,
  ],
  [
    'no group',
    (w) => w.refusal('DeleteSecurityGroup', {}),
    'MissingParameter',
    'The request must contain the parameter groupName or groupId',
  ],

  [
    'a rule twice',
    authorize(http),
    'InvalidPermission.Duplicate',
    'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists',
  ],
  [
    'a rule twice in one request',
    authorize({ ...http, FromPort: 1, ToPort: 1, IpRanges: [{ CidrIp: '10.0.0.0/8' }, { CidrIp: '10.1.2.3/8' }] }),
    'InvalidParameterValue',
    'The same permission must not appear multiple times',
  ],
  [
    'no rules',
    (w) => w.refusal('AuthorizeSecurityGroupIngress', { GroupId: w.group }),
    'MissingParameter',
    'The request must contain the parameter ipPermissions',
  ],
  ['a rule without a peer', authorize({ IpProtocol: 'tcp', FromPort: 1, ToPort: 1 }), 'MissingParameter', /peer/],
  ['a rule without ports', authorize({ ...http, FromPort: undefined }), 'InvalidParameterValue', /from and to ports/],
  [
    'ports upside down',
    authorize({ ...http, FromPort: 443 }),
    'InvalidParameterValue',
    'Invalid TCP/UDP port range (443:80)',
  ],
  [
    'a port too high',
    authorize({ ...http, ToPort: 65_536 }),
    'InvalidParameterValue',
    'TCP/UDP port (65536) out of range',
  ],
  [
    'TCP port -1',
    authorize({ ...http, FromPort: -1, ToPort: -1 }),
    'InvalidParameterValue',
    'TCP/UDP port (-1) out of range',
  ],
  [
    'an unknown protocol',
    authorize({ ...http, IpProtocol: 'sctp' }),
    'InvalidParameterValue',
    "Invalid value 'sctp' for IP protocol. Unknown protocol.",
  ],
  [
    'a malformed peer',
    authorize({ ...http, IpRanges: [{ CidrIp: '10.0.0.0/33' }] }),
    'InvalidParameterValue',
    'CIDR block 10.0.0.0/33 is malformed',
  ],
  [
    'a malformed IPv6 peer',
    authorize({ ...http, IpRanges: [], Ipv6Ranges: [{ CidrIpv6: '::g/0' }] }),
    'InvalidParameterValue',
    'CIDR block ::g/0 is malformed',
  ],
  [
    'a prefix list',
    authorize({ ...http, PrefixListIds: [{ PrefixListId: 'pl-1' }] }),
    'InvalidPrefixListID.NotFound',
    "The prefix list ID 'pl-1' does not exist",
  ],
  [
    'a peer of another VPC',
    (w) =>
      w.refusal('AuthorizeSecurityGroupIngress', {
        GroupId: w.group,
        IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: w.foreign }] }],
      }),
    'InvalidGroup.NotFound',
    'You have specified two resources that belong to different networks.',
  ],
  [
    'too many rules',
    (w) =>
      w.refusal('AuthorizeSecurityGroupIngress', {
        GroupId: w.group,
        IpPermissions: Array.from({ length: 60 }, (_, port) => ({
          ...http,
          FromPort: 1000 + port,
          ToPort: 1000 + port,
        })),
      }),
    'RulesPerSecurityGroupLimitExceeded',
    'The maximum number of rules per security group has been reached.',
  ],
  [
    'revoking what is not there',
    (w) => w.refusal('RevokeSecurityGroupIngress', { GroupId: w.group, IpPermissions: [{ ...http, FromPort: 79 }] }),
    'InvalidPermission.NotFound',
    'The specified rule does not exist in this security group.',
  ],
  [
    'revoking an unknown rule id',
    (w) => w.refusal('RevokeSecurityGroupIngress', { GroupId: w.group, SecurityGroupRuleIds: [`sgr-${absent}`] }),
    'InvalidSecurityGroupRuleId.NotFound',
    `The security group rule ID 'sgr-${absent}' does not exist`,
  ],

  [
    'an interface of an unknown subnet',
    (w) => w.refusal('CreateNetworkInterface', { SubnetId: `subnet-${absent}` }),
    'InvalidSubnetID.NotFound',
    /does not exist/,
  ],
  [
    'an address outside the subnet',
    (w) => w.refusal('CreateNetworkInterface', { SubnetId: w.subnet, PrivateIpAddress: '10.0.1.9' }),
    'InvalidParameterValue',
    "Address 10.0.1.9 does not fall within the subnet's address range",
  ],
  [
    'a reserved address',
    (w) => w.refusal('CreateNetworkInterface', { SubnetId: w.subnet, PrivateIpAddress: '10.0.0.2' }),
    'InvalidParameterValue',
    /10\.0\.0\.2/,
  ],
  [
    'an address in use',
    (w) => w.refusal('CreateNetworkInterface', { SubnetId: w.subnet, PrivateIpAddress: '10.0.0.4' }),
    'InvalidIPAddress.InUse',
    /10\.0\.0\.4/,
  ],
  [
    'a group of another VPC',
    (w) => w.refusal('CreateNetworkInterface', { SubnetId: w.subnet, Groups: [w.foreign] }),
    'InvalidParameterValue',
    /different networks/,
  ],
  [
    'secondary addresses',
    (w) => w.refusal('CreateNetworkInterface', { SubnetId: w.subnet, SecondaryPrivateIpAddressCount: 2 }),
    'UnsupportedOperation',
    /SecondaryPrivateIpAddressCount/,
  ],
  [
    'an unknown interface',
    (w) => w.refusal('DeleteNetworkInterface', { NetworkInterfaceId: `eni-${absent}` }),
    'InvalidNetworkInterfaceID.NotFound',
    `The networkInterface ID 'eni-${absent}' does not exist`,
  ],

  [
    'a gateway attached twice',
    (w) => w.refusal('AttachInternetGateway', { InternetGatewayId: w.igw, VpcId: w.defaultVpc }),
    'Resource.AlreadyAssociated',
    /^resource igw-\w+ is already attached to network vpc-/,
  ],
  [
    'a second gateway',
    (w) => w.refusal('AttachInternetGateway', { InternetGatewayId: w.loose, VpcId: w.vpc }),
    'InvalidParameterValue',
    /already has an internet gateway attached$/,
  ],
  [
    'detaching what is not attached',
    (w) => w.refusal('DetachInternetGateway', { InternetGatewayId: w.loose, VpcId: w.vpc }),
    'Gateway.NotAttached',
    /is not attached to network/,
  ],
  [
    'detaching below public addresses',
    (w) => w.refusal('DetachInternetGateway', { InternetGatewayId: w.igw, VpcId: w.vpc }),
    'DependencyViolation',
    /mapped public address/,
  ],
  [
    'deleting an attached gateway',
    (w) => w.refusal('DeleteInternetGateway', { InternetGatewayId: w.igw }),
    'DependencyViolation',
    /^The internetGateway /,
  ],
  [
    'an unknown gateway',
    (w) => w.refusal('DeleteInternetGateway', { InternetGatewayId: `igw-${absent}` }),
    'InvalidInternetGatewayID.NotFound',
    `The internetGateway ID 'igw-${absent}' does not exist`,
  ],

  [
    'a route twice',
    (w) => w.refusal('CreateRoute', { RouteTableId: w.table, DestinationCidrBlock: '0.0.0.0/0', GatewayId: w.igw }),
    'RouteAlreadyExists',
    'The route identified by 0.0.0.0/0 already exists.',
  ],
  [
    'the local route again',
    (w) => w.refusal('CreateRoute', { RouteTableId: w.table, DestinationCidrBlock: '10.0.0.0/16', GatewayId: w.igw }),
    'RouteAlreadyExists',
    /10\.0\.0\.0\/16/,
  ],
  [
    'a route within the VPC',
    (w) => w.refusal('CreateRoute', { RouteTableId: w.table, DestinationCidrBlock: '10.0.9.0/24', GatewayId: w.igw }),
    'InvalidParameterValue',
    /more specific/,
  ],
  [
    'a route to a detached gateway',
    (w) => w.refusal('CreateRoute', { RouteTableId: w.table, DestinationCidrBlock: '8.8.8.8/32', GatewayId: w.loose }),
    'InvalidParameterValue',
    /belong to different networks$/,
  ],
  [
    'a route to an unknown gateway',
    (w) =>
      w.refusal('CreateRoute', {
        RouteTableId: w.table,
        DestinationCidrBlock: '8.8.8.8/32',
        GatewayId: `igw-${absent}`,
      }),
    'InvalidGatewayID.NotFound',
    `The gateway ID 'igw-${absent}' does not exist`,
  ],
  [
    'a route to an unknown NAT gateway',
    (w) =>
      w.refusal('CreateRoute', {
        RouteTableId: w.table,
        DestinationCidrBlock: '8.8.8.8/32',
        NatGatewayId: `nat-${absent}`,
      }),
    'InvalidNatGatewayID.NotFound',
    /does not exist/,
  ],
  [
    'a route to nothing',
    (w) => w.refusal('CreateRoute', { RouteTableId: w.table, DestinationCidrBlock: '8.8.8.8/32' }),
    'MissingParameter',
    /gatewayId/,
  ],
  [
    'an IPv6 route',
    (w) => w.refusal('CreateRoute', { RouteTableId: w.table, DestinationIpv6CidrBlock: '::/0', GatewayId: w.igw }),
    'UnsupportedOperation',
    /DestinationIpv6CidrBlock/,
  ],
  [
    'replacing no route',
    (w) => w.refusal('ReplaceRoute', { RouteTableId: w.table, DestinationCidrBlock: '8.8.8.8/32', GatewayId: w.igw }),
    'InvalidParameterValue',
    "There is no route defined for '8.8.8.8/32' in the route table. Use CreateRoute instead.",
  ],
  [
    'deleting no route',
    (w) => w.refusal('DeleteRoute', { RouteTableId: w.table, DestinationCidrBlock: '8.8.8.8/32' }),
    'InvalidRoute.NotFound',
    /^no route with destination-cidr-block 8\.8\.8\.8\/32 in route table rtb-/,
  ],
  [
    'deleting the local route',
    (w) => w.refusal('DeleteRoute', { RouteTableId: w.table, DestinationCidrBlock: '10.0.0.0/16' }),
    'InvalidParameterValue',
    /^cannot remove local route/,
  ],
  [
    'deleting the main table',
    (w) => w.refusal('DeleteRouteTable', { RouteTableId: w.table }),
    'DependencyViolation',
    /^The routeTable /,
  ],
  [
    'disassociating the main table',
    (w) => w.refusal('DisassociateRouteTable', { AssociationId: w.association }),
    'InvalidParameterValue',
    /^cannot disassociate the main route table association/,
  ],
  [
    'an unknown association',
    (w) => w.refusal('DisassociateRouteTable', { AssociationId: `rtbassoc-${absent}` }),
    'InvalidAssociationID.NotFound',
    `The association ID 'rtbassoc-${absent}' does not exist`,
  ],
  [
    'an unknown table',
    (w) => w.refusal('DescribeRouteTables', { RouteTableIds: [`rtb-${absent}`] }),
    'InvalidRouteTableID.NotFound',
    `The routeTable ID 'rtb-${absent}' does not exist`,
  ],

  [
    'releasing an address in use',
    (w) => w.refusal('ReleaseAddress', { AllocationId: w.eip }),
    'InvalidIPAddress.InUse',
    /is in use\.$/,
  ],
  [
    'an unknown allocation',
    (w) => w.refusal('ReleaseAddress', { AllocationId: `eipalloc-${absent}` }),
    'InvalidAllocationID.NotFound',
    `The allocation ID 'eipalloc-${absent}' does not exist`,
  ],
  [
    'an unknown address',
    (w) => w.refusal('DescribeAddresses', { PublicIps: ['8.8.8.8'] }),
    'InvalidAddress.NotFound',
    "Address '8.8.8.8' not found.",
  ],
  [
    'an address for an instance',
    (w) => w.refusal('AssociateAddress', { AllocationId: w.eip, InstanceId: 'i-0123456789abcdef0' }),
    'InvalidInstanceID.NotFound',
    /does not exist/,
  ],
  [
    'an unknown NAT gateway',
    (w) => w.refusal('DescribeNatGateways', { NatGatewayIds: [`nat-${absent}`] }),
    'NatGatewayNotFound',
    `The Nat Gateway nat-${absent} was not found`,
  ],
  [
    'a malformed NAT gateway id',
    (w) => w.refusal('DeleteNatGateway', { NatGatewayId: 'nat-1' }),
    'NatGatewayMalformed',
    /expecting "nat-/,
  ],
  [
    'a NAT gateway without an address',
    (w) => w.refusal('CreateNatGateway', { SubnetId: w.subnet }),
    'MissingParameter',
    'The request must contain the parameter AllocationId',
  ],
  [
    'a private NAT gateway',
    (w) => w.refusal('CreateNatGateway', { SubnetId: w.subnet, ConnectivityType: 'private' }),
    'UnsupportedOperation',
    /private NAT gateway/,
  ],

  [
    'tags for something else',
    (w) =>
      w.refusal('CreateVpc', {
        CidrBlock: '10.1.0.0/16',
        TagSpecifications: [{ ResourceType: 'subnet', Tags: [{ Key: 'a', Value: 'b' }] }],
      }),
    'InvalidParameterValue',
    "'subnet' is not a valid taggable resource type for this operation.",
  ],
  [
    'a reserved tag',
    (w) => w.refusal('CreateTags', { Resources: [w.vpc], Tags: [{ Key: 'aws:x', Value: 'b' }] }),
    'InvalidParameterValue',
    "Tag keys starting with 'aws:' are reserved for internal use",
  ],
  [
    'too many tags',
    (w) =>
      w.refusal('CreateTags', {
        Resources: [w.vpc],
        Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })),
      }),
    'TagLimitExceeded',
    /maximum number of Tags/,
  ],
  [
    'tags on nothing known',
    (w) => w.refusal('CreateTags', { Resources: ['thing-1'], Tags: [{ Key: 'a', Value: 'b' }] }),
    'InvalidID',
    "The ID 'thing-1' is not valid",
  ],
  [
    'tags on one that exists and one that does not',
    (w) => w.refusal('CreateTags', { Resources: [w.vpc, `igw-${absent}`], Tags: [{ Key: 'a', Value: 'b' }] }),
    'InvalidInternetGatewayID.NotFound',
    /does not exist/,
  ],
])('%s', (_what, attempt, code, message) => {
  const [actual, sentence] = attempt(world());
  expect({ code: actual, sentence }).toEqual({
    code,
    sentence: typeof message === 'string' ? message : expect.stringMatching(message),
  });
});
