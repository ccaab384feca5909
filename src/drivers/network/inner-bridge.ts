import { addressNumber } from '../../base/ipv4.ts';
import { firstBridgePort, instanceMetadataAddress, type BridgeEndpoint } from './driver.ts';

/** The bridge inside an instance, named as Docker's own. */
export const innerBridge = 'docker0';
/** Its address, and the block that containers in bridge mode have theirs of: the same in every instance. */
export const innerGateway = '172.17.0.1';
export const innerBlock = '172.17.0.0/16';

/**
 * The shell script that makes a network namespace an instance's, and leaves alone what is there: a bridge, and a table that
 * translates host ports to containers, for what comes from outside, from the instance itself and from its own containers.
 */
export const openScript = [
  'cd /proc/sys/net',
  'echo 1 > ipv4/ip_forward',
  // A bridge whose packets go through iptables would send what a container addresses to its own host port nowhere.
  '{ echo 0 > bridge/bridge-nf-call-iptables; } 2>/dev/null || true',
  `if ! ip link show ${innerBridge} >/dev/null 2>&1; then ip link add ${innerBridge} type bridge; fi`,
  `ip address replace ${innerGateway}/16 dev ${innerBridge}`,
  `ip link set ${innerBridge} up`,
  // Its containers' ports answer at 127.0.0.1 too.
  `echo 1 > ipv4/conf/${innerBridge}/route_localnet`,
  `echo 1 > ipv4/conf/lo/route_localnet`,
].join('\n');

const translate = 'fib daddr type local dnat ip to meta l4proto . th dport map @ports';

/** The instance's table, for `nft -f`; nothing that is there is changed. */
export const innerTable = `
add table ip stowage
add map ip stowage ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
add chain ip stowage inward { type nat hook prerouting priority dstnat; policy accept; }
add chain ip stowage local { type nat hook output priority -100; policy accept; }
add chain ip stowage outward { type nat hook postrouting priority srcnat; policy accept; }
flush chain ip stowage inward
flush chain ip stowage local
flush chain ip stowage outward
add rule ip stowage inward ${translate}
add rule ip stowage local ${translate}
add rule ip stowage outward ip daddr ${instanceMetadataAddress} ip saddr ${innerBlock} meta l4proto tcp masquerade to :${firstBridgePort}-65535
add rule ip stowage outward oifname != "${innerBridge}" ip saddr ${innerBlock} masquerade
add rule ip stowage outward oifname "${innerBridge}" ct status dnat ip saddr { 127.0.0.0/8, ${innerBlock} } masquerade
`;

/** The link to a container in the instance's namespace; one for each address. */
export function endpointLink(address: string): string {
  return `b${(addressNumber(address) ?? 0).toString(16)}`;
}

/** The `ip -batch` lines, run in the container's namespace, that make its `eth0` with the other end in the instance's (`pid`). */
export function endpointSide({ address }: BridgeEndpoint, instancePid: number, mtu: number): string[] {
  const mac = (addressNumber(address) ?? 0).toString(16).padStart(8, '0').match(/../g)?.join(':') ?? '';
  return [
    `link add eth0 address 02:42:${mac} mtu ${mtu} type veth peer name ${endpointLink(address)} mtu ${mtu} netns ${instancePid}`,
    'link set eth0 addrgenmode none',
    `address add ${address}/16 dev eth0`,
    'link set lo up',
    'link set eth0 up',
    `route replace default via ${innerGateway}`,
  ];
}

/** The lines, run in the instance's namespace, that hang the link on the bridge. */
export function bridgeSide({ address }: BridgeEndpoint): string[] {
  return [`link set ${endpointLink(address)} master ${innerBridge} up`];
}

/** The elements of the map of ports that lead to an address, in the output of `nft -j list map`. */
export function elementsOf(output: string, address: string): string[] {
  const { nftables } = JSON.parse(output) as { nftables: readonly { map?: { elem?: readonly unknown[] } }[] };
  const elements = nftables.flatMap(({ map }) => map?.elem ?? []) as readonly [Concatenation, Concatenation][];
  return elements.flatMap(([{ concat: key }, { concat: value }]) =>
    value[0] === address ? [`${key[0]} . ${key[1]}`] : [],
  );
}

interface Concatenation {
  readonly concat: readonly [string, string | number];
}

/** A port in the map of ports. */
export function portKey({ protocol, hostPort }: BridgeEndpoint['ports'][number]): string {
  return `${protocol} . ${hostPort}`;
}

/** The nftables script that opens a container's ports and closes those it had: `before` are the elements that lead to it. */
export function changePorts({ address, ports }: BridgeEndpoint, before: readonly string[]): string {
  const keys = ports.map(portKey);
  const lines = before.map((key) => `delete element ip stowage ports { ${key} }`);
  ports.forEach(({ containerPort }, index) => {
    lines.push(`add element ip stowage ports { ${keys[index] ?? ''} : ${address} . ${containerPort} }`);
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
