import {
  chainsOf,
  json,
  linksOf,
  way,
  type Link,
  type RawAddress,
  type RawNeighbour,
  type RawRoute,
} from './observe.ts';

/** What there is of a host's part of the tunnels. */
export interface ObservedTunnel {
  /** Its end of them. */
  readonly end: Link | undefined;
  /** The MTUs of links, by the addresses on them. */
  readonly mtus: ReadonlyMap<string, number>;
  /** The routes through the end, as `ObservedHost` has them. */
  readonly routes: ReadonlyMap<string, string>;
  /** `<device> <address>` → MAC. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** MAC → underlay address. */
  readonly forwarding: ReadonlyMap<string, string>;
  readonly chains: ReadonlySet<string>;
}

/** Prints what `parseTunnel` reads; the link may be missing. */
export function observeTunnelScript(link: string): string {
  return [
    'ip -j link',
    'ip -j -4 address',
    'ip -j -4 route show table main',
    'ip -j -4 neighbour show nud permanent',
    forwardingScript(link),
    'nft list chains inet',
  ].join(' && echo === && ');
}

/** Prints what `parseForwarding` reads; nothing where there is no such link. */
export function forwardingScript(link: string): string {
  return `(bridge -j fdb show dev ${link} 2>/dev/null || true)`;
}

/** Reads what `observeTunnelScript` printed. */
export function parseTunnel(output: string, tableName: string, link: string): ObservedTunnel {
  const [links, addresses, routes, neighbours, forwarding, chains] = output.split('===\n');
  const all = linksOf(links);
  const through = (json(routes) as readonly RawRoute[]).filter(({ dev }) => dev === link);
  const own = (json(neighbours) as readonly RawNeighbour[]).filter(({ dev }) => dev === link);
  return {
    end: all.get(link),
    mtus: new Map(
      (json(addresses) as readonly RawAddress[]).flatMap(({ ifname = '', addr_info: infos }) =>
        (infos ?? []).flatMap(({ local }) => {
          const mtu = all.get(ifname)?.mtu;
          return local === undefined || mtu === undefined ? [] : [[local, mtu] as const];
        }),
      ),
    ),
    routes: new Map(through.map((raw) => [raw.dst, way(raw)] as const)),
    neighbours: new Map(own.map(({ dev, dst, lladdr }) => [`${dev} ${dst}`, lladdr ?? ''] as const)),
    forwarding: parseForwarding(forwarding),
    chains: chainsOf(chains, `table inet ${tableName}`),
  };
}

/** MAC → underlay address, of one end of a tunnel. */
export function parseForwarding(output: string | undefined): Map<string, string> {
  const entries = json(output) as readonly { readonly mac: string; readonly dst?: string }[];
  return new Map(entries.flatMap(({ mac, dst }) => (dst === undefined ? [] : [[mac, dst] as const])));
}
