import type { BalancerSpec, ListenerSpec } from '../../wire/balancer-spec.ts';
import { isByKernel } from './flows.ts';

/** What is counted of one protocol at one address and port of a network load balancer. */
export interface FigureKey {
  readonly address: string;
  /** By which the world knows the address. */
  readonly publicAddress?: string;
  /** What the flows are counted as: TLS where it ends here, else what their packets are. */
  readonly protocol: 'TCP' | 'TLS' | 'UDP';
  readonly port: number;
  /** Who answers clients: the target whose flows pass by the kernel, or this balancer's own process. */
  readonly answeredBy: 'target' | 'balancer';
}

/** What flows at one address and port made within a while. */
export interface FlowFigures extends Pick<FigureKey, 'address' | 'protocol' | 'port'> {
  /** Flows that began. */
  readonly opened: number;
  /** Both ways, with their headers of IP, without what security groups held back. */
  readonly packets: number;
  readonly bytes: number;
  /** Packets that say RST, by who sent them. */
  readonly clientResets: number;
  readonly targetResets: number;
  readonly balancerResets: number;
}

/** What the kernel has counted since the counters are there: packets and bytes, by the counter's name. */
export type Counts = Readonly<Record<string, readonly [packets: number, bytes: number]>>;

/** What is counted of a load balancer. */
export function figureKeys(spec: BalancerSpec): FigureKey[] {
  return spec.listeners.flatMap((listener) =>
    spec.addresses.flatMap((address) =>
      protocolsOf(listener).map((protocol): FigureKey => {
        const publicAddress = spec.publicAddresses?.[address];
        return {
          address,
          ...(publicAddress === undefined ? {} : { publicAddress }),
          protocol,
          port: listener.port,
          answeredBy: isByKernel(spec, listener) ? 'target' : 'balancer',
        };
      }),
    ),
  );
}

function protocolsOf({ protocol }: ListenerSpec): readonly FigureKey['protocol'][] {
  if (protocol === 'TCP_UDP') return ['TCP', 'UDP'];
  return protocol === 'TLS' || protocol === 'UDP' ? [protocol] : ['TCP'];
}

function nameOf(what: string, { protocol, port, address }: FigureKey): string {
  return `${what}-${protocol}-${port}-${address}`;
}

/**
 * The nftables script that makes what counts a balancer's flows; counters that are there keep what they have. A packet counts where it
 * has passed the security groups; a flow with its first packet, which alone the hooks of address translation see.
 */
export function figureScript(table: string, keys: readonly FigureKey[]): string {
  const names = keys.flatMap((key) => countersOf(key));
  const counting: string[] = [];
  const beginning: string[] = [];
  const chains = keys.flatMap((key, index) => {
    const asked = key.publicAddress === undefined ? key.address : `${key.address}, ${key.publicAddress}`;
    const packets = key.protocol === 'UDP' ? 'udp' : 'tcp';
    const match = `ct original ip daddr { ${asked} } meta l4proto ${packets} ct original proto-dst ${key.port}`;
    counting.push(`${match} goto key${index}`);
    beginning.push(`${match} counter name "${nameOf('opened', key)}"`);
    const reset = 'tcp flags & rst == rst ct direction';
    return [
      `chain key${index} {`,
      `counter name "${nameOf('processed', key)}"`,
      ...(packets === 'udp'
        ? []
        : [
            `${reset} original counter name "${nameOf('clientResets', key)}"`,
            `${reset} reply counter name "${nameOf(`${key.answeredBy}Resets`, key)}"`,
          ]),
      '}',
    ];
  });
  return [
    `add table ip ${table}`,
    `flush table ip ${table}`,
    ...names.map((name) => `add counter ip ${table} ${name}`),
    `table ip ${table} {`,
    ...chains,
    'chain counting {',
    ...counting,
    '}',
    'chain beginning {',
    ...beginning,
    '}',
    ...['input', 'postrouting'].flatMap((hook) => [
      `chain counting-${hook} {`,
      `type filter hook ${hook} priority 50; policy accept;`,
      'jump counting',
      '}',
      `chain beginning-${hook} {`,
      `type nat hook ${hook} priority 110; policy accept;`,
      'jump beginning',
      '}',
    ]),
    '}',
    '',
  ].join('\n');
}

function countersOf(key: FigureKey): string[] {
  const resets = key.protocol === 'UDP' ? [] : ['clientResets', `${key.answeredBy}Resets`];
  return ['opened', 'processed', ...resets].map((what) => nameOf(what, key));
}

/** Reads `nft -j list counters`. */
export function parseCounts(json: string): Counts {
  const { nftables } = JSON.parse(json) as {
    nftables: { counter?: { name: string; packets: number; bytes: number } }[];
  };
  return Object.fromEntries(
    nftables.flatMap(({ counter }) =>
      counter === undefined ? [] : [[counter.name, [counter.packets, counter.bytes]]],
    ),
  );
}

/** What was counted between two readings. Counters that were made anew began at 0. */
export function figuresBetween(before: Counts, after: Counts): FlowFigures[] {
  const found = new Map<string, Record<string, readonly [number, number]>>();
  for (const [name, [packets, bytes]] of Object.entries(after)) {
    const [, what = '', key = ''] = /^(\w+)-(.*)$/.exec(name) ?? [];
    const [packetsBefore, bytesBefore] = before[name] ?? [0, 0];
    const isAnew = packets < packetsBefore;
    const made = isAnew ? ([packets, bytes] as const) : ([packets - packetsBefore, bytes - bytesBefore] as const);
    found.set(key, { ...found.get(key), [what]: made });
  }
  return [...found].map(([key, made]) => {
    const [protocol = '', port = '', address = ''] = key.split('-');
    const packetsOf = (what: string): number => made[what]?.[0] ?? 0;
    return {
      address,
      protocol: protocol as FlowFigures['protocol'],
      port: Number(port),
      opened: packetsOf('opened'),
      packets: packetsOf('processed'),
      bytes: made['processed']?.[1] ?? 0,
      clientResets: packetsOf('clientResets'),
      targetResets: packetsOf('targetResets'),
      balancerResets: packetsOf('balancerResets'),
    };
  });
}

/** How many flows of a listing of conntrack(8) are open at each port that was asked for: neither over nor about to be. */
export function openFlows(listing: string): Map<number, number> {
  const open = new Map<number, number>();
  for (const [, state, port] of listing.matchAll(/^(?:tcp +\d+ \d+ (\S+)|udp ).*? dport=(\d+) /gm)) {
    if (state !== undefined && !['SYN_SENT', 'SYN_RECV', 'ESTABLISHED'].includes(state)) continue;
    open.set(Number(port), (open.get(Number(port)) ?? 0) + 1);
  }
  return open;
}
