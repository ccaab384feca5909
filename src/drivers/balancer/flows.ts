import type { BalancerSpec, ListenerSpec, TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { placesOf } from './names.ts';
import { forwardOf, idleSeconds, isForwarded } from './render-network.ts';

/** What arrives at one address, protocol and port of a network load balancer and keeps its client's address on its way to a target. */
export interface Flow {
  readonly address: string;
  /** By which the world knows the address. */
  readonly publicAddress?: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** After how many seconds of silence it is forgotten. */
  readonly idleSeconds: number;
  readonly shares: readonly Share[];
}

/** A target group's part of a flow. */
interface Share {
  readonly weight: number;
  readonly sticky: boolean;
  /** Those in rotation. */
  readonly targets: readonly { readonly address: string; readonly port: number }[];
}

/** "Connection idle timeout" (ELB User Guide for Network Load Balancers). */
const udpIdleSeconds = 120;

/** The groups of a listener, with their weights, if what it passes on keeps its client's address. */
function forwardedGroups(
  { targetGroups }: BalancerSpec,
  listener: ListenerSpec,
): { readonly group: TargetGroupSpec; readonly weight: number }[] {
  return forwardOf(listener).targetGroups.flatMap(({ targetGroupArn, weight }) => {
    const group = targetGroups.find((each) => each.targetGroupArn === targetGroupArn);
    return group !== undefined && isForwarded(group) ? [{ group, weight }] : [];
  });
}

/** Whether what a listener passes on keeps its client's address, and passes by the kernel. */
export function isByKernel(spec: BalancerSpec, listener: ListenerSpec): boolean {
  return forwardedGroups(spec, listener).length > 0;
}

function protocolsOf({ protocol }: ListenerSpec): readonly Flow['protocol'][] {
  if (protocol === 'TCP_UDP') return ['tcp', 'udp'];
  return protocol === 'UDP' ? ['udp'] : ['tcp'];
}

/** The flows of a network load balancer while `inRotation` are its targets in rotation, as `backend/server`. */
export function flowsOf(spec: BalancerSpec, inRotation: ReadonlySet<string>): Flow[] {
  if (spec.type !== 'network') return [];
  return spec.listeners.flatMap((listener) => {
    const groups = forwardedGroups(spec, listener);
    if (groups.length === 0) return [];
    return spec.addresses.flatMap((address) =>
      protocolsOf(listener).map((protocol): Flow => {
        const publicAddress = spec.publicAddresses?.[address];
        return {
          address,
          ...(publicAddress === undefined ? {} : { publicAddress }),
          protocol,
          port: listener.port,
          idleSeconds: protocol === 'udp' ? udpIdleSeconds : idleSeconds(listener),
          shares: groups
            .filter(({ weight }) => weight > 0)
            .map(({ group, weight }) => ({
              weight,
              sticky: group.attributes['stickiness.enabled'] === 'true',
              targets: targetsOf(group, spec.zones?.[address], inRotation),
            })),
        };
      }),
    );
  });
}

function targetsOf(
  group: TargetGroupSpec,
  zone: string | undefined,
  inRotation: ReadonlySet<string>,
): Share['targets'] {
  return group.targets
    .filter((target) => group.zones === undefined || target.zone === undefined || target.zone === zone)
    .filter((target) => placesOf(group, target).some(({ backend, server }) => inRotation.has(`${backend}/${server}`)))
    .map(({ address, port }) => ({ address, port }));
}

/** A flow whose connections end when their target is deregistered, and the targets that still are registered. */
export interface EndingFlow extends Pick<Flow, 'address' | 'publicAddress' | 'protocol' | 'port'> {
  /** As `address:port`. */
  readonly registered: ReadonlySet<string>;
}

/** The flows of groups whose connections are to end with their target ("Deregistration delay", ELB). */
export function endingFlows(spec: BalancerSpec): EndingFlow[] {
  return flowsOf(spec, new Set()).flatMap((flow) => {
    const listener = spec.listeners.find(({ port }) => port === flow.port);
    const groups = listener === undefined ? [] : forwardedGroups(spec, listener).map(({ group }) => group);
    const ends = groups.some(
      ({ attributes }) => attributes['deregistration_delay.connection_termination.enabled'] === 'true',
    );
    const registered = groups.flatMap(({ targets }) => targets.map(({ address, port }) => `${address}:${port}`));
    return ends ? [{ ...flow, registered: new Set(registered) }] : [];
  });
}

/**
 * The nftables script that makes a balancer's flows, whatever they were before, as one transaction: the first packet of a connection
 * is given to a target of a group drawn by weight, by the client's address where it is to stick, else at random; the kernel's tracking
 * of connections does the rest. What leaves by `overlayLink`, to a target on another machine, goes under the balancer's address: the
 * answer has to come back here.
 */
export function flowScript(table: string, flows: readonly Flow[], overlayLink: string | undefined): string {
  const lines = [`table ip ${table}`, `delete table ip ${table}`];
  if (flows.length === 0) return `${lines.join('\n')}\n`;
  lines.push(`table ip ${table} {`);
  const idle = new Map(
    flows.map(({ protocol, idleSeconds: seconds }) => [idleName(protocol, seconds), { protocol, seconds }]),
  );
  for (const [name, { protocol, seconds }] of idle) {
    const states = protocol === 'udp' ? `unreplied : ${seconds}, replied : ${seconds}` : `established : ${seconds}`;
    lines.push(`ct timeout ${name} {`, `protocol ${protocol}`, 'l3proto ip', `policy = { ${states} }`, '}');
  }
  const keys = flows.flatMap((flow, index) =>
    addressesOf(flow).map((address) => [keyOf(address, flow), index] as const),
  );
  lines.push(
    'map listeners {',
    'type ipv4_addr . inet_proto . inet_service : verdict',
    `elements = { ${keys.map(([key, index]) => `${key} : goto flow${index}`).join(', ')} }`,
    '}',
    'map patience {',
    'type ipv4_addr . inet_proto . inet_service : verdict',
    `elements = { ${keys.map(([key, index]) => `${key} : goto ${patienceOf(flows[index])}`).join(', ')} }`,
    '}',
  );
  for (const [name] of idle) lines.push(`chain patience-${name} {`, `ct timeout set "${name}"`, '}');
  for (const [index, flow] of flows.entries()) lines.push(...chainsOf(`flow${index}`, flow));
  lines.push(
    'chain passing {',
    'type nat hook prerouting priority dstnat - 10; policy accept;',
    'ip daddr . meta l4proto . th dport vmap @listeners',
    '}',
    'chain remembering {',
    'type filter hook prerouting priority mangle; policy accept;',
    'ct state new ip daddr . meta l4proto . th dport vmap @patience',
    '}',
  );
  if (overlayLink !== undefined) {
    const own = new Map(flows.flatMap((flow) => addressesOf(flow).map((address) => [address, flow.address])));
    const elements = Array.from(own, ([address, to]) => `${address} : ${to}`).join(', ');
    lines.push(
      'chain returning {',
      'type nat hook postrouting priority srcnat - 10; policy accept;',
      `oifname "${overlayLink}" snat to ct original ip daddr map { ${elements} }`,
      '}',
    );
  }
  lines.push('}', '');
  return lines.join('\n');
}

function idleName(protocol: Flow['protocol'], seconds: number): string {
  return `idle-${protocol}-${seconds}`;
}

function patienceOf(flow: Flow | undefined): string {
  return flow === undefined ? '' : `patience-${idleName(flow.protocol, flow.idleSeconds)}`;
}

function addressesOf({ address, publicAddress }: Pick<Flow, 'address' | 'publicAddress'>): string[] {
  return publicAddress === undefined ? [address] : [address, publicAddress];
}

function keyOf(address: string, { protocol, port }: Flow): string {
  return `${address} . ${protocol} . ${port}`;
}

/** Draws a group, and a target of it; where there is none nothing is translated, and the packet is refused here. */
function chainsOf(name: string, { shares, protocol }: Flow): string[] {
  const lines: string[] = [];
  for (const [index, { targets, sticky }] of shares.entries()) {
    const elements = targets.map(({ address, port }, number) => `${number} : ${address} . ${port}`).join(', ');
    const draw = sticky ? `jhash ip saddr mod ${targets.length} seed 0x1` : `numgen random mod ${targets.length}`;
    lines.push(`chain ${name}-${index} {`);
    if (targets.length > 0) lines.push(`meta l4proto ${protocol} dnat to ${draw} map { ${elements} }`);
    lines.push('}');
  }
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  const ranges = shares.map(({ weight }, index) => {
    below += weight;
    return `${below - weight}-${below - 1} : goto ${name}-${index}`;
  });
  lines.push(`chain ${name} {`);
  if (shares.length === 1) lines.push(`goto ${name}-0`);
  if (shares.length > 1) lines.push(`numgen random mod ${total} vmap { ${ranges.join(', ')} }`);
  lines.push('}');
  return lines;
}
