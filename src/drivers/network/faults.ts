import { addressNumber, parseCidr } from '../../base/ipv4.ts';

/** A port that packets are dropped for, towards the task or from it. */
export interface BlackholeFault {
  readonly kind: 'blackhole';
  readonly direction: 'ingress' | 'egress';
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Addresses and blocks of the other side that are spared. */
  readonly spared: readonly string[];
}

/** What becomes of packets that leave the task for `sources`. */
export interface ShapingFault {
  readonly kind: 'latency' | 'packet-loss';
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
  /** Addresses and blocks that are concerned, and those among them that are spared. */
  readonly sources: readonly string[];
  readonly spared: readonly string[];
  /** How many of a hundred flows are concerned. */
  readonly flowsPercent: number;
}

/** An injury of a task's network ("Use fault injection with your Amazon ECS and Fargate workloads", ECS Developer Guide). */
export type NetworkFault = BlackholeFault | ShapingFault;

/** The injuries that a task's network has. */
export interface RunningFaults {
  /** By `blackholeName`. */
  readonly blackholes: readonly string[];
  readonly shaping?: ShapingFault['kind'];
}

/** The name of a dropped port, which is that of its chain in the genuine agent. */
export function blackholeName(fault: Pick<BlackholeFault, 'direction' | 'protocol' | 'port'>): string {
  return `${fault.direction}-${fault.protocol}-${fault.port}`;
}

const table = 'inet stowage_faults';

/** The nftables script, for the task's namespace, that drops a port. */
export function blackholeScript(fault: BlackholeFault): string {
  const { direction, protocol, port, spared } = fault;
  const chain = `${table} ${blackholeName(fault)}`;
  const [hook, side] = direction === 'ingress' ? ['input', 'saddr'] : ['output', 'daddr'];
  return [
    `add table ${table}`,
    `add chain ${chain} { type filter hook ${hook} priority 0 ; policy accept ; }`,
    ...spared.map((each) => `add rule ${chain} ${family(each)} ${side} ${each} ${protocol} dport ${port} accept`),
    `add rule ${chain} ${protocol} dport ${port} drop`,
    '',
  ].join('\n');
}

/** The script that ends it. */
export function endBlackholeScript(name: string): string {
  return `flush chain ${table} ${name}\ndelete chain ${table} ${name}\n`;
}

/** The dropped ports, in what `nft list chains inet` says. */
export function parseBlackholes(listed: string): string[] {
  const own = /table inet stowage_faults \{([\s\S]*?)\n\}/.exec(listed)?.[1] ?? '';
  return [...own.matchAll(/chain (\S+) \{/g)].map(([, name = '']) => name);
}

const bands = 10;
/** How `tc` names the classes of a queue of ten bands: from 1, in hexadecimal. */
const classes = Array.from({ length: bands }, (_, band) => (band + 1).toString(16));
const priomap = 'priomap 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2';

/**
 * The `tc -batch` lines that delay or lose packets: a queue whose first band is ten queues of ten bands each, over which
 * flows are spread, so that so many of the hundred are impaired; as the genuine agent does it.
 */
export function shapingLines(fault: ShapingFault, device: string): string[] {
  const { delayMs, jitterMs, lossPercent, sources, spared, flowsPercent } = fault;
  const impaired = fault.kind === 'latency' ? `delay ${delayMs}ms ${jitterMs}ms` : `loss ${lossPercent}%`;
  const match = (each: string, order: number, flow: string): string =>
    `filter add dev ${device} protocol all parent 1:0 prio ${order} u32 match ${family(each)} dst ${each} flowid ${flow}`;
  const spread = (parent: number, handle: number, first: string): string =>
    `filter add dev ${device} protocol all parent ${parent}: handle ${handle} prio 2 flow hash keys src,dst,proto,proto-src,proto-dst divisor ${bands} baseclass ${first}`;
  return [
    `qdisc add dev ${device} root handle 1: prio ${priomap}`,
    `qdisc add dev ${device} parent 1:1 handle 10: prio bands ${bands} ${priomap}`,
    ...classes.map(
      (name, band) => `qdisc add dev ${device} parent 10:${name} handle ${100 + band}: prio bands ${bands} ${priomap}`,
    ),
    ...Array.from({ length: flowsPercent }, (_, flow) => {
      const parent = `${100 + Math.floor(flow / bands)}:${classes[flow % bands] ?? '1'}`;
      return `qdisc add dev ${device} parent ${parent} handle ${200 + flow}: netem ${impaired}`;
    }),
    ...spared.map((each) => match(each, 1, '1:3')),
    ...sources.map((each) => match(each, 2, '1:1')),
    spread(10, 1, '10:1'),
    ...classes.map((_, band) => spread(100 + band, band + 1, `${100 + band}:1`)),
  ];
}

/** The line that ends it. */
export function endShapingLine(device: string): string {
  return `qdisc del dev ${device} root`;
}

/** What is done to packets, in what `tc -j qdisc show` says of a device. */
export function parseShaping(listed: string): ShapingFault['kind'] | undefined {
  const queues = JSON.parse(listed.trim() === '' ? '[]' : listed) as readonly {
    readonly kind?: string;
    readonly options?: { readonly 'loss-random'?: unknown };
  }[];
  const netem = queues.find(({ kind }) => kind === 'netem');
  if (netem === undefined) return undefined;
  return netem.options?.['loss-random'] === undefined ? 'latency' : 'packet-loss';
}

/** Whether a text is an IPv4 or IPv6 address, or a block of either. */
export function isAddressOrBlock(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function isIpv4(text: string): boolean {
  return addressNumber(text) !== undefined || parseCidr(text) !== undefined;
}

function isIpv6(text: string): boolean {
  const [address = '', length, ...more] = text.split('/');
  const prefix = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= 128);
  return more.length === 0 && prefix && address.includes(':') && URL.canParse(`http://[${address}]/`);
}

function family(text: string): 'ip' | 'ip6' {
  return isIpv4(text) ? 'ip' : 'ip6';
}
