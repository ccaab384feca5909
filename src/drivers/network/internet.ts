import { addressText } from '../../base/ipv4.ts';
import type { InterfaceSpec, VpcSpec } from '../../wire/network-spec.ts';
import { apiPort, instanceMetadataAddress, metadataAddress, resolverAddress } from './driver.ts';

type Route = VpcSpec['routeTables'][number]['routes'][number];

/** The routes of the table that a subnet uses; none when it names a table that the VPC does not have. */
export function routesOf(spec: VpcSpec, subnetId: string): readonly Route[] {
  const subnet = spec.subnets.find((each) => each.subnetId === subnetId);
  return spec.routeTables.find((table) => table.routeTableId === subnet?.routeTableId)?.routes ?? [];
}

/**
 * The public addresses in use on this machine, by the private address they stand for. An address works only where an internet
 * gateway is attached and the interface's subnet has a route to it ("Enable internet access for a VPC using an internet
 * gateway", Amazon VPC User Guide). NAT gateways' own are not among them: nothing reaches those.
 */
export function publicAddresses(spec: VpcSpec): Map<string, string> {
  return publicAddressesOf(spec, servingInterfaces(spec));
}

/** Those in use on other machines. */
export function remotePublicAddresses(spec: VpcSpec): Map<string, string> {
  return publicAddressesOf(spec, remoteInterfaces(spec));
}

function publicAddressesOf(spec: VpcSpec, interfaces: readonly InterfaceSpec[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { privateIp, publicIp, subnetId } of interfaces) {
    if (publicIp !== undefined && hasInternet(spec, subnetId)) found.set(privateIp, publicIp);
  }
  return found;
}

/** The NAT gateways that work: those whose own subnet reaches an internet gateway. */
export function workingNatGateways(spec: VpcSpec): VpcSpec['natGateways'] {
  const subnetOf = new Map(spec.interfaces.map((each) => [each.privateIp, each.subnetId]));
  return spec.natGateways.filter(({ privateIp }) => {
    const subnetId = subnetOf.get(privateIp);
    return subnetId !== undefined && hasInternet(spec, subnetId);
  });
}

/**
 * The address under which what goes through a NAT gateway leaves this machine's part of a VPC: the gateway's public one on the
 * machine where the gateway is. Elsewhere it is one that this machine's host knows the VPC by and nobody else ever sees, made
 * from the VPC's identifier: answers to the public one come to the gateway's machine.
 */
export function natAddress(spec: VpcSpec, gateway: VpcSpec['natGateways'][number]): string {
  const { overlay } = spec;
  const own = spec.interfaces.find(({ privateIp }) => privateIp === gateway.privateIp);
  if (overlay === undefined || own?.machine === undefined) return gateway.publicIp;
  return addressText(localEgressBlock.first + overlay.vni);
}

/** 240.0.0.0/8, of the block that is reserved for future use (RFC 1112): nobody has such an address. */
const localEgressBlock = { first: 0xf0_00_00_00 };
/** The same as text. */
export const localEgress = '240.0.0.0/8';

/** The interfaces that hold addresses and take packets on this machine: all but the NAT gateways', which only send. */
export function servingInterfaces(spec: VpcSpec): readonly InterfaceSpec[] {
  return takingPackets(spec).filter(({ machine }) => machine === undefined);
}

/** Those on other machines. */
export function remoteInterfaces(spec: VpcSpec): readonly InterfaceSpec[] {
  return takingPackets(spec).filter(({ machine }) => machine !== undefined);
}

/** The interfaces of tasks on this machine. */
export function tasksOf(spec: VpcSpec): readonly InterfaceSpec[] {
  return spec.interfaces.filter(({ kind, machine }) => kind === 'task' && machine === undefined);
}

function takingPackets(spec: VpcSpec): readonly InterfaceSpec[] {
  const gateways = new Set(spec.natGateways.map((gateway) => gateway.privateIp));
  return spec.interfaces.filter((each) => !gateways.has(each.privateIp));
}

/** Whether a security group stands before an interface. Network load balancers and NAT gateways may have none. */
export function isProtected(spec: InterfaceSpec): boolean {
  return spec.kind === 'task' || spec.groups.length > 0;
}

/** Whether anybody of the VPC on this machine reaches the instance metadata service: only then it has an address there. */
export function hasInstanceMetadata(spec: VpcSpec): boolean {
  return servingInterfaces(spec).some(({ instanceMetadata }) => instanceMetadata === true);
}

/** What of the router itself every task may reach, whatever its groups say ("Amazon VPC quotas": not tracked, not filtered). */
export const routerServices = [
  { address: metadataAddress, protocol: 'tcp', port: 80 },
  { address: metadataAddress, protocol: 'tcp', port: apiPort },
  { address: resolverAddress, protocol: 'tcp', port: 53 },
  { address: resolverAddress, protocol: 'udp', port: 53 },
  // Every one of those that may reach it at all.
  { address: instanceMetadataAddress, protocol: 'tcp', port: 80 },
] as const;

function hasInternet(spec: VpcSpec, subnetId: string): boolean {
  return spec.internetGateway && routesOf(spec, subnetId).some(({ target }) => target.kind === 'internet-gateway');
}
