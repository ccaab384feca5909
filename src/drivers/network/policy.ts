import { holds, parseCidr } from '../../base/ipv4.ts';
import type { InterfaceSpec, SecurityRuleSpec, VpcSpec } from '../../wire/network-spec.ts';
import { instanceMetadataAddress } from './driver.ts';
import {
  isProtected,
  publicAddresses,
  remoteInterfaces,
  routerServices,
  routesOf,
  servingInterfaces,
  workingNatGateways,
} from './internet.ts';

/** The first packet of a connection. */
export interface Packet {
  /** A private address inside a VPC, or any address outside all of them (the host, the internet). */
  readonly from: { readonly vpcId: string; readonly address: string } | { readonly outside: string };
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** The destination port; an ICMP message's type (its code is 0). */
  readonly port: number;
}

/** What becomes of it: who gets it and from whom it seems to come, or why it does not arrive. */
export type Verdict =
  | { readonly passes: true; readonly receiver: string; readonly seenFrom: string }
  | { readonly passes: false; readonly because: string };

/**
 * What the networks do with a packet, said once more and without a kernel: the reference that the real driver is held
 * against, and the fake's answer. `receiver` is an interface's id, `router` for its services, or `internet`:
 * everything but the addresses of `publicPool`. `vpcs` may be what several machines are told: then a VPC is among them once for
 * each.
 */
export function judge(vpcs: readonly VpcSpec[], packet: Packet, publicPool?: string): Verdict {
  const verdict = decide(vpcs, packet);
  const unused = verdict.passes && verdict.receiver === 'internet' && inBlock(publicPool ?? '', packet.to);
  return unused ? no(`nobody has the address ${packet.to}`) : verdict;
}

function decide(vpcs: readonly VpcSpec[], packet: Packet): Verdict {
  if ('outside' in packet.from) return enter(vpcs, packet, packet.from.outside);
  const { vpcId, address } = packet.from;
  const has = ({ privateIp, machine }: InterfaceSpec): boolean => privateIp === address && machine === undefined;
  const vpc = vpcs.find((each) => each.vpcId === vpcId && each.interfaces.some(has));
  const sender = vpc?.interfaces.find(has);
  if (vpc === undefined || sender === undefined) return no(`${address} is no address of ${vpcId}`);
  const { to, protocol, port } = packet;
  if (to === instanceMetadataAddress && sender.instanceMetadata !== true) {
    return no(`${sender.interfaceId} is no instance's`);
  }
  if (routerServices.some((each) => each.address === to && each.protocol === protocol && each.port === port)) {
    return { passes: true, receiver: 'router', seenFrom: address };
  }
  if (!allows(vpc, sender, 'egress', packet, to)) return no(`no egress rule of ${sender.interfaceId} allows it`);
  if (inBlock(vpc.cidr, to)) {
    const receiver = servingInterfaces(vpc).find((each) => each.privateIp === to);
    if (receiver !== undefined) return receive(vpc, receiver, packet, address);
    return cross(vpcs, vpc, packet, address);
  }
  if (inBlock('169.254.0.0/16', to)) return no('link-local addresses are not routed');
  return leave(vpcs, vpc, sender, packet);
}

/** To another machine, which judges as to the receiver. */
function cross(vpcs: readonly VpcSpec[], vpc: VpcSpec, packet: Packet, source: string): Verdict {
  const machine = remoteInterfaces(vpc).find((each) => each.privateIp === packet.to)?.machine;
  if (machine === undefined) return no(`nothing has the address ${packet.to}`);
  const there = vpcs.find((each) => each.vpcId === vpc.vpcId && each.overlay?.here.underlay === machine);
  if (there === undefined || !joined(vpc, there) || !joined(there, vpc))
    return no(`${machine} is no machine of the VPC`);
  const receiver = servingInterfaces(there).find((each) => each.privateIp === packet.to);
  const known = remoteInterfaces(there).some((each) => each.privateIp === source);
  if (receiver === undefined || !known) return no(`${machine} was not told of it`);
  return receive(there, receiver, packet, source);
}

/** Whether one machine takes the other's packets of their VPC. */
function joined({ overlay: one }: VpcSpec, { overlay: other }: VpcSpec): boolean {
  if (one === undefined || other === undefined || one.vni !== other.vni || one.port !== other.port) return false;
  return one.machines.some(({ underlay }) => underlay === other.here.underlay);
}

