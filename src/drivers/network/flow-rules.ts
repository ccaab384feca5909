import type { InterfaceSpec, VpcSpec } from '../../wire/network-spec.ts';
import { publicAddresses, servingInterfaces } from './internet.ts';
import { overlayLink, tableNumber, uplink } from './names.ts';
import type { NftChain, NftSet } from './nft-table.ts';

/**
 * What a VPC's table has beyond the rest for flows: packets that arrive at a network load balancer and pass on to a target under their
 * client's address (the balancer's own table translates them, before all else). They are judged as if the balancer stood between: may
 * the client send to it, and it receive that, before they are translated; may it send to the target, afterwards. And where a rule names
 * one of the balancer's groups, it holds for them ("Security groups for your Network Load Balancer", ELB User Guide).
 */
export interface FlowRules {
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: ReadonlyMap<string, NftChain>;
  /** What lets a judged flow pass where its client's rules would be asked about the target; none where there are no flows. */
  readonly judged: readonly string[];
}

/** The groups that members pass flows on of: each has a set of the addresses at which they are asked, `flows-<id>`. */
export function flowGroups(spec: VpcSpec): ReadonlySet<string> {
  return new Set(balancersOf(spec).flatMap(({ groups }) => groups));
}

/** The flows of a VPC; `verdict` leads to the chains of an interface's groups. */
export function flowRules(
  spec: VpcSpec,
  verdict: (of: InterfaceSpec, direction: 'ingress' | 'egress') => string,
): FlowRules {
  const balancers = balancersOf(spec);
  const sets = new Map<string, NftSet>();
  const chains = new Map<string, NftChain>();
  if (balancers.length === 0) return { sets, chains, judged: [] };
  const publicOf = publicAddresses(spec);
  const asked = balancers.map((balancer) => {
    const known = publicOf.get(balancer.privateIp);
    return { balancer, addresses: [balancer.privateIp, ...(known === undefined ? [] : [known])] };
  });
  const mapped = (valueOf: (balancer: InterfaceSpec) => string): ReadonlyMap<string, string> =>
    new Map(asked.flatMap(({ balancer, addresses }) => addresses.map((address) => [address, valueOf(balancer)])));
  const keys = asked.flatMap(({ balancer, addresses }) =>
    addresses.flatMap((address) =>
      (balancer.flows ?? []).map((flow) => `${address} . ${flow.protocol} . ${flow.port}`),
    ),
  );
  const table = (balancer: InterfaceSpec): string =>
    String(tableNumber(spec.subnets.find(({ subnetId }) => subnetId === balancer.subnetId)?.routeTableId ?? ''));
  sets.set('flows', setOf('ipv4_addr . inet_proto . inet_service', keys));
  sets.set('flow-balancers', setOf('ipv4_addr', [...mapped(() => '').keys()]));
  sets.set(
    'flow-receivers',
    mapOf(
      'ipv4_addr : verdict',
      mapped((each) => verdict(each, 'ingress')),
    ),
  );
  sets.set(
    'flow-senders',
    mapOf(
      'ipv4_addr : verdict',
      mapped((each) => verdict(each, 'egress')),
    ),
  );
  sets.set('flow-ways', mapOf('ipv4_addr : mark', mapped(table)));
  const members = new Map<string, string[]>();
  for (const { balancer, addresses } of asked) {
    for (const groupId of balancer.groups) members.set(groupId, [...(members.get(groupId) ?? []), ...addresses]);
  }
  for (const [groupId, addresses] of members) sets.set(`flows-${groupId}`, setOf('ipv4_addr', addresses));

  const fresh = ['ct state != new accept', 'ip daddr . meta l4proto . th dport != @flows accept'];
  chains.set('flow-client', {
    hook: 'type filter hook prerouting priority -115; policy accept;',
    rules: [
      // Answers leave by the balancer's way, whatever way the target's own subnet has.
      'ct direction reply ct original ip daddr @flow-balancers meta mark set ct original ip daddr map @flow-ways',
      ...fresh,
      // The world has no groups, and other machines have asked their own clients'.
      `iifname { "${uplink}", "${overlayLink}" } accept`,
      'ip saddr vmap @senders',
      'drop',
    ],
  });
  chains.set('flow-arrival', {
    hook: 'type filter hook prerouting priority -114; policy accept;',
    rules: [...fresh, 'ip daddr vmap @flow-receivers', 'drop'],
  });
  for (const hook of ['forward', 'input']) {
    chains.set(`flow-${hook}`, {
      hook: `type filter hook ${hook} priority 5; policy accept;`,
      rules: [
        'ct state != new accept',
        'ct status dnat ct original ip daddr @flow-balancers ct original ip daddr vmap @flow-senders',
        'ct status dnat ct original ip daddr @flow-balancers drop',
      ],
    });
  }
  return { sets, chains, judged: ['ct status dnat ct original ip daddr @flow-balancers accept'] };
}

/** The policy rules by which answers of flows leave: each mark is the number of a route table. */
export function flowWays(spec: VpcSpec): string[] {
  const subnets = new Set(balancersOf(spec).map(({ subnetId }) => subnetId));
  const tables = spec.subnets
    .filter(({ subnetId }) => subnets.has(subnetId))
    .map((each) => tableNumber(each.routeTableId));
  return [...new Set(tables)].map((table) => `900 from all fwmark ${hex(table)} lookup ${table}`);
}

function balancersOf(spec: VpcSpec): readonly InterfaceSpec[] {
  return servingInterfaces(spec).filter(({ flows }) => flows !== undefined && flows.length > 0);
}

/** As `ip rule` prints marks. */
function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}

function setOf(type: string, elements: readonly string[]): NftSet {
  return { kind: 'set', type, elements: new Map([...new Set(elements)].map((element) => [element, ''])) };
}

function mapOf(type: string, elements: ReadonlyMap<string, string>): NftSet {
  return { kind: 'map', type, elements };
}
