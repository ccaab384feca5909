import type { Ids } from '../../base/ids.ts';
import { given } from '../../base/given.ts';
import { releaseInterface } from '../../store/allocate-interface.ts';
import { associateAddress } from '../../store/associate-address.ts';
import type { Transaction } from '../../store/store.ts';
import { natGateways, networkInterfaces } from '../../store/tables/ec2.ts';
import type { NatGatewayStep } from './plan.ts';

/** Does one step. */
export function applyNatGateway(
  tx: Transaction,
  deps: { readonly ids: Ids; readonly now: number },
  id: string,
  step: NatGatewayStep,
): void {
  const nat = tx.get(natGateways, id);
  if (nat === undefined) return;
  switch (step.kind) {
    case 'open': {
      const associationId = associateAddress(tx, deps.ids, nat.allocationId, nat.networkInterfaceId);
      const publicIp = tx.get(networkInterfaces, nat.networkInterfaceId)?.publicIp;
      tx.put(natGateways, { ...nat, state: 'available', associationId, ...given('publicIp', publicIp) });
      return;
    }
    case 'fail': {
      const { code, message } = step;
      releaseInterface(tx, nat.networkInterfaceId);
      tx.put(natGateways, { ...nat, state: 'failed', failure: { code, message }, endedAt: deps.now });
      return;
    }
    case 'close':
      releaseInterface(tx, nat.networkInterfaceId);
      tx.put(natGateways, { ...nat, state: 'deleted', endedAt: deps.now });
      return;
    case 'forget':
      tx.delete(natGateways, id);
  }
}
