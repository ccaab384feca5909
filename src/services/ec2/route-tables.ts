import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Route, RouteTable } from '../../model/ec2/network.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { internetGateways, natGateways, networkInterfaces, routeTables, vpcs } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { dependencyViolation, invalidValue, missing } from './errors.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';

type Association = RouteTable['associations'][number];

/** Whether a route leads anywhere: its target exists and is attached ("Route state", DescribeRouteTables). */
function stateOf(tx: Reader, table: RouteTable, { target }: Route): sdk.RouteState {
  switch (target.kind) {
    case 'internet-gateway':
      return tx.get(internetGateways, target.id)?.vpcId === table.vpcId ? 'active' : 'blackhole';
    case 'nat-gateway': {
      const state = tx.get(natGateways, target.id)?.state;
      return state === 'available' || state === 'pending' ? 'active' : 'blackhole';
    }
    case 'network-interface':
      return tx.get(networkInterfaces, target.id)?.status === 'in-use' ? 'active' : 'blackhole';
  }
}

/** A table's routes, the local one first. */
function sdkRoutes(tx: Reader, table: RouteTable): sdk.Route[] {
  const local: sdk.Route = {
    DestinationCidrBlock: tx.get(vpcs, table.vpcId)?.cidr,
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  };
  const others = table.routes.map((route): sdk.Route => {
    const { kind, id } = route.target;
    return {
      DestinationCidrBlock: route.destinationCidr,
      ...(kind === 'internet-gateway' ? { GatewayId: id } : {}),
      ...(kind === 'nat-gateway' ? { NatGatewayId: id } : {}),
      ...(kind === 'network-interface' ? { NetworkInterfaceId: id } : {}),
      Origin: route.origin,
      State: stateOf(tx, table, route),
    };
  });
  return [local, ...others];
}

function sdkRouteTable(tx: Reader, table: RouteTable): sdk.RouteTable {
  return {
    RouteTableId: table.id,
    VpcId: table.vpcId,
    OwnerId: table.account,
    Routes: sdkRoutes(tx, table),
    Associations: table.associations.map(({ id, main, subnetId }) => ({
      RouteTableAssociationId: id,
      RouteTableId: table.id,
      Main: main,
      ...given('SubnetId', subnetId),
      AssociationState: { State: 'associated' },
    })),
    PropagatingVgws: [],
    Tags: sdkTags(table.tags),
  };
}

/** The table that has an association, and the association. */
function findAssociation(call: Call, id: string | undefined): { table: RouteTable; association: Association } {
  if (id === undefined || id === '') throw missing('associationId');
  const table = call.tx.by(routeTables, 'association', id).find((row) => scopeOf(row) === scopeOf(call));
  const association = table?.associations.find((one) => one.id === id);
  if (table === undefined || association === undefined) {
    throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
  }
  return { table, association };
}

function without(table: RouteTable, associationId: string): RouteTable {
  return { ...table, associations: table.associations.filter((one) => one.id !== associationId) };
}

