import type { InterfaceSpec, SecurityRuleSpec, VpcSpec } from '../../wire/network-spec.ts';
import { instanceMetadataAddress } from './driver.ts';
import { flowGroups, flowRules } from './flow-rules.ts';
import {
  isProtected,
  natAddress,
  publicAddresses,
  remoteInterfaces,
  routerServices,
  servingInterfaces,
  workingNatGateways,
} from './internet.ts';
import { digest, internetHop, overlayLink, taskLink, uplink } from './names.ts';
import type { NftChain, NftSet, NftTable } from './nft-table.ts';

const services = routerServices.map((each) => `${each.address} . ${each.protocol} . ${each.port}`);

/** What both judgements of a packet begin with: connections that stand are left alone, whatever the groups say now. */
const known = 'ct state vmap { established : accept, related : accept, invalid : drop }';
/** The check of source and destination: whence a packet came is where an answer to it would go. */
const unspoofed = 'iifname != @unchecked fib saddr . iif oif missing drop';
/** From outside only what came to a public address. */
const translated = `iifname "${uplink}" ct status dnat accept`;

/** What goes through a link that takes less than a task's is agreed on when the connection begins. */
function clamped(link: string): string {
  return `oifname "${link}" tcp flags syn tcp option maxseg size set rt mtu`;
}

/**
 * The chains at the hooks. Each packet is judged twice, as on AWS: whether its sender may send it and whether its receiver
 * may receive it, by two chains at the same hook; `accept` in the first goes on to the second. `forward` sees what goes
 * through the router, `input` what goes to it (balancers, metadata, DNS) and `output` what balancers send. Between machines the
 * one of the sender judges as to the sender, the other as to the receiver.
 */
function hooksOf({ overlay }: VpcSpec, judged: readonly string[]): Readonly<Record<string, NftChain>> {
  const elsewhere = (...rules: readonly string[]): readonly string[] => (overlay === undefined ? [] : rules);
  return {
    inward: {
      hook: 'type nat hook prerouting priority dstnat; policy accept;',
      rules: [`iifname "${uplink}" dnat to ip daddr map @private`],
    },
    outward: {
      hook: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        `oifname != "${uplink}" accept`,
        `rt ip nexthop ${internetHop} snat to ip saddr map @public`,
        'snat to rt ip nexthop map @gateways',
        'drop',
      ],
    },
    'forward-sender': {
      hook: 'type filter hook forward priority 0; policy drop;',
      rules: [
        // Where the way from the host into a VPC turns back (to another public address), the host offers a short cut.
        `iifname "${uplink}" icmp type redirect drop`,
        clamped(uplink),
        ...elsewhere(clamped(overlayLink)),
        known,
        unspoofed,
        translated,
        `iifname "${uplink}" drop`,
        ...elsewhere(`iifname "${overlayLink}" accept`),
        ...judged,
        'ip saddr vmap @senders',
      ],
    },
    'forward-receiver': {
      hook: 'type filter hook forward priority 10; policy drop;',
      rules: [
        known,
        `oifname "${uplink}" accept`,
        ...elsewhere(`oifname "${overlayLink}" accept`),
        'rt ip nexthop vmap @receivers',
      ],
    },
    'input-sender': {
      hook: 'type filter hook input priority 0; policy drop;',
      rules: [
        'iifname "lo" accept',
        `iifname "${uplink}" icmp type redirect drop`,
        known,
        unspoofed,
        translated,
        `iifname "${uplink}" drop`,
        // The link-local addresses of this machine are for its own tasks.
        ...elsewhere(`iifname "${overlayLink}" ip daddr 169.254.0.0/16 drop`, `iifname "${overlayLink}" accept`),
        // At once, as a client that looks for instance metadata hopes.
        `ip daddr ${instanceMetadataAddress} ip saddr != @instances reject with icmp host-unreachable`,
        'ip daddr . meta l4proto . th dport @services accept',
        ...judged,
        'ip saddr vmap @senders',
      ],
    },
    'input-receiver': {
      hook: 'type filter hook input priority 10; policy drop;',
      rules: [
        'iifname "lo" accept',
        known,
        'ip daddr . meta l4proto . th dport @services accept',
        'ip daddr vmap @receivers',
      ],
    },
    'output-sender': {
      hook: 'type filter hook output priority 0; policy drop;',
      rules: [known, 'ip saddr vmap @senders'],
    },
    'output-receiver': {
      hook: 'type filter hook output priority 10; policy drop;',
      rules: [
        known,
        `oifname "${uplink}" accept`,
        ...elsewhere(`oifname "${overlayLink}" accept`),
        'rt ip nexthop vmap @receivers',
      ],
    },
  };
}

