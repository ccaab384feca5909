import { DriverError } from '../../base/errors.ts';
import { addressText, cidrText, contains, parseCidr } from '../../base/ipv4.ts';
import type { InterfaceSpec, VpcSpec } from '../../wire/network-spec.ts';
import { instanceMetadataAddress, metadataAddress, resolverAddress } from './driver.ts';
import { flowWays } from './flow-rules.ts';
import { hasInstanceMetadata, routesOf, servingInterfaces, workingNatGateways } from './internet.ts';
import { hostMac, internetHop, overlayLink, tableNumber, taskLink, uplink } from './names.ts';
import { machinesOf, overlayRoutes, tunnelPeers, wayTo, wayToGateway } from './overlay.ts';

/**
 * What `ip` keeps in a VPC's namespace, apart from the tasks' links: each entry a key that is there once, and the rest of
 * its line. As made from a spec and as observed they read alike.
 */
export interface RouterState {
  /** Addresses on `lo`. */
  readonly addresses: ReadonlySet<string>;
  /** Policy rules: `100 from all lookup main`. */
  readonly rules: ReadonlySet<string>;
  /** `<table> <destination>` → `via … dev …`, or a kind of refusal. */
  readonly routes: ReadonlyMap<string, string>;
  /** `<device> <address>` → MAC. */
  readonly neighbours: ReadonlyMap<string, string>;
}

/** A namespace as it is when new. */
export const emptyRouter: RouterState = {
  addresses: new Set(),
  rules: new Set(['32766 from all lookup main', '32767 from all lookup default']),
  routes: new Map(),
  neighbours: new Map(),
};

/**
 * The router of a VPC. Its main table holds what is inside: a route to each task (made when it is attached), and that the
 * rest of the VPC's block and all link-local addresses lead nowhere, so that nothing for them ever leaves. Only then come
 * the subnets' own tables. `publicPool` is the block of the installation's public addresses: what a NAT gateway sends there
 * leaves from the gateway's own machine, as answers come to that one.
 */
export function routerState(spec: VpcSpec, publicPool?: string): RouterState {
  const addresses = new Set([metadataAddress, resolverAddress, ...spec.subnets.map(({ gateway }) => gateway)]);
  if (hasInstanceMetadata(spec)) addresses.add(instanceMetadataAddress);
  for (const each of servingInterfaces(spec)) if (each.kind === 'router') addresses.add(each.privateIp);

  const rules = new Set(['100 from all lookup main', ...flowWays(spec)]);
  const routes = new Map([
    [`main ${destination(spec.cidr)}`, 'blackhole'],
    // Fails at once, as a client that looks for instance metadata hopes; and never reaches the metadata of a cloud's host.
    ['main 169.254.0.0/16', 'unreachable'],
  ]);
  for (const [address, way] of overlayRoutes(spec)) routes.set(`main ${address}`, way);
  const neighbours = new Map(tunnelPeers(spec.overlay, overlayLink).neighbours);
  const natWay = wayToGateway(spec, overlayLink);
  const natGateways = new Map(workingNatGateways(spec).map((each) => [each.id, each.privateIp]));
  for (const { subnetId, cidr, routeTableId } of spec.subnets) {
    const table = tableNumber(routeTableId);
    rules.add(`1000 from ${cidr} lookup ${table}`);
    for (const { destinationCidr, target } of routesOf(spec, subnetId)) {
      // What leads to a gateway that is gone is dropped, as on AWS, and does not fall through to a shorter prefix.
      let way = 'blackhole';
      if (target.kind === 'internet-gateway') {
        if (spec.internetGateway) way = `via ${internetHop} dev ${uplink} onlink`;
      } else if (target.kind === 'nat-gateway') {
        // The NAT gateway is the next hop in name only: its address tells the translation whose connections these are.
        const hop = natGateways.get(target.id);
        if (hop !== undefined) way = `via ${hop} dev ${uplink} onlink`;
        const toPool = publicPool !== undefined && within(destinationCidr, publicPool);
        if (hop !== undefined && natWay !== undefined && toPool) routes.set(`${table} ${publicPool}`, natWay);
      } else if (target.kind === 'network-interface') {
        const next = spec.interfaces.find(({ interfaceId }) => interfaceId === target.id);
        if (next?.kind === 'task' && next.sourceDestCheck === false) way = wayThrough(spec, next);
      }
      routes.set(`${table} ${destination(destinationCidr)}`, way);
    }
  }
  if (spec.internetGateway) {
    for (const hop of [internetHop, ...natGateways.values()]) neighbours.set(`${uplink} ${hop}`, hostMac);
  }
  return { addresses, rules, routes, neighbours };
}

