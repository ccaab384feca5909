import type { InterfaceCounters } from './driver.ts';
import { isTaskLink } from './names.ts';
import type { RouterState } from './router.ts';

/** A network link as `ip -j link` tells of it. */
export interface Link {
  readonly name: string;
  readonly index: number;
  /** The index of its other end, in the other end's namespace. */
  readonly peerIndex: number;
  readonly up: boolean;
  readonly mtu: number;
  readonly alias: string;
}

/** What there is in a VPC's namespace. */
export interface ObservedVpc {
  readonly links: ReadonlyMap<string, Link>;
  readonly router: RouterState;
  /** The routes and neighbours of tasks' links: `<link> <address>`. */
  readonly taskRoutes: ReadonlySet<string>;
  readonly taskNeighbours: ReadonlySet<string>;
  readonly chains: ReadonlySet<string>;
}

/** What there is on the host. */
export interface ObservedHost {
  readonly links: ReadonlyMap<string, Link>;
  /** `<address>` → `via … dev … src …`, or `unreachable`; main table only. */
  readonly routes: ReadonlyMap<string, string>;
  readonly chains: ReadonlySet<string>;
  /** Lines of `iptables -S` of the chains we may need to write to. */
  readonly iptables: readonly string[];
  readonly forwarding: boolean;
}

/** Prints what `parseVpc` reads. One shell: starting programs is what costs. */
export const observeVpcScript = [
  'ip -j link',
  'ip -j -4 address',
  'ip -j -4 rule',
  'ip -j -4 route show table all',
  'ip -j -4 neighbour show nud permanent',
  'nft list chains ip',
].join(' && echo === && ');

/** Prints what `parseGlance` reads, with as few programs as can be: it is asked often. */
export const glanceScript = 'cat /proc/net/dev && echo === && nft list chains ip';

/** The names of the links and of our table's chains in a VPC's namespace. */
export function parseGlance(output: string): Pick<ObservedVpc, 'chains'> & { readonly links: ReadonlySet<string> } {
  const [devices, chains] = output.split('===\n');
  const names = [...(devices ?? '').matchAll(/^ *([^:|\s]+):/gm)].map((match) => match[1] ?? '');
  return { links: new Set(names), chains: chainsOf(chains, 'table ip stowage') };
}

/** Prints what `parseHost` reads. `iptables` may be missing, and its chains. */
export const observeHostScript = [
  'ip -j link',
  'ip -j -4 route show table all',
  'nft list chains inet',
  '(iptables -w -S FORWARD; iptables -w -S DOCKER-USER) 2>/dev/null || true',
  'cat /proc/sys/net/ipv4/ip_forward',
].join(' && echo === && ');

/** Reads what `observeVpcScript` printed. */
export function parseVpc(output: string): ObservedVpc {
  const [links, addresses, rules, routes, neighbours, chains] = output.split('===\n');
  const state = {
    addresses: new Set<string>(),
    rules: new Set<string>(),
    routes: new Map<string, string>(),
    neighbours: new Map<string, string>(),
  };
  const taskRoutes = new Set<string>();
  const taskNeighbours = new Set<string>();
  for (const { ifname, addr_info: infos } of json(addresses) as readonly RawAddress[]) {
    if (ifname !== 'lo') continue;
    for (const { local } of infos ?? []) if (local !== undefined && local !== '127.0.0.1') state.addresses.add(local);
  }
  for (const { priority, src, srclen, fwmark, table } of json(rules) as readonly RawRule[]) {
    const from = src === 'all' ? 'all' : `${src}${srclen === undefined ? '' : `/${srclen}`}`;
    if (priority !== 0)
      state.rules.add(`${priority} from ${from}${fwmark === undefined ? '' : ` fwmark ${fwmark}`} lookup ${table}`);
  }
  for (const raw of json(routes) as readonly RawRoute[]) {
    if (raw.table === 'local') continue;
    if (raw.dev !== undefined && isTaskLink(raw.dev) && raw.gateway === undefined) {
      taskRoutes.add(`${raw.dev} ${raw.dst}`);
    } else state.routes.set(`${raw.table ?? 'main'} ${raw.dst}`, way(raw));
  }
  for (const { dst, dev, lladdr } of json(neighbours) as readonly RawNeighbour[]) {
    if (isTaskLink(dev)) taskNeighbours.add(`${dev} ${dst}`);
    else state.neighbours.set(`${dev} ${dst}`, lladdr ?? '');
  }
  return {
    links: linksOf(links),
    router: state,
    taskRoutes,
    taskNeighbours,
    chains: chainsOf(chains, 'table ip stowage'),
  };
}

