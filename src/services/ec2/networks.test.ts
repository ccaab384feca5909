import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { natGatewayLoop } from '../../control/nat-gateways/loop.ts';
import { runLoop } from '../../control/loop.ts';
import { overlaps, parseCidr } from '../../model/ec2/addresses.ts';
import { addressCursors, clientTokens, networkInterfaces } from '../../store/tables/ec2.ts';
import { ec2Fixture, filter, need, withVpc } from './testing.ts';

describe('the default VPC', () => {
  it('is there on first use, once for each account and region', () => {
    const { call, ctxIn } = ec2Fixture();
    const ids = [ctxIn('us-east-1'), ctxIn('us-east-1'), ctxIn('eu-west-1'), ctxIn('us-east-1', '111122223333')].map(
      (ctx) => need(call('DescribeVpcs', { Filters: filter('is-default', 'true') }, ctx).Vpcs?.[0]?.VpcId),
    );
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
  });

  it('has a subnet in each zone, a gateway, a route to it and a group whose members reach each other', () => {
    const { call } = ec2Fixture();
    const { Subnets = [] } = call('DescribeSubnets', { Filters: filter('default-for-az', 'true') });
    expect(
      Subnets.map((one) => [
        one.AvailabilityZoneId,
        one.CidrBlock,
        one.MapPublicIpOnLaunch,
        one.AvailableIpAddressCount,
      ]),
    ).toEqual([
      ['use1-az1', '172.31.0.0/20', true, 4091],
      ['use1-az2', '172.31.16.0/20', true, 4091],
      ['use1-az3', '172.31.32.0/20', true, 4091],
    ]);
    const vpcId = need(Subnets[0]?.VpcId);
    const gateway = call('DescribeInternetGateways', { Filters: filter('attachment.vpc-id', vpcId) });
    const gatewayId = gateway.InternetGateways?.[0]?.InternetGatewayId;
    expect(call('DescribeRouteTables', {}).RouteTables).toMatchObject([
      {
        VpcId: vpcId,
        Associations: [{ Main: true }],
        Routes: [
          { DestinationCidrBlock: '172.31.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
          { DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId, Origin: 'CreateRoute', State: 'active' },
        ],
      },
    ]);
    const [group] = need(call('DescribeSecurityGroups', {}).SecurityGroups);
    expect(group).toMatchObject({
      GroupName: 'default',
      VpcId: vpcId,
      IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group?.GroupId }] }],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
    expect(call('DescribeNetworkAcls', {}).NetworkAcls?.[0]?.Associations).toHaveLength(3);
  });

  it('stays away once deleted, until it is asked for', () => {
    const { call } = ec2Fixture();
    const vpcId = need(call('DescribeVpcs', {}).Vpcs?.[0]?.VpcId);
    const { InternetGateways: [gateway] = [] } = call('DescribeInternetGateways', {});
    const gatewayId = need(gateway?.InternetGatewayId);
    for (const subnet of call('DescribeSubnets', {}).Subnets ?? []) {
      call('DeleteSubnet', { SubnetId: need(subnet.SubnetId) });
    }
    call('DetachInternetGateway', { InternetGatewayId: gatewayId, VpcId: vpcId });
    call('DeleteInternetGateway', { InternetGatewayId: gatewayId });
    call('DeleteVpc', { VpcId: vpcId });
    expect(call('DescribeVpcs', {}).Vpcs).toEqual([]);
    expect(call('DescribeSecurityGroups', {}).SecurityGroups).toEqual([]);
    const options = call('DescribeDhcpOptions', {}).DhcpOptions?.[0]?.DhcpOptionsId;
    expect(call('CreateDefaultVpc', {}).Vpc).toMatchObject({ IsDefault: true, DhcpOptionsId: options });
    expect(call('DescribeSubnets', {}).Subnets).toHaveLength(3);
  });
});

