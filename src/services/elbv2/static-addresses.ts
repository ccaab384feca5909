import type { SubnetMapping } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import type { BalancerSubnet, LoadBalancer } from '../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { addresses } from '../../store/tables/ec2.ts';
import { elbErrors, notSupported } from './errors.ts';

/** The addresses that a request chooses for a network load balancer, by subnet. */
export type StaticAddresses = ReadonlyMap<string, Pick<BalancerSubnet, 'allocationId' | 'privateIp'>>;

/**
 * Reads the addresses of subnet mappings ("Create a Network Load Balancer"): an Elastic IP where it faces the internet, a private
 * address where it is internal.
 */
export function readStaticAddresses(
  mappings: readonly SubnetMapping[] | undefined,
  scheme: LoadBalancer['scheme'],
): StaticAddresses {
  const chosen = new Map<string, Pick<BalancerSubnet, 'allocationId' | 'privateIp'>>();
  for (const { SubnetId = '', AllocationId, PrivateIPv4Address, ...others } of mappings ?? []) {
    for (const [member, value] of Object.entries(others)) {
      if (value !== undefined) throw notSupported(`${member} in the subnet mappings of a network load balancer`);
    }
    if (AllocationId !== undefined && scheme === 'internal') {
      throw elbErrors.configuration('Allocation IDs cannot be specified for internal load balancers');
    }
    if (PrivateIPv4Address !== undefined && scheme === 'internet-facing') {
      throw elbErrors.configuration('Private IPv4 addresses can be specified only for internal load balancers');
    }
    if (AllocationId !== undefined) chosen.set(SubnetId, { allocationId: AllocationId });
    if (PrivateIPv4Address !== undefined) chosen.set(SubnetId, { privateIp: PrivateIPv4Address });
  }
  return chosen;
}

/** Throws unless the Elastic IP is the caller's and nobody uses it. */
export function checkAllocation(reader: Reader, ctx: Pick<Ctx, 'account' | 'region'>, allocationId: string): void {
  const row = reader.get(addresses, allocationId);
  if (row === undefined || scopeOf(row) !== scopeOf(ctx)) {
    throw new AwsError('AllocationIdNotFound', `The allocation IDs '${allocationId}' do not exist`);
  }
  if (row.associationId !== undefined) {
    throw elbErrors.inUse(`The allocation IDs '${allocationId}' are already in use`);
  }
}