/** From an interface out of its VPC, by the route with the longest prefix. */
function leave(vpcs: readonly VpcSpec[], vpc: VpcSpec, sender: InterfaceSpec, packet: Packet): Verdict {
  const route = routesOf(vpc, sender.subnetId)
    .filter(({ destinationCidr }) => inBlock(destinationCidr, packet.to))
    .sort(
      (a, b) => (parseCidr(b.destinationCidr)?.prefixLength ?? 0) - (parseCidr(a.destinationCidr)?.prefixLength ?? 0),
    )[0];
  if (route === undefined) return no(`${sender.subnetId} has no route to ${packet.to}`);
  const { target } = route;
  switch (target.kind) {
    case 'internet-gateway': {
      const publicIp = publicAddresses(vpc).get(sender.privateIp);
      return publicIp === undefined ? no(`${sender.interfaceId} has no public address`) : enter(vpcs, packet, publicIp);
    }
    case 'nat-gateway': {
      const gateway = workingNatGateways(vpc).find((each) => each.id === target.id);
      return gateway === undefined
        ? no(`${target.id} does not reach the internet`)
        : enter(vpcs, packet, gateway.publicIp);
    }
    case 'blackhole':
      return no(`the route of ${sender.subnetId} to ${packet.to} leads nowhere`);
    case 'network-interface': {
      const next = vpc.interfaces.find((each) => each.interfaceId === target.id);
      if (next?.kind !== 'task' || next.sourceDestCheck !== false) return no(`${target.id} does not forward`);
      if (next.machine !== undefined) return cross(vpcs, vpc, { ...packet, to: next.privateIp }, sender.privateIp);
      return receive(vpc, next, packet, sender.privateIp);
    }
  }
}

/** From the public side: to whoever has the address. */
function enter(vpcs: readonly VpcSpec[], packet: Packet, source: string): Verdict {
  for (const vpc of vpcs) {
    for (const [privateIp, publicIp] of publicAddresses(vpc)) {
      if (publicIp !== packet.to) continue;
      const receiver = servingInterfaces(vpc).find((each) => each.privateIp === privateIp);
      if (receiver !== undefined) return receive(vpc, receiver, packet, source);
    }
  }
  if ('outside' in packet.from) return no(`${packet.to} is no public address in use`);
  return { passes: true, receiver: 'internet', seenFrom: source };
}

function receive(vpc: VpcSpec, receiver: InterfaceSpec, packet: Packet, source: string): Verdict {
  if (!allows(vpc, receiver, 'ingress', packet, source)) {
    return no(`no ingress rule of ${receiver.interfaceId} allows it`);
  }
  return { passes: true, receiver: receiver.interfaceId, seenFrom: source };
}

function allows(
  vpc: VpcSpec,
  of: InterfaceSpec,
  direction: 'ingress' | 'egress',
  packet: Packet,
  peer: string,
): boolean {
  if (!isProtected(of)) return true;
  return of.groups.some((groupId) =>
    vpc.securityGroups
      .find((group) => group.groupId === groupId)
      ?.[direction].some((rule) => matches(rule, packet) && isPeer(vpc, rule.peer, peer)),
  );
}

function matches({ protocol, fromPort, toPort }: SecurityRuleSpec, packet: Packet): boolean {
  const number = { tcp: '6', udp: '17', icmp: '1' }[packet.protocol];
  if (protocol === '-1') return true;
  if (protocol !== packet.protocol && protocol !== number) return false;
  if (packet.protocol === 'icmp')
    return fromPort === -1 || (fromPort === packet.port && (toPort === -1 || toPort === 0));
  return fromPort === -1 || (packet.port >= fromPort && packet.port <= toPort);
}

function isPeer(vpc: VpcSpec, peer: SecurityRuleSpec['peer'], address: string): boolean {
  if ('cidr' in peer) return inBlock(peer.cidr, address);
  return vpc.interfaces.some((each) => each.privateIp === address && each.groups.includes(peer.groupId));
}

function inBlock(cidr: string, address: string): boolean {
  const block = parseCidr(cidr);
  return block !== undefined && holds(block, address);
}

function no(because: string): Verdict {
  return { passes: false, because };
}