describe('VPCs and subnets', () => {
  it('two VPCs may have the same addresses, and are not seen from another region or account', () => {
    const { call, ctxIn, refusal } = ec2Fixture();
    const [one, two] = [1, 2].map(() => need(call('CreateVpc', { CidrBlock: '10.0.5.5/16' }).Vpc));
    expect(one).toMatchObject({ CidrBlock: '10.0.0.0/16', State: 'pending' });
    expect(two?.VpcId).not.toBe(one?.VpcId);
    const there = need(call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, ctxIn('eu-west-1')).Vpc?.VpcId);
    expect(refusal('DescribeVpcs', { VpcIds: [there] })[0]).toBe('InvalidVpcID.NotFound');
  });

  it('spreads subnets over the zones where none is asked for', () => {
    const { call, vpcId } = withVpc();
    for (const third of [1, 2]) call('CreateSubnet', { VpcId: vpcId, CidrBlock: `10.0.${third}.0/24` });
    const { Subnets = [] } = call('DescribeSubnets', { Filters: filter('vpc-id', vpcId) });
    expect(Subnets.map((one) => one.AvailabilityZone)).toEqual(['us-east-1a', 'us-east-1b', 'us-east-1c']);
  });

  it('never has overlapping subnets, whatever is asked for', () => {
    const block = fc.tuple(fc.nat(255), fc.integer({ min: 16, max: 28 }));
    fc.assert(
      fc.property(fc.array(block, { maxLength: 25 }), (blocks) => {
        const { call, refusal, vpcId } = withVpc();
        for (const [third, length] of blocks)
          refusal('CreateSubnet', { VpcId: vpcId, CidrBlock: `10.0.${third}.0/${length}` });
        const { Subnets = [] } = call('DescribeSubnets', { Filters: filter('vpc-id', vpcId) });
        const cidrs = Subnets.map((one) => need(parseCidr(need(one.CidrBlock))));
        cidrs.forEach((a, i) => cidrs.slice(i + 1).forEach((b) => expect(overlaps(a, b)).toBe(false)));
      }),
      { numRuns: 30 },
    );
  });

  it('counts its free addresses, says when there are none, and forgets itself wholly', () => {
    const { call, refusal, vpcId, store } = withVpc();
    const subnetId = need(call('CreateSubnet', { VpcId: vpcId, CidrBlock: '10.0.1.0/28' }).Subnet?.SubnetId);
    const free = () => call('DescribeSubnets', { SubnetIds: [subnetId] }).Subnets?.[0]?.AvailableIpAddressCount;
    const ids = Array.from({ length: 11 }, () =>
      need(call('CreateNetworkInterface', { SubnetId: subnetId }).NetworkInterface?.NetworkInterfaceId),
    );
    expect(free()).toBe(0);
    expect(refusal('CreateNetworkInterface', { SubnetId: subnetId })).toEqual([
      'InsufficientFreeAddressesInSubnet',
      'The specified subnet does not have enough free addresses to satisfy the request.',
    ]);
    for (const id of ids) call('DeleteNetworkInterface', { NetworkInterfaceId: id });
    expect(free()).toBe(11);
    call('DeleteSubnet', { SubnetId: subnetId });
    expect(store.list(addressCursors)).toEqual([]);
  });

  it('gives an interface its private name', () => {
    const { call, subnetId } = withVpc();
    const eni = need(
      call('CreateNetworkInterface', { SubnetId: subnetId, PrivateIpAddress: '10.0.0.9' }).NetworkInterface,
    );
    expect(eni).toMatchObject({
      PrivateDnsName: 'ip-10-0-0-9.ec2.internal',
      Status: 'available',
      RequesterManaged: false,
    });
  });
});

describe('pages', () => {
  it('show every row once, also when rows go in between', () => {
    const { call } = ec2Fixture();
    const made = Array.from({ length: 12 }, () =>
      need(call('CreateInternetGateway', {}).InternetGateway?.InternetGatewayId),
    );
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const answer = call('DescribeInternetGateways', {
        MaxResults: 5,
        ...(token === undefined ? {} : { NextToken: token }),
      });
      const ids = need(answer.InternetGateways).map((one) => need(one.InternetGatewayId));
      seen.push(...ids);
      const last = need(ids.at(-1));
      if (made.includes(last)) call('DeleteInternetGateway', { InternetGatewayId: last });
      token = answer.NextToken;
    } while (token !== undefined);
    expect(seen).toHaveLength(13);
    expect(new Set(seen)).toEqual(new Set([...made, ...seen]));
  });
});

describe('client tokens', () => {
  it('make one thing of the same request for a day, and refuse another request', async () => {
    const { call, refusal, subnetId, store, clock } = withVpc();
    const request = { SubnetId: subnetId, ClientToken: 'token' };
    const first = call('CreateNetworkInterface', request).NetworkInterface?.NetworkInterfaceId;
    expect(call('CreateNetworkInterface', request).NetworkInterface?.NetworkInterfaceId).toBe(first);
    expect(store.count(networkInterfaces)).toBe(1);
    expect(refusal('CreateNetworkInterface', { ...request, Description: 'x' })[0]).toBe('IdempotentParameterMismatch');
    await clock.advance(25 * 60 * 60 * 1000);
    expect(call('CreateNetworkInterface', request).NetworkInterface?.NetworkInterfaceId).not.toBe(first);
    expect(store.count(clientTokens)).toBe(1);
  });
});

