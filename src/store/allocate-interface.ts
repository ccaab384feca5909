import type { Ids } from '../base/ids.ts';
import { addressNumber, addressText, holds, macAddressOf, parseCidr, usableRange } from '../model/ec2/addresses.ts';
import type { InterfaceOwner, NetworkInterface, Subnet } from '../model/ec2/network.ts';
import type { Tag } from '../model/tags.ts';
import type { Reader, Transaction } from './store.ts';
import { addresses, addressCursors, networkInterfaces, subnets } from './tables/ec2.ts';
import { machines } from './tables/fleet.ts';

/** Why an address could not be given; callers word it as their own API does. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly reason: 'no-subnet' | 'subnet-full' | 'pool-full' | 'in-use' | 'not-in-subnet';

  constructor(reason: AddressError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What an interface is made from. */
export interface InterfaceRequest {
  readonly ids: Ids;
  readonly now: number;
  readonly subnetId: string;
  readonly groups: readonly string[];
  readonly owner: InterfaceOwner;
  readonly description: string;
  /** Whether it gets a public address of `publicPool`. */
  readonly publicIp: boolean;
  readonly publicPool: string;
  /** A private address of the caller's choice. */
  readonly privateIp?: string;
  readonly interfaceType?: NetworkInterface['interfaceType'];
  readonly status?: NetworkInterface['status'];
  readonly attachmentId?: string;
  readonly tags?: readonly Tag[];
}

/**
 * Makes a network interface with an address of its subnet, and a public one where asked for. No address is given twice
 * while its interface exists, and a freed one comes up again only after the whole range has had its turn.
 */
export function allocateInterface(tx: Transaction, request: InterfaceRequest): NetworkInterface {
  const { ids, now, subnetId, owner } = request;
  const subnet = tx.get(subnets, subnetId);
  if (subnet === undefined) throw new AddressError('no-subnet', `The subnet ID '${subnetId}' does not exist`);
  const cidr = parseCidr(subnet.cidr);
  if (cidr === undefined) throw new Error(`subnet ${subnetId} has no valid block: ${subnet.cidr}`);
  const taken = takenIn(tx, subnet);
  let privateIp: string;
  if (request.privateIp === undefined) {
    const free = nextAddress(tx, blockOf(subnet), usableRange(cidr), taken);
    if (free === undefined) {
      throw new AddressError('subnet-full', `The subnet '${subnetId}' has no free addresses`);
    }
    privateIp = free;
  } else {
    privateIp = request.privateIp;
    const { from, to } = usableRange(cidr);
    const value = addressNumber(privateIp);
    if (!holds(cidr, privateIp) || value === undefined || value < from || value > to) {
      throw new AddressError('not-in-subnet', `Address ${privateIp} does not fall within the subnet's address range`);
    }
    if (taken(privateIp)) throw new AddressError('in-use', `Address ${privateIp} is in use.`);
  }
  const row: NetworkInterface = {
    account: subnet.account,
    region: subnet.region,
    id: `eni-0${ids.hex(16)}`,
    vpcId: subnet.vpcId,
    subnetId,
    availabilityZone: subnet.availabilityZone,
    privateIp,
    ...(request.publicIp ? { publicIp: allocatePublicIp(tx, request.publicPool) } : {}),
    macAddress: macAddressOf(ids.hex(10)),
    groups: request.groups,
    description: request.description,
    interfaceType: request.interfaceType ?? 'interface',
    owner,
    status: request.status ?? (owner.kind === 'user' ? 'available' : 'in-use'),
    ...(request.attachmentId === undefined ? {} : { attachmentId: request.attachmentId }),
    requesterManaged: owner.kind !== 'user' && owner.kind !== 'instance',
    sourceDestCheck: owner.kind !== 'nat-gateway',
    tags: request.tags ?? [],
    createdAt: now,
  };
  tx.put(networkInterfaces, row);
  return row;
}

/** Removes an interface and frees its addresses; an Elastic IP stays allocated. One that does not exist is fine. */
export function releaseInterface(tx: Transaction, interfaceId: string): void {
  const row = tx.get(networkInterfaces, interfaceId);
  if (row === undefined) return;
  if (row.allocationId !== undefined) {
    tx.update(
      addresses,
      row.allocationId,
      ({ associationId: _association, networkInterfaceId: _eni, ...address }) => address,
    );
  }
  tx.delete(networkInterfaces, interfaceId);
}

/**
 * The addresses that the next interfaces of a subnet get, in this order and `most` at most, while nobody chooses one of them
 * and no interface goes.
 */
export function upcomingAddresses(reader: Reader, subnet: Subnet, most: number): string[] {
  const cidr = parseCidr(subnet.cidr);
  if (cidr === undefined) return [];
  const free = freeAddresses(reader, blockOf(subnet), usableRange(cidr), takenIn(reader, subnet));
  return [...free.take(most)].map(({ address }) => address);
}

/** Forgets where the search for addresses of a subnet ended: for when the subnet goes. */
export function forgetSubnetAddresses(tx: Transaction, subnet: Subnet): void {
  tx.delete(addressCursors, blockOf(subnet));
}

function blockOf(subnet: Subnet): string {
  return `${subnet.id} ${subnet.cidr}`;
}

/** A public address of the pool that no interface, Elastic IP or machine has. */
export function allocatePublicIp(tx: Transaction, publicPool: string): string {
  const pool = parseCidr(publicPool);
  if (pool === undefined) throw new Error(`${publicPool} is no IPv4 block`);
  const taken = (address: string): boolean =>
    tx.by(networkInterfaces, 'publicIp', address).length > 0 ||
    tx.by(addresses, 'publicIp', address).length > 0 ||
    tx.by(machines, 'hostAddress', address).length > 0;
  const range = { from: pool.first + 1, to: pool.first + pool.size - 2 };
  const free = nextAddress(tx, `pool ${publicPool}`, range, taken);
  if (free === undefined) throw new AddressError('pool-full', `All public addresses of ${publicPool} are in use`);
  return free;
}

function takenIn(reader: Reader, { vpcId }: Subnet): (address: string) => boolean {
  return (address) => reader.countBy(networkInterfaces, 'address', `${vpcId} ${address}`) > 0;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The first free address from where the last search ended. */
function nextAddress(
  tx: Transaction,
  block: string,
  range: Range,
  taken: (address: string) => boolean,
): string | undefined {
  const { value: free } = freeAddresses(tx, block, range, taken).next();
  if (free === undefined) return undefined;
  tx.put(addressCursors, { block, next: free.next });
  return free.address;
}

/** The free addresses from where the last search ended, once around, and where the next search begins after each. */
function* freeAddresses(
  reader: Reader,
  block: string,
  { from, to }: Range,
  taken: (address: string) => boolean,
): Generator<{ readonly address: string; readonly next: number }, undefined> {
  const count = to - from + 1;
  const start = reader.get(addressCursors, block)?.next ?? 0;
  for (let tried = 0; tried < count; tried += 1) {
    const offset = (start + tried) % count;
    const address = addressText(from + offset);
    if (!taken(address)) yield { address, next: (offset + 1) % count };
  }
  return undefined;
}