/**
 * The nftables table of a VPC's namespace: address translation, the checks at each hook, and its security groups. For each
 * group there are `ingress-<id>` and `egress-<id>` chains, and a `members-<id>` set where a rule names it; `senders`
 * and `receivers` lead from an address to the chains of its groups.
 */
export function vpcTable(spec: VpcSpec): NftTable {
  const sets = new Map<string, NftSet>();
  const chains = new Map<string, NftChain>();
  const serving = servingInterfaces(spec);

  const referenced = new Set<string>();
  const passing = flowGroups(spec);
  for (const { groupId, ingress, egress } of [...spec.securityGroups].sort((a, b) =>
    a.groupId < b.groupId ? -1 : 1,
  )) {
    chains.set(`ingress-${groupId}`, { rules: rulesOf(ingress, 'saddr', referenced, passing) });
    chains.set(`egress-${groupId}`, { rules: rulesOf(egress, 'daddr', referenced, new Set()) });
  }
  const members = new Map(Array.from(referenced, (groupId): [string, string[]] => [groupId, []]));
  for (const each of spec.interfaces) for (const groupId of each.groups) members.get(groupId)?.push(each.privateIp);
  for (const [groupId, addresses] of members) sets.set(`members-${groupId}`, setOf('ipv4_addr', addresses));

  const senders = new Map<string, string>();
  const receivers = new Map<string, string>();
  for (const each of serving) {
    senders.set(each.privateIp, verdict(each, 'egress', chains));
    receivers.set(each.privateIp, verdict(each, 'ingress', chains));
  }
  sets.set('senders', mapOf('ipv4_addr : verdict', senders));
  sets.set('receivers', mapOf('ipv4_addr : verdict', receivers));

  const unchecked = serving.filter(forwards).map(({ interfaceId }) => taskLink(interfaceId));
  // The other machine checks its own tasks, but those that forward may send anything from there.
  if (remoteInterfaces(spec).some(forwards)) unchecked.push(overlayLink);
  sets.set(
    'unchecked',
    setOf(
      'ifname',
      unchecked.map((link) => `"${link}"`),
    ),
  );
  const instances = serving.filter(({ instanceMetadata }) => instanceMetadata === true);
  sets.set(
    'instances',
    setOf(
      'ipv4_addr',
      instances.map(({ privateIp }) => privateIp),
    ),
  );
  sets.set('services', setOf('ipv4_addr . inet_proto . inet_service', services));

  const outward = publicAddresses(spec);
  sets.set('public', mapOf('ipv4_addr : ipv4_addr', outward));
  sets.set('private', mapOf('ipv4_addr : ipv4_addr', new Map(Array.from(outward, ([inner, outer]) => [outer, inner]))));
  const gateways = workingNatGateways(spec).map((each) => [each.privateIp, natAddress(spec, each)] as const);
  sets.set('gateways', mapOf('ipv4_addr : ipv4_addr', new Map(gateways)));

  const flows = flowRules(spec, (of, direction) => verdict(of, direction, chains));
  for (const [name, set] of flows.sets) sets.set(name, set);
  for (const [name, chain] of Object.entries(hooksOf(spec, flows.judged))) chains.set(name, chain);
  for (const [name, chain] of flows.chains) chains.set(name, chain);
  return { family: 'ip', name: 'stowage', sets, chains };
}

