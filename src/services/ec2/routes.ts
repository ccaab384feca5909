import { AwsError } from '../../base/errors.ts';
import { cidrText, contains } from '../../model/ec2/addresses.ts';
import type { Route, RouteTable } from '../../model/ec2/network.ts';
import { routeTables, vpcs } from '../../store/tables/ec2.ts';
import { readBlock } from './blocks.ts';
import { invalidValue, missing, unsupported } from './errors.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds } from './resources.ts';

interface TargetInput {
  readonly GatewayId?: string | undefined;
  readonly NatGatewayId?: string | undefined;
  readonly NetworkInterfaceId?: string | undefined;
  readonly InstanceId?: string | undefined;
}

/** The target of a route: exactly one, of the table's own VPC. */
function readTarget(call: Call, table: RouteTable, input: TargetInput): Route['target'] {
  const { GatewayId: gatewayId, NatGatewayId: natId, NetworkInterfaceId: interfaceId, InstanceId: instanceId } = input;
  const given = [gatewayId, natId, interfaceId, instanceId].filter((id) => id !== undefined);
  if (given.length === 0) throw missing('gatewayId or natGatewayId or networkInterfaceId');
  if (given.length > 1) {
    throw invalidValue('A route has exactly one of gatewayId, natGatewayId, networkInterfaceId and instanceId.');
  }
  const elsewhere = (what: string, id: string): AwsError =>
    invalidValue(`route table ${table.id} and ${what} ${id} belong to different networks`);
  if (gatewayId !== undefined) {
    if (/^(vgw|lgw|cagw|vpce)-/.test(gatewayId)) throw unsupported(`A route to ${gatewayId}`);
    const gateway = findGateway(call, gatewayId);
    if (gateway.vpcId !== table.vpcId) throw elsewhere('network gateway', gateway.id);
    return { kind: 'internet-gateway', id: gateway.id };
  }
  if (natId !== undefined) {
    const nat = call.tx.get(kinds.natGateway.table, natId);
    if (nat === undefined || nat.account !== call.account || nat.region !== call.region || nat.state === 'deleted') {
      throw new AwsError('InvalidNatGatewayID.NotFound', `The natGateway ID '${natId}' does not exist`);
    }
    if (nat.vpcId !== table.vpcId) throw elsewhere('NAT gateway', nat.id);
    return { kind: 'nat-gateway', id: nat.id };
  }
  if (interfaceId !== undefined) {
    const row = find(call, kinds.networkInterface, interfaceId, 'networkInterfaceId');
    if (row.vpcId !== table.vpcId) throw elsewhere('interface', row.id);
    return { kind: 'network-interface', id: row.id };
  }
  throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${instanceId ?? ''}' does not exist`);
}

/** Routes have a code of their own for a gateway that does not exist. */
function findGateway(call: Call, id: string) {
  try {
    return find(call, kinds.internetGateway, id, 'gatewayId');
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError('InvalidGatewayID.NotFound', `The gateway ID '${id}' does not exist`);
  }
}

function vpcBlock(call: Call, table: RouteTable) {
  return readBlock(call.tx.get(vpcs, table.vpcId)?.cidr, 'cidrBlock');
}

function put(call: Call, table: RouteTable, routes: readonly Route[]): void {
  call.tx.put(routeTables, { ...table, routes });
}

const targets = ['GatewayId', 'NatGatewayId', 'NetworkInterfaceId', 'InstanceId'] as const;

/** The operations on routes ("Route table concepts", Amazon VPC User Guide). */
export const routeOperations = {
  CreateRoute: {
    takes: ['RouteTableId', 'DestinationCidrBlock', ...targets],
    run(input, call) {
      const table = find(call, kinds.routeTable, input.RouteTableId, 'routeTableId');
      const block = readBlock(input.DestinationCidrBlock, 'destinationCidrBlock');
      const destinationCidr = cidrText(block);
      const local = vpcBlock(call, table);
      const target = readTarget(call, table, input);
      if (
        destinationCidr === cidrText(local) ||
        table.routes.some((route) => route.destinationCidr === destinationCidr)
      ) {
        throw new AwsError('RouteAlreadyExists', `The route identified by ${destinationCidr} already exists.`);
      }
      if (contains(local, block)) {
        if (target.kind !== 'network-interface') {
          throw invalidValue(
            `The destination CIDR block ${destinationCidr} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
          );
        }
        throw unsupported("A route more specific than the VPC's local route");
      }
      put(call, table, [...table.routes, { destinationCidr, target, origin: 'CreateRoute' }]);
      return { Return: true };
    },
  },
  ReplaceRoute: {
    takes: ['RouteTableId', 'DestinationCidrBlock', ...targets],
    run(input, call) {
      const table = find(call, kinds.routeTable, input.RouteTableId, 'routeTableId');
      const destinationCidr = cidrText(readBlock(input.DestinationCidrBlock, 'destinationCidrBlock'));
      if (!table.routes.some((route) => route.destinationCidr === destinationCidr)) {
        throw invalidValue(
          `There is no route defined for '${destinationCidr}' in the route table. Use CreateRoute instead.`,
        );
      }
      const target = readTarget(call, table, input);
      const replaced = table.routes.map((route) =>
        route.destinationCidr === destinationCidr ? { ...route, target } : route,
      );
      put(call, table, replaced);
      return {};
    },
  },
  DeleteRoute: {
    takes: ['RouteTableId', 'DestinationCidrBlock'],
    run(input, call) {
      const table = find(call, kinds.routeTable, input.RouteTableId, 'routeTableId');
      const destinationCidr = cidrText(readBlock(input.DestinationCidrBlock, 'destinationCidrBlock'));
      if (destinationCidr === cidrText(vpcBlock(call, table))) {
        throw invalidValue(`cannot remove local route ${destinationCidr} in route table ${table.id}`);
      }
      const rest = table.routes.filter((route) => route.destinationCidr !== destinationCidr);
      if (rest.length === table.routes.length) {
        throw new AwsError(
          'InvalidRoute.NotFound',
          `no route with destination-cidr-block ${destinationCidr} in route table ${table.id}`,
        );
      }
      put(call, table, rest);
      return {};
    },
  },
} satisfies Ec2Operations;
