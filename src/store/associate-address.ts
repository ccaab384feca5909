import type { Ids } from '../base/ids.ts';
import type { Transaction } from './store.ts';
import { addresses, networkInterfaces } from './tables/ec2.ts';

/**
 * Gives an Elastic IP address to an interface, taking it from the one that has it, and giving up the public address that
 * the interface had. Answers the id of the association. Both rows exist.
 */
export function associateAddress(tx: Transaction, ids: Ids, allocationId: string, networkInterfaceId: string): string {
  dissociateAddress(tx, allocationId);
  const before = tx.get(networkInterfaces, networkInterfaceId)?.allocationId;
  if (before !== undefined) dissociateAddress(tx, before);
  const associationId = `eipassoc-0${ids.hex(16)}`;
  const address = tx.update(addresses, allocationId, (row) => ({ ...row, associationId, networkInterfaceId }));
  if (address === undefined) throw new Error(`there is no address ${allocationId}`);
  tx.update(networkInterfaces, networkInterfaceId, (row) => ({ ...row, publicIp: address.publicIp, allocationId }));
  return associationId;
}

/** Takes an Elastic IP address from the interface that has it; one that nothing has stays as it is. */
export function dissociateAddress(tx: Transaction, allocationId: string): void {
  const address = tx.get(addresses, allocationId);
  if (address?.associationId === undefined) return;
  const { associationId: _association, networkInterfaceId, ...free } = address;
  tx.put(addresses, free);
  if (networkInterfaceId === undefined) return;
  tx.update(networkInterfaces, networkInterfaceId, ({ publicIp: _public, allocationId: _allocation, ...row }) => row);
}