function forwards({ kind, sourceDestCheck }: InterfaceSpec): boolean {
  return kind === 'task' && sourceDestCheck === false;
}

/** Where an interface's packets are judged. Several groups share a chain that asks one after the other; any may allow. */
function verdict(each: InterfaceSpec, direction: 'ingress' | 'egress', chains: Map<string, NftChain>): string {
  if (!isProtected(each)) return 'accept';
  // A group that the VPC does not have allows nothing.
  const asked = [...new Set(each.groups)].sort().filter((groupId) => chains.has(`${direction}-${groupId}`));
  const [first] = asked;
  if (first === undefined) return 'drop';
  if (asked.length === 1) return `jump ${direction}-${first}`;
  const names = asked.map((groupId) => groupId.replace(/^sg-/, '')).join('-');
  // The kernel takes names of up to 255 characters.
  const name = `${direction}-any-${names.length > 200 ? digest(names, 16).slice(0, 16) : names}`;
  if (!chains.has(name)) chains.set(name, { rules: asked.map((groupId) => `jump ${direction}-${groupId}`) });
  return `jump ${name}`;
}

/**
 * The rules of a group's chain: what matches is accepted, the rest returns. Notes the groups they name. A rule that names a group holds
 * also for what a member of it has passed on, if the group is one of `passing`.
 */
function rulesOf(
  rules: readonly SecurityRuleSpec[],
  side: 'saddr' | 'daddr',
  referenced: Set<string>,
  passing: ReadonlySet<string>,
): string[] {
  const lines = rules.flatMap((rule) => {
    const line = (from: string): string => [traffic(rule), from, 'accept'].filter((part) => part !== '').join(' ');
    const plain = line(peer(rule.peer, side));
    if (!('groupId' in rule.peer)) return [plain];
    referenced.add(rule.peer.groupId);
    const { groupId } = rule.peer;
    return passing.has(groupId) ? [plain, line(`ct original ip daddr @flows-${groupId}`)] : [plain];
  });
  return [...new Set(lines)];
}

function peer(of: SecurityRuleSpec['peer'], side: 'saddr' | 'daddr'): string {
  if ('groupId' in of) return `ip ${side} @members-${of.groupId}`;
  return of.cidr.endsWith('/0') ? '' : `ip ${side} ${of.cidr}`;
}

/** Protocols by name or IANA number, as `IpPermission` has them ("IpPermission", EC2 API Reference). */
function traffic({ protocol, fromPort, toPort }: SecurityRuleSpec): string {
  switch (protocol) {
    case '-1':
      return '';
    case 'icmp':
    case '1':
      if (fromPort === -1) return 'ip protocol 1';
      return toPort === -1 ? `icmp type ${fromPort}` : `icmp type ${fromPort} icmp code ${toPort}`;
    case 'tcp':
    case '6':
      return ports('tcp', 6, fromPort, toPort);
    case 'udp':
    case '17':
      return ports('udp', 17, fromPort, toPort);
    case 'icmpv6':
      return 'ip protocol 58';
    default:
      return `ip protocol ${protocol}`;
  }
}

function ports(name: string, number: number, from: number, to: number): string {
  if (from === -1 || (from === 0 && to === 65_535)) return `ip protocol ${number}`;
  return `${name} dport ${from === to ? from : `${from}-${to}`}`;
}

function setOf(type: string, elements: readonly string[]): NftSet {
  return { kind: 'set', type, elements: new Map(elements.map((element) => [element, ''])) };
}

function mapOf(type: string, elements: ReadonlyMap<string, string>): NftSet {
  return { kind: 'map', type, elements };
}
