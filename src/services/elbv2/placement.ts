import type { SubnetMapping } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Subnet } from '../../model/ec2/network.ts';
import type { LoadBalancer } from '../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../model/tags.ts';
import { AddressError, allocateInterface } from '../../store/allocate-interface.ts';
import { associateAddress } from '../../store/associate-address.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { internetGateways, securityGroups, subnets } from '../../store/tables/ec2.ts';
import type { ServiceDeps } from '../deps.ts';
import { elbErrors, notSupported } from './errors.ts';
import { checkAllocation } from './static-addresses.ts';

/** The subnet ids of a request that gives them as a list or as mappings. */
export function wantedSubnets(
  input: {
    readonly Subnets?: readonly string[] | undefined;
    readonly SubnetMappings?: readonly SubnetMapping[] | undefined;
  },
  type: LoadBalancer['type'],
): string[] {
  if (input.Subnets !== undefined && input.SubnetMappings !== undefined) {
    throw elbErrors.validation('Subnets and subnet mappings cannot be specified at the same time');
  }
  for (const mapping of type === 'application' ? (input.SubnetMappings ?? []) : []) {
    const { SubnetId: _, ...fixed } = mapping;
    for (const [member, value] of Object.entries(fixed)) {
      if (value !== undefined) throw notSupported(`${member} in the subnet mappings of an application load balancer`);
    }
  }
  const ids = input.Subnets ?? (input.SubnetMappings ?? []).map((mapping) => mapping.SubnetId ?? '');
  return [...new Set(ids)];
}

/**
 * The subnets of a load balancer: two or more (of a network or Classic Load Balancer, one), in as many zones, of one VPC, which has an internet
 * gateway where the load balancer faces the internet.
 */
export function readSubnets(
  reader: Reader,
  ctx: Ctx,
  ids: readonly string[],
  { scheme, type }: Pick<LoadBalancer, 'scheme' | 'type'>,
): Subnet[] {
  const rows = ids.map((id) => {
    const row = reader.get(subnets, id);
    if (row === undefined || scopeOf(row) !== scopeOf(ctx)) {
      throw new AwsError('SubnetNotFound', `The subnet ID '${id}' does not exist`);
    }
    return row;
  });
  const zones = new Set(rows.map((row) => row.availabilityZone));
  if (zones.size < rows.length) {
    throw elbErrors.configuration(
      type === 'classic'
        ? 'ELB cannot be attached to multiple subnets in the same AZ.'
        : 'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    );
  }
  if (rows.length === 0 && type !== 'application') throw elbErrors.validation('At least one subnet must be specified');
  if (rows.length < 2 && type === 'application') {
    throw elbErrors.validation('At least two subnets in two different Availability Zones must be specified');
  }
  const vpcIds = [...new Set(rows.map((row) => row.vpcId))];
  const [vpcId = ''] = vpcIds;
  if (vpcIds.length > 1) {
    throw elbErrors.configuration(`All subnets must belong to the same VPC: '${vpcIds.join(', ')}'`);
  }
  if (scheme === 'internet-facing' && reader.by(internetGateways, 'vpc', vpcId).length === 0) {
    throw new AwsError('InvalidSubnet', `VPC ${vpcId} has no internet gateway`);
  }
  return rows;
}

/**
 * The security groups of a load balancer, all of its VPC. Where none is given it is the VPC's default group, and none at all for a
 * network load balancer.
 */
export function readSecurityGroups(
  reader: Reader,
  ctx: Ctx,
  vpcId: string,
  ids: readonly string[],
  type: LoadBalancer['type'],
): string[] {
  const ofVpc = reader.by(securityGroups, 'vpc', vpcId);
  if (ids.length === 0 && type === 'network') return [];
  if (ids.length === 0) return ofVpc.filter((group) => group.name === 'default').map((group) => group.id);
  if (ids.length > 5) throw elbErrors.configuration('A load balancer can have at most 5 security groups');
  for (const id of ids) {
    const row = reader.get(securityGroups, id);
    if (row === undefined || scopeOf(row) !== scopeOf(ctx)) {
      throw new AwsError('InvalidSecurityGroup', `The security group '${id}' does not exist`);
    }
    if (row.vpcId !== vpcId) {
      throw elbErrors.configuration(`One or more security groups are invalid: '${id}' is not of VPC '${vpcId}'`);
    }
  }
  return [...new Set(ids)];
}

/**
 * Gives the load balancer an interface in each of `rows`: with a public address where it faces the internet, and with the one that was
 * chosen for it there.
 */
export function allocateAddresses(
  deps: ServiceDeps,
  tx: Transaction,
  loadBalancer: LoadBalancer,
  rows: readonly Subnet[],
): void {
  for (const subnet of rows) {
    const { allocationId, privateIp } = loadBalancer.subnets.find(({ subnetId }) => subnetId === subnet.id) ?? {};
    if (allocationId !== undefined) checkAllocation(tx, loadBalancer, allocationId);
    try {
      const made = allocateInterface(tx, {
        ids: deps.ids,
        now: deps.clock.now(),
        subnetId: subnet.id,
        groups: loadBalancer.securityGroups,
        owner: { kind: 'load-balancer', arn: loadBalancer.arn },
        description: `ELB ${loadBalancer.arn.slice(loadBalancer.arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length)}`,
        ...(loadBalancer.type === 'network' ? { interfaceType: 'network_load_balancer' } : {}),
        ...given('privateIp', privateIp),
        publicIp: loadBalancer.scheme === 'internet-facing' && allocationId === undefined,
        publicPool: deps.publicPool,
        attachmentId: `eni-attach-0${deps.ids.hex(16)}`,
      });
      if (allocationId !== undefined) associateAddress(tx, deps.ids, allocationId, made.id);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      if (error.reason === 'in-use' || error.reason === 'not-in-subnet') throw elbErrors.configuration(error.message);
      throw new AwsError(
        'InvalidSubnet',
        error.reason === 'subnet-full' ? `Not enough IP space available in ${subnet.id}.` : error.message,
      );
    }
  }
}
