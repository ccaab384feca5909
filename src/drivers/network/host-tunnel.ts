import type { OverlaySpec, VpcSpec } from '../../wire/network-spec.ts';
import { localEgress, remotePublicAddresses } from './internet.ts';
import { hostLinkPrefix, tunnelLink, tunnelTableName } from './names.ts';
import type { NftTable } from './nft-table.ts';
import type { Link } from './observe.ts';
import { halvesOf, machinesOf, tunnelAlias, tunnelEnd, tunnelPeers, wayTo, type TunnelPeers } from './overlay.ts';

/** The identifier of the tunnels between hosts; VPCs have lower ones. */
export const hostVni = 2 ** 24 - 1;

/** What a host is to know of the other machines: what the VPCs that are on several say, put together. */
export interface HostTunnel extends TunnelPeers {
  readonly overlay: OverlaySpec;
  /** Public addresses that other machines have → the rest of the route; on all machines but the gateway's all of them lead there. */
  readonly routes: ReadonlyMap<string, string>;
}

/** What of `specs` (the newest last) a host is to know; `undefined` where no VPC is on other machines. */
export function hostTunnel(
  installationId: string,
  publicPool: string,
  specs: Iterable<VpcSpec>,
): HostTunnel | undefined {
  const link = tunnelLink(installationId);
  const routes = new Map<string, string>();
  const machines = new Map<string, OverlaySpec['machines'][number]>();
  let newest: OverlaySpec | undefined;
  for (const spec of specs) {
    if (spec.overlay === undefined) continue;
    newest = spec.overlay;
    for (const machine of spec.overlay.machines) machines.set(machine.underlay, machine);
    if (spec.overlay.gateway !== undefined) continue;
    const known = machinesOf(spec.overlay);
    const at = new Map(spec.interfaces.map(({ privateIp, machine }) => [privateIp, machine] as const));
    for (const [privateIp, publicIp] of remotePublicAddresses(spec)) {
      const machine = known.get(at.get(privateIp) ?? '');
      if (machine !== undefined) routes.set(publicIp, wayTo(machine, link));
    }
  }
  if (newest === undefined) return undefined;
  const gateway = machines.get(newest.gateway ?? '');
  if (gateway !== undefined) for (const half of halvesOf(publicPool)) routes.set(half, wayTo(gateway, link));
  else for (const machine of machines.values()) routes.set(machine.hostAddress, wayTo(machine, link));
  const source = ` src ${newest.here.hostAddress}`;
  const overlay = { ...newest, machines: [...machines.values()] };
  return {
    overlay,
    routes: new Map(Array.from(routes, ([address, way]) => [address, way + source])),
    ...tunnelPeers(overlay, link),
  };
}

/** What there is of a host's end. */
export interface ObservedEnd {
  readonly end: Pick<Link, 'up' | 'alias'> | undefined;
  readonly routes: ReadonlyMap<string, string>;
  readonly neighbours: ReadonlyMap<string, string>;
}

/**
 * The `ip -batch` lines that make a host's end as it should be, out of what there is. Of the routes that are not wanted only those
 * go that are `removable`.
 */
export function changeTunnelEnd(
  link: string,
  there: ObservedEnd,
  { overlay, neighbours, routes }: HostTunnel,
  mtu: number,
  removable: (address: string) => boolean,
): string[] {
  const alias = tunnelAlias(overlay, hostVni, mtu);
  const stands = there.end?.alias === alias;
  const found = stands ? there : { routes: new Map<string, string>(), neighbours: new Map<string, string>() };
  const lines: string[] = [];
  if (there.end !== undefined && !stands) lines.push(`link delete ${link}`);
  if (!stands) lines.push(`link add ${link} ${tunnelEnd(overlay, hostVni, mtu)}`);
  lines.push(
    `link set ${link} addrgenmode none up alias "${alias}"`,
    `address replace ${overlay.here.hostAddress}/32 dev ${link}`,
  );
  for (const [key, mac] of neighbours) {
    if (found.neighbours.get(key) !== mac)
      lines.push(`neighbour replace ${addressIn(key)} lladdr ${mac} dev ${link} nud permanent`);
  }
  for (const [address, way] of routes) {
    if (found.routes.get(address) !== way) lines.push(`route replace ${address} ${way}`);
  }
  for (const address of found.routes.keys()) {
    if (!routes.has(address) && removable(address)) lines.push(`route delete ${address} dev ${link}`);
  }
  for (const key of found.neighbours.keys()) {
    if (!neighbours.has(key)) lines.push(`neighbour delete ${addressIn(key)} dev ${link}`);
  }
  return lines;
}

/** The address in `<device> <address>`. */
function addressIn(key: string): string {
  return key.split(' ')[1] ?? '';
}

/**
 * The nftables table that guards an installation's tunnels. Nothing in them is signed: so only packets from the machines are
 * listened to, and nobody else on this one may send any under its address, as tasks would by way of a gateway.
 */
export function tunnelTable(installationId: string, publicPool: string, { port, machines }: OverlaySpec): NftTable {
  const wide = tunnelLink(installationId);
  return {
    family: 'inet',
    name: tunnelTableName(installationId),
    sets: new Map([
      [
        'machines',
        {
          kind: 'set',
          type: 'ipv4_addr',
          elements: new Map(machines.map(({ underlay }) => [underlay, ''] as const)),
        },
      ],
    ]),
    chains: new Map([
      [
        'arriving',
        {
          hook: 'type filter hook input priority -10; policy accept;',
          rules: [`udp dport ${port} ip saddr != @machines drop`],
        },
      ],
      [
        'passing',
        {
          hook: 'type filter hook forward priority -10; policy accept;',
          rules: [
            `ip daddr @machines udp dport ${port} drop`,
            // Between hosts there are public addresses, and nothing else of either's network.
            `iifname "${wide}" ip daddr != ${publicPool} drop`,
            `oifname "${wide}" tcp flags syn tcp option maxseg size set rt mtu`,
          ],
        },
      ],
      [
        'outward',
        {
          hook: 'type nat hook postrouting priority srcnat; policy accept;',
          rules: [`ip saddr ${localEgress} oifname != "${hostLinkPrefix(installationId)}*" masquerade`],
        },
      ],
    ]),
  };
}