/** Reads what `observeHostScript` printed, of one installation. */
export function parseHost(output: string, tableName: string): ObservedHost {
  const [links, routes, chains, iptables, forwarding] = output.split('===\n');
  const main = (json(routes) as readonly RawRoute[]).filter(({ table }) => table === undefined || table === 'main');
  return {
    links: linksOf(links),
    routes: new Map(main.map((raw) => [raw.dst, way(raw)])),
    chains: chainsOf(chains, `table inet ${tableName}`),
    iptables: (iptables ?? '').split('\n').filter((line) => line !== ''),
    forwarding: forwarding?.trim() === '1',
  };
}

/** What prints the routes that `parseRoutedBlocks` reads. */
export const routesCommand = ['ip', '-j', '-4', 'route', 'show', 'table', 'all'] as const;

/** The blocks that a machine has routes to, in any table and apart from default routes, and the links they go through. */
export function parseRoutedBlocks(output: string): { readonly cidr: string; readonly device: string }[] {
  return (json(output) as readonly RawRoute[])
    .filter(({ dst }) => dst !== 'default')
    .map(({ dst, dev = '' }) => ({ cidr: dst.includes('/') ? dst : `${dst}/32`, device: dev }));
}

interface RawLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_index?: number;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly ifalias?: string;
}
/** Of `ip -j address`. */
export interface RawAddress {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local?: string }[];
}
interface RawRule {
  readonly priority: number;
  readonly src: string;
  readonly srclen?: number;
  readonly table: string;
  readonly fwmark?: string;
}
/** Of `ip -j route`. */
export interface RawRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
  readonly prefsrc?: string;
  readonly flags?: readonly string[];
}
/** Of `ip -j neighbour`. */
export interface RawNeighbour {
  readonly dst: string;
  readonly dev: string;
  readonly lladdr?: string;
}

/** Reads JSON, where nothing stands for an empty list. */
export function json(text: string | undefined): unknown {
  const trimmed = (text ?? '').trim();
  return trimmed === '' ? [] : JSON.parse(trimmed);
}

/** The links by name in the output of `ip -j link`. */
export function linksOf(text: string | undefined): Map<string, Link> {
  return new Map(
    (json(text) as readonly RawLink[]).map((raw) => [
      raw.ifname,
      {
        name: raw.ifname,
        index: raw.ifindex,
        peerIndex: raw.link_index ?? 0,
        up: raw.flags.includes('UP'),
        mtu: raw.mtu,
        alias: raw.ifalias ?? '',
      },
    ]),
  );
}

/** What a route says apart from its destination. */
export function way({ type, gateway, dev, prefsrc, flags }: RawRoute): string {
  if (type !== undefined && type !== 'unicast') return type;
  return [
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(flags?.includes('onlink') === true ? ['onlink'] : []),
    ...(prefsrc === undefined ? [] : [`src ${prefsrc}`]),
  ].join(' ');
}

/** The chains of one table in the output of `nft list chains`. */
export function chainsOf(text: string | undefined, table: string): Set<string> {
  const found = new Set<string>();
  let inside = false;
  for (const line of (text ?? '').split('\n')) {
    if (line.startsWith('table ')) inside = line === `${table} {`;
    const name = /^\tchain (\S+) \{/.exec(line)?.[1];
    if (inside && name !== undefined) found.add(name);
  }
  return found;
}

/** The counters of one device in `/proc/net/dev` (proc_pid_net(5)). */
export function parseCounters(table: string, device: string): InterfaceCounters | undefined {
  const line = table.split('\n').find((each) => each.trim().startsWith(`${device}:`));
  if (line === undefined) return undefined;
  const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , ...sent] = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = sent;
  return { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped };
}
