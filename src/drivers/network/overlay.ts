import { cidrText, parseCidr } from '../../base/ipv4.ts';
import type { OverlayMachine, OverlaySpec, VpcSpec } from '../../wire/network-spec.ts';
import { remoteInterfaces } from './internet.ts';
import { overlayLink } from './names.ts';

/** What a packet grows by in a tunnel: Ethernet, VXLAN, UDP and IPv4 headers (RFC 7348, 4.3). */
const tunnelHeaders = 50;

/** The largest packet that fits through a tunnel whose own packets may have `underlayMtu` bytes. */
export function tunnelMtu(underlayMtu: number): number {
  return underlayMtu - tunnelHeaders;
}

/** The MAC of a machine's end of every tunnel: made from its underlay address, so that all know it of each other. */
export function machineMac(underlay: string): string {
  const bytes = underlay.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['0a', '58', ...bytes].join(':');
}

/** The arguments of `ip link add` for an end of a tunnel. It learns nothing: where everybody is, it is told. */
export function tunnelEnd(overlay: OverlaySpec, vni: number, mtu: number): string {
  const { port, here } = overlay;
  const type = `type vxlan id ${vni} dstport ${port} local ${here.underlay} nolearning`;
  return `address ${machineMac(here.underlay)} mtu ${mtu} ${type}`;
}

/** What tells an end of a tunnel from those made for another overlay: its link's alias. */
export function tunnelAlias({ port, here }: OverlaySpec, vni: number, mtu: number): string {
  return `${vni} ${port} ${here.underlay} ${mtu}`;
}

/** The machines by their underlay addresses. */
export function machinesOf(overlay: OverlaySpec): Map<string, OverlayMachine> {
  return new Map(overlay.machines.map((machine) => [machine.underlay, machine]));
}

/** The rest of a route to what another machine has. Its address for hosts is the next hop: only the neighbour entry is asked for it. */
export function wayTo(machine: OverlayMachine, link: string): string {
  return `via ${machine.hostAddress} dev ${link} onlink`;
}

/** What an end of a tunnel knows of the other machines. */
export interface TunnelPeers {
  /** `<device> <address>` → MAC. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** MAC → underlay address. */
  readonly forwarding: ReadonlyMap<string, string>;
}

/** The peers of one end. */
export function tunnelPeers(overlay: OverlaySpec | undefined, link: string): TunnelPeers {
  const machines = overlay?.machines ?? [];
  return {
    neighbours: new Map(
      machines.map(({ hostAddress, underlay }) => [`${link} ${hostAddress}`, machineMac(underlay)] as const),
    ),
    forwarding: new Map(machines.map(({ underlay }) => [machineMac(underlay), underlay] as const)),
  };
}

/** The routes of a VPC's main table to what it has on other machines. What is on an unknown one stays in the VPC's black hole. */
export function overlayRoutes(spec: VpcSpec): Map<string, string> {
  const routes = new Map<string, string>();
  if (spec.overlay === undefined) return routes;
  const machines = machinesOf(spec.overlay);
  for (const { privateIp, machine = '' } of remoteInterfaces(spec)) {
    const there = machines.get(machine);
    if (there !== undefined) routes.set(privateIp, wayTo(there, overlayLink));
  }
  return routes;
}

/** The way to the machine where NAT gateways are; `undefined` on that machine, and in a VPC that is on one only. */
export function wayToGateway({ overlay }: VpcSpec, link: string): string | undefined {
  const gateway = overlay?.gateway === undefined ? undefined : machinesOf(overlay).get(overlay.gateway);
  return gateway && wayTo(gateway, link);
}

/** The two halves of a block: routes to them come before one to the whole. */
export function halvesOf(cidr: string): string[] {
  const block = parseCidr(cidr);
  if (block === undefined || block.prefixLength === 32) return [cidr];
  const half = { size: block.size / 2, prefixLength: block.prefixLength + 1 };
  return [block.first, block.first + half.size].map((first) => cidrText({ first, ...half }));
}

/** The `bridge -batch` lines that turn one forwarding table into another. */
export function changeForwarding(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  link: string,
): string[] {
  const lines: string[] = [];
  for (const [mac, underlay] of after) {
    if (before.get(mac) !== underlay) lines.push(`fdb replace ${mac} dev ${link} dst ${underlay} self permanent`);
  }
  for (const [mac, underlay] of before) {
    if (!after.has(mac)) lines.push(`fdb delete ${mac} dev ${link} dst ${underlay} self`);
  }
  return lines;
}
