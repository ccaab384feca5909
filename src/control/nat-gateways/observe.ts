import type { Reader } from '../../store/store.ts';
import { addresses, internetGateways, natGateways } from '../../store/tables/ec2.ts';
import type { ObservedNatGateway } from './plan.ts';

/** Reads what `planNatGateway` decides by; `undefined` when there is no such NAT gateway. */
export function observeNatGateway(store: Reader, id: string): ObservedNatGateway | undefined {
  const nat = store.get(natGateways, id);
  if (nat === undefined) return undefined;
  const address = store.get(addresses, nat.allocationId);
  return {
    nat,
    hasInternetGateway: store.countBy(internetGateways, 'vpc', nat.vpcId) > 0,
    address: address === undefined ? undefined : { free: address.associationId === undefined },
  };
}