describe('route tables', () => {
  it('a route is a black hole once its target is gone', () => {
    const { call, vpcId, gatewayId, table, routes } = withVpc();
    call('CreateRoute', { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId });
    const states = () => routes().Routes?.map((route) => route.State);
    expect(states()).toEqual(['active', 'active']);
    call('DetachInternetGateway', { InternetGatewayId: gatewayId, VpcId: vpcId });
    expect(states()).toEqual(['active', 'blackhole']);
    call('AttachInternetGateway', { InternetGatewayId: gatewayId, VpcId: vpcId });
    call('DeleteRoute', { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0' });
    expect(states()).toEqual(['active']);
  });

  it('moves associations, the main one too, and a subnet has one at most', () => {
    const { call, refusal, vpcId, subnetId, table, routes } = withVpc();
    const other = need(call('CreateRouteTable', { VpcId: vpcId }).RouteTable?.RouteTableId);
    const third = need(call('CreateRouteTable', { VpcId: vpcId }).RouteTable?.RouteTableId);
    const { AssociationId: first } = call('AssociateRouteTable', { RouteTableId: other, SubnetId: subnetId });
    expect(call('AssociateRouteTable', { RouteTableId: other, SubnetId: subnetId }).AssociationId).toBe(first);
    expect(refusal('AssociateRouteTable', { RouteTableId: third, SubnetId: subnetId })[0]).toBe(
      'Resource.AlreadyAssociated',
    );
    const moved = call('ReplaceRouteTableAssociation', { AssociationId: need(first), RouteTableId: third });
    expect(moved.NewAssociationId).not.toBe(first);
    call('DeleteRouteTable', { RouteTableId: other });
    const main = need(routes().Associations?.[0]?.RouteTableAssociationId);
    call('ReplaceRouteTableAssociation', { AssociationId: main, RouteTableId: third });
    call('DeleteRouteTable', { RouteTableId: table });
    expect(call('DescribeRouteTables', { Filters: filter('association.main', 'true') }).RouteTables).toHaveLength(2);
    call('DisassociateRouteTable', { AssociationId: need(moved.NewAssociationId) });
    expect(routes().Associations).toMatchObject([{ Main: true }]);
  });
});

describe('Elastic IPs', () => {
  it('move between interfaces, and stay allocated when the interface goes', () => {
    const { call, refusal, subnetId } = withVpc();
    const [one, two] = [1, 2].map(() =>
      need(call('CreateNetworkInterface', { SubnetId: subnetId }).NetworkInterface?.NetworkInterfaceId),
    );
    const { AllocationId: id, PublicIp } = call('AllocateAddress', {});
    const request = { AllocationId: need(id), NetworkInterfaceId: need(one) };
    const { AssociationId } = call('AssociateAddress', request);
    expect(call('AssociateAddress', request).AssociationId).toBe(AssociationId);
    const elsewhere = { ...request, NetworkInterfaceId: need(two) };
    expect(refusal('AssociateAddress', { ...elsewhere, AllowReassociation: false })[0]).toBe(
      'Resource.AlreadyAssociated',
    );
    call('AssociateAddress', elsewhere);
    const publicOf = (eni: string | undefined) =>
      call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [need(eni)] }).NetworkInterfaces?.[0]?.Association
        ?.PublicIp;
    expect([publicOf(one), publicOf(two)]).toEqual([undefined, PublicIp]);
    call('DeleteNetworkInterface', { NetworkInterfaceId: need(two) });
    const [address] = need(call('DescribeAddresses', {}).Addresses);
    expect(address).toMatchObject({ AllocationId: id, Domain: 'vpc' });
    expect(address?.AssociationId).toBeUndefined();
    call('ReleaseAddress', { AllocationId: need(id) });
    expect(call('DescribeAddresses', {}).Addresses).toEqual([]);
  });

  it('needs an internet gateway', () => {
    const { call, refusal, vpcId, subnetId, gatewayId } = withVpc();
    call('DetachInternetGateway', { InternetGatewayId: gatewayId, VpcId: vpcId });
    const eni = call('CreateNetworkInterface', { SubnetId: subnetId }).NetworkInterface?.NetworkInterfaceId;
    const { AllocationId } = call('AllocateAddress', {});
    expect(refusal('AssociateAddress', { AllocationId, NetworkInterfaceId: eni })[0]).toBe('Gateway.NotAttached');
  });

  it('are refused when the pool is empty', () => {
    const { call, refusal } = ec2Fixture();
    for (let given = 0; given < 62; given += 1) call('AllocateAddress', {});
    expect(refusal('AllocateAddress', {})[0]).toBe('AddressLimitExceeded');
  });
});