/** The rest of a route to what an interface forwards. */
function wayThrough({ overlay }: VpcSpec, { interfaceId, privateIp, machine }: InterfaceSpec): string {
  if (machine === undefined) return `via ${privateIp} dev ${taskLink(interfaceId)} onlink`;
  const there = overlay && machinesOf(overlay).get(machine);
  return there === undefined ? 'blackhole' : wayTo(there, overlayLink);
}

function within(outer: string, inner: string): boolean {
  const [a, b] = [parseCidr(outer), parseCidr(inner)];
  return a !== undefined && b !== undefined && contains(a, b);
}

/**
 * The `ip -batch` lines that turn one state into the other: what comes first, so that nothing that stays is interrupted.
 * Routes through links that are not there are left out: `links` are those that are.
 */
export function changeRouter(before: RouterState, after: RouterState, links: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  for (const address of after.addresses) {
    if (!before.addresses.has(address)) lines.push(`address replace ${address}/32 dev lo`);
  }
  for (const [key, mac] of after.neighbours) {
    const [device = '', address = ''] = key.split(' ');
    if (before.neighbours.get(key) !== mac && links.has(device)) {
      lines.push(`neighbour replace ${address} lladdr ${mac} dev ${device} nud permanent`);
    }
  }
  for (const [key, way] of after.routes) {
    const possible = withLinks(way, links);
    if (before.routes.get(key) !== possible) lines.push(`route replace ${route(key, possible)}`);
  }
  for (const rule of after.rules) if (!before.rules.has(rule)) lines.push(`rule add priority ${rule}`);
  for (const rule of before.rules) if (!after.rules.has(rule)) lines.push(`rule delete priority ${rule}`);
  for (const [key, way] of before.routes) if (!after.routes.has(key)) lines.push(`route delete ${route(key, way)}`);
  for (const key of before.neighbours.keys()) {
    const [device = '', address = ''] = key.split(' ');
    if (!after.neighbours.has(key) && links.has(device)) lines.push(`neighbour delete ${address} dev ${device}`);
  }
  for (const address of before.addresses) {
    if (!after.addresses.has(address)) lines.push(`address delete ${address}/32 dev lo`);
  }
  return lines;
}

/** The state as it can be while only these links exist. */
export function possibleRouter(state: RouterState, links: ReadonlySet<string>): RouterState {
  return {
    ...state,
    routes: new Map(Array.from(state.routes, ([key, way]) => [key, withLinks(way, links)])),
    neighbours: new Map([...state.neighbours].filter(([key]) => links.has(key.split(' ')[0] ?? ''))),
  };
}

/** A route whose link is missing leads nowhere meanwhile. */
function withLinks(way: string, links: ReadonlySet<string>): string {
  const device = / dev (\S+)/.exec(way)?.[1];
  return device === undefined || links.has(device) ? way : 'blackhole';
}

/** A block as `ip route` prints it. */
function destination(cidr: string): string {
  const block = parseCidr(cidr);
  if (block === undefined) throw new DriverError('fatal', `${cidr} is no IPv4 block`);
  if (block.prefixLength === 0) return 'default';
  return block.prefixLength === 32 ? addressText(block.first) : cidrText(block);
}

/** `main 10.0.0.0/16` and `blackhole` as `ip route` wants them. */
function route(key: string, way: string): string {
  const [table = '', destination = ''] = key.split(' ');
  return way.startsWith('via') ? `${destination} ${way} table ${table}` : `${way} ${destination} table ${table}`;
}
