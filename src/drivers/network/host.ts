import type { VpcSpec } from '../../wire/network-spec.ts';
import { natAddress, publicAddresses, workingNatGateways } from './internet.ts';
import { hostLinkPrefix, hostMac, hostTableName, routerMac, uplink, vpcHop } from './names.ts';
import type { NftTable } from './nft-table.ts';

/** What the host's side of an installation is made from. */
export interface HostPlan {
  readonly installationId: string;
  /** The block public addresses come from. */
  readonly publicPool: string;
  /** The address by which VPCs see the host. */
  readonly hostAddress: string;
}

/**
 * The installation's nftables table on the host: nothing that comes out of a VPC reaches the host itself, unless it answers
 * the host; and what goes on to the world takes the host's address, as the world has no route to ours.
 */
export function hostTable({ installationId, publicPool }: HostPlan): NftTable {
  const links = `${hostLinkPrefix(installationId)}*`;
  return {
    family: 'inet',
    name: hostTableName(installationId),
    sets: new Map(),
    chains: new Map([
      [
        'protect',
        {
          hook: 'type filter hook input priority -5; policy accept;',
          rules: [`iifname "${links}" ct state established,related accept`, `iifname "${links}" drop`],
        },
      ],
      [
        'outward',
        {
          hook: 'type nat hook postrouting priority srcnat; policy accept;',
          rules: [`ip saddr ${publicPool} oifname != "${links}" masquerade`],
        },
      ],
    ]),
  };
}

/**
 * The rules in iptables' own tables that let packets of VPCs be forwarded where the engine (or a firewall) drops what it
 * does not know: in `DOCKER-USER` where there is one ("Packet filtering and firewalls", Docker documentation), else in
 * `FORWARD` where its policy is to drop, else none. Towards Docker's own networks its own rules decide: tasks reach
 * there what anybody on the local network would.
 */
export function iptablesRules(installationId: string, observed: readonly string[]): string[] {
  const links = `${hostLinkPrefix(installationId)}+`;
  const rule = (chain: string, match: string, verdict: string): string =>
    `-A ${chain} ${match} -m comment --comment "${comment(installationId)}" -j ${verdict}`;
  if (observed.includes('-N DOCKER-USER')) {
    return [
      rule('DOCKER-USER', `-i ${links} -o docker0`, 'RETURN'),
      rule('DOCKER-USER', `-i ${links} -o br-+`, 'RETURN'),
      rule('DOCKER-USER', `-i ${links}`, 'ACCEPT'),
      rule('DOCKER-USER', `-o ${links}`, 'ACCEPT'),
    ];
  }
  if (observed.includes('-P FORWARD DROP')) {
    return [rule('FORWARD', `-i ${links}`, 'ACCEPT'), rule('FORWARD', `-o ${links}`, 'ACCEPT')];
  }
  return [];
}

/** The input of `iptables-restore --noflush` that makes `wanted` the first rules of their chain; empty when they are. */
export function changeIptables(
  installationId: string,
  observed: readonly string[],
  wanted: readonly string[] = iptablesRules(installationId, observed),
): string {
  const ours = observed.filter((line) => line.includes(`"${comment(installationId)}"`));
  if (ours.join('\n') === wanted.join('\n')) return '';
  return [
    '*filter',
    ...ours.map((line) => line.replace('-A ', '-D ')),
    ...wanted.toReversed().map((line) => line.replace(/^-A (\S+) /, '-I $1 1 ')),
    'COMMIT',
    '',
  ].join('\n');
}

/** The `ip -batch` lines that join a VPC's namespace to the host. */
export function makeUplink(plan: HostPlan, link: string, namespace: string, mtu: number): string[] {
  return [
    `link add ${link} address ${hostMac} mtu ${mtu} type veth peer name ${uplink} address ${routerMac} mtu ${mtu} netns ${namespace}`,
    ...tendUplink(plan, link),
  ];
}

/** The lines that make the host's end of a link that exists as it should be. */
export function tendUplink({ hostAddress }: HostPlan, link: string): string[] {
  return [
    // No IPv6 address: nothing of it is routed.
    `link set ${link} addrgenmode none up`,
    `address replace ${hostAddress}/32 dev ${link}`,
    `neighbour replace ${vpcHop} lladdr ${routerMac} dev ${link} nud permanent`,
  ];
}

/** The public addresses that lead to a VPC on this machine: `<address>` → the rest of its route on the host. */
export function hostRoutes(spec: VpcSpec, plan: HostPlan, link: string): Map<string, string> {
  const addresses = [
    ...publicAddresses(spec).values(),
    ...workingNatGateways(spec).map((each) => natAddress(spec, each)),
  ];
  return new Map(addresses.map((address) => [address, `via ${vpcHop} dev ${link} onlink src ${plan.hostAddress}`]));
}

/**
 * The `ip -batch` lines from one set of routes through `link` to another: first those for what goes, as it may be to come back
 * elsewhere, then those for what comes. A route that leads elsewhere by now stays.
 */
export function changeHostRoutes(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  link: string,
): { readonly going: string[]; readonly coming: string[] } {
  const going = [...before].filter(([address, way]) => !after.has(address) && way.includes(` dev ${link} `));
  const coming = [...after].filter(([address, way]) => before.get(address) !== way);
  return {
    going: going.map(([address]) => `route delete ${address} dev ${link}`),
    coming: coming.map(([address, way]) => `route replace ${address} ${way}`),
  };
}

function comment(installationId: string): string {
  return `stowage ${installationId}`;
}