describe('NAT gateways', () => {
  it('get their address, hold it against the caller, and give it back', async () => {
    const fixture = withVpc();
    const { call, refusal, subnetId, clock } = fixture;
    const stop = runLoop(natGatewayLoop(fixture), fixture);
    const { AllocationId: address, PublicIp } = call('AllocateAddress', {});
    const made = call('CreateNatGateway', { SubnetId: subnetId, AllocationId: need(address) }).NatGateway;
    expect(made).toMatchObject({ State: 'pending', NatGatewayAddresses: [{ Status: 'associating' }] });
    await clock.advance(0);
    const id = need(made?.NatGatewayId);
    const now = () => call('DescribeNatGateways', { Filter: filter('nat-gateway-id', id) }).NatGateways?.[0];
    expect(now()).toMatchObject({ State: 'available', NatGatewayAddresses: [{ PublicIp, Status: 'succeeded' }] });
    const eni = need(now()?.NatGatewayAddresses?.[0]?.NetworkInterfaceId);
    expect(call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [eni] }).NetworkInterfaces).toMatchObject([
      { InterfaceType: 'nat_gateway', Description: `Interface for NAT Gateway ${id}`, Association: { PublicIp } },
    ]);
    expect(refusal('DeleteNetworkInterface', { NetworkInterfaceId: eni })[0]).toBe('InvalidNetworkInterface.InUse');
    expect(refusal('DisassociateAddress', { PublicIp })[0]).toBe('AuthFailure');
    expect(refusal('DeleteSubnet', { SubnetId: subnetId })[0]).toBe('DependencyViolation');
    call('DeleteNatGateway', { NatGatewayId: id });
    await clock.advance(0);
    expect(now()).toMatchObject({ State: 'deleted', NatGatewayAddresses: [{ PublicIp }] });
    call('ReleaseAddress', { AllocationId: need(address) });
    call('DeleteSubnet', { SubnetId: subnetId });
    await clock.advance(61 * 60 * 1000);
    expect(now()).toBeUndefined();
    stop();
  });

  it('fail where nothing leads to the internet', async () => {
    const fixture = withVpc();
    const { call, vpcId, subnetId, gatewayId, clock } = fixture;
    const stop = runLoop(natGatewayLoop(fixture), fixture);
    call('DetachInternetGateway', { InternetGatewayId: gatewayId, VpcId: vpcId });
    const { AllocationId: address } = call('AllocateAddress', {});
    call('CreateNatGateway', { SubnetId: subnetId, AllocationId: need(address) });
    await clock.advance(0);
    expect(call('DescribeNatGateways', {}).NatGateways).toMatchObject([
      {
        State: 'failed',
        FailureCode: 'Gateway.NotAttached',
        FailureMessage: `Network ${vpcId} has no Internet gateway attached`,
      },
    ]);
    expect(call('DescribeNetworkInterfaces', {}).NetworkInterfaces).toEqual([]);
    stop();
  });
});

describe('tags', () => {
  it('are given at creation, changed, found and taken', () => {
    const { call } = ec2Fixture();
    const { Vpc } = call('CreateVpc', {
      CidrBlock: '10.0.0.0/16',
      TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'Name', Value: 'main' }] }],
    });
    const id = need(Vpc?.VpcId);
    expect(Vpc?.Tags).toEqual([{ Key: 'Name', Value: 'main' }]);
    call('CreateTags', {
      Resources: [id],
      Tags: [
        { Key: 'Name', Value: 'other' },
        { Key: 'Owner', Value: 'TeamA' },
      ],
    });
    expect(call('DescribeVpcs', { Filters: filter('tag:Owner', 'Team?') }).Vpcs).toHaveLength(1);
    expect(call('DescribeTags', { Filters: filter('resource-type', 'vpc') }).Tags).toEqual([
      { ResourceId: id, ResourceType: 'vpc', Key: 'Name', Value: 'other' },
      { ResourceId: id, ResourceType: 'vpc', Key: 'Owner', Value: 'TeamA' },
    ]);
    call('DeleteTags', { Resources: [id], Tags: [{ Key: 'Name', Value: 'main' }, { Key: 'Owner' }] });
    expect(call('DescribeVpcs', { VpcIds: [id] }).Vpcs?.[0]?.Tags).toEqual([{ Key: 'Name', Value: 'other' }]);
    call('DeleteTags', { Resources: [id] });
    expect(call('DescribeTags', {}).Tags).toEqual([]);
  });
});