/** The operations on route tables and their associations ("Configure route tables", Amazon VPC User Guide). */
export const routeTableOperations = {
  CreateRouteTable: {
    takes: ['VpcId', 'TagSpecifications'],
    idempotent: {
      idOf: (output) => output.RouteTable?.RouteTableId,
      again: (id, call) => ({ RouteTable: sdkRouteTable(call.tx, find(call, kinds.routeTable, id, 'routeTableId')) }),
    },
    run(input, call) {
      const { tx, ids, account, region } = call;
      const vpc = find(call, kinds.vpc, input.VpcId, 'vpcId');
      const table: RouteTable = {
        account,
        region,
        id: newId(ids, 'rtb'),
        vpcId: vpc.id,
        routes: [],
        associations: [],
        tags: newTags('route-table', input.TagSpecifications),
      };
      tx.put(routeTables, table);
      return { RouteTable: sdkRouteTable(tx, table) };
    },
  },
  DescribeRouteTables: {
    takes: ['RouteTableIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { tx } = call;
      const route = (valueOf: (route: sdk.Route) => string | undefined) => (table: RouteTable) =>
        sdkRoutes(tx, table).flatMap((one) => valueOf(one) ?? []);
      const { rows, token } = describeRows(
        call,
        kinds.routeTable,
        input,
        { ids: input.RouteTableIds, name: 'routeTableIds' },
        {
          'association.gateway-id': () => undefined,
          'association.main': (table) => table.associations.map((one) => String(one.main)),
          'association.route-table-association-id': (table) => table.associations.map((one) => one.id),
          'association.route-table-id': (table) => (table.associations.length > 0 ? table.id : undefined),
          'association.subnet-id': (table) => table.associations.flatMap((one) => one.subnetId ?? []),
          'route-table-id': (table) => table.id,
          'route.destination-cidr-block': route((one) => one.DestinationCidrBlock),
          'route.destination-ipv6-cidr-block': () => undefined,
          'route.destination-prefix-list-id': () => undefined,
          'route.egress-only-internet-gateway-id': () => undefined,
          'route.gateway-id': route((one) => one.GatewayId),
          'route.instance-id': () => undefined,
          'route.nat-gateway-id': route((one) => one.NatGatewayId),
          'route.network-interface-id': route((one) => one.NetworkInterfaceId),
          'route.origin': route((one) => one.Origin),
          'route.state': route((one) => one.State),
          'route.transit-gateway-id': () => undefined,
          'route.vpc-peering-connection-id': () => undefined,
          'vpc-id': (table) => table.vpcId,
        },
      );
      return {
        RouteTables: rows.map((table) => sdkRouteTable(tx, table)),
        ...token,
      };
    },
  },
  DeleteRouteTable: {
    takes: ['RouteTableId'],
    run(input, call) {
      const table = find(call, kinds.routeTable, input.RouteTableId, 'routeTableId');
      if (table.associations.length > 0) throw dependencyViolation('routeTable', table.id);
      call.tx.delete(routeTables, table.id);
      return {};
    },
  },
  AssociateRouteTable: {
    takes: ['RouteTableId', 'SubnetId'],
    run(input, call) {
      const { tx, ids } = call;
      const table = find(call, kinds.routeTable, input.RouteTableId, 'routeTableId');
      const subnet = find(call, kinds.subnet, input.SubnetId, 'subnetId');
      if (subnet.vpcId !== table.vpcId) {
        throw invalidValue(`Route table ${table.id} and subnet ${subnet.id} belong to different networks`);
      }
      const [holder] = tx.by(routeTables, 'subnet', subnet.id);
      const there = holder?.associations.find((one) => one.subnetId === subnet.id);
      if (there !== undefined && holder?.id !== table.id) {
        throw new AwsError(
          'Resource.AlreadyAssociated',
          `the specified association for route table ${table.id} conflicts with an existing association`,
        );
      }
      const association = there ?? { id: newId(ids, 'rtbassoc'), main: false, subnetId: subnet.id };
      if (there === undefined) {
        tx.put(routeTables, { ...table, associations: [...table.associations, association] });
      }
      return { AssociationId: association.id, AssociationState: { State: 'associated' } };
    },
  },
  DisassociateRouteTable: {
    takes: ['AssociationId'],
    run(input, call) {
      const { table, association } = findAssociation(call, input.AssociationId);
      if (association.main) {
        throw invalidValue(`cannot disassociate the main route table association ${association.id}`);
      }
      call.tx.put(routeTables, without(table, association.id));
      return {};
    },
  },
  ReplaceRouteTableAssociation: {
    takes: ['AssociationId', 'RouteTableId'],
    run(input, call) {
      const { tx, ids } = call;
      const table = find(call, kinds.routeTable, input.RouteTableId, 'routeTableId');
      const { table: from, association } = findAssociation(call, input.AssociationId);
      if (from.vpcId !== table.vpcId) {
        throw invalidValue(`Route tables ${from.id} and ${table.id} belong to different networks`);
      }
      const id = newId(ids, 'rtbassoc');
      tx.put(routeTables, without(from, association.id));
      tx.update(routeTables, table.id, (row) => ({
        ...row,
        associations: [...row.associations, { ...association, id }],
      }));
      return { NewAssociationId: id, AssociationState: { State: 'associated' } };
    },
  },
} satisfies Ec2Operations;
