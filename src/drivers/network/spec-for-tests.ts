import type { InterfaceSpec, SecurityGroupSpec, SecurityRuleSpec, VpcSpec } from '../../wire/network-spec.ts';

/** A rule that allows `protocol` on a port, or on all, from or to a block (`/` in it) or a group. */
export function rule(protocol: string, port: number | readonly [number, number], peer: string): SecurityRuleSpec {
  const [fromPort, toPort] = typeof port === 'number' ? [port, port] : port;
  return { protocol, fromPort, toPort, peer: peer.includes('/') ? { cidr: peer } : { groupId: peer } };
}

/** What a new group allows to be sent. */
export const anywhere = rule('-1', -1, '0.0.0.0/0');

/** A group that lets everything out and in what its rules say. */
export function group(groupId: string, ...ingress: readonly SecurityRuleSpec[]): SecurityGroupSpec {
  return { groupId, ingress, egress: [anywhere] };
}

/** An interface in the subnet whose number is the third part of its address. */
export function task(name: string, privateIp: string, groups: readonly string[], publicIp?: string): InterfaceSpec {
  const [, , third = '0', fourth = '0'] = privateIp.split('.');
  const hex = (part: string): string => Number(part).toString(16).padStart(2, '0');
  return {
    interfaceId: `eni-${name}`,
    kind: 'task',
    subnetId: `subnet-${third}`,
    privateIp,
    macAddress: `02:00:00:00:${hex(third)}:${hex(fourth)}`,
    groups,
    ...(publicIp === undefined ? {} : { publicIp }),
  };
}

/** An address on the router, a balancer's. */
export function balancer(name: string, privateIp: string, groups: readonly string[], publicIp?: string): InterfaceSpec {
  return { ...task(name, privateIp, groups, publicIp), kind: 'router' };
}

/** A VPC 10.0.0.0/16 with the public subnets 1 and 2 and the private subnet 3, which leads nowhere else. */
export function vpc(vpcId: string, parts: Partial<VpcSpec> = {}): VpcSpec {
  const subnet = (number: number, routeTableId: string): VpcSpec['subnets'][number] => ({
    subnetId: `subnet-${number}`,
    cidr: `10.0.${number}.0/24`,
    gateway: `10.0.${number}.1`,
    routeTableId,
  });
  return {
    vpcId,
    cidr: '10.0.0.0/16',
    subnets: [subnet(1, 'rtb-public'), subnet(2, 'rtb-public'), subnet(3, 'rtb-private')],
    routeTables: [
      {
        routeTableId: 'rtb-public',
        routes: [{ destinationCidr: '0.0.0.0/0', target: { kind: 'internet-gateway' } }],
      },
      { routeTableId: 'rtb-private', routes: [] },
    ],
    internetGateway: true,
    natGateways: [],
    securityGroups: [],
    interfaces: [],
    hosts: {},
    ...parts,
  };
}

/** Two machines: `a` has gateways and balancers. */
export const twoMachines = {
  a: { underlay: '203.0.113.1', hostAddress: '100.127.79.255' },
  b: { underlay: '203.0.114.1', hostAddress: '100.127.79.200' },
} as const;

/** What the two machines are told of a VPC of which `b` has the interfaces named, and `a` all others. */
export function across(spec: VpcSpec, onB: readonly string[], vni = 7): { readonly a: VpcSpec; readonly b: VpcSpec } {
  const { a, b } = twoMachines;
  const told = (here: 'a' | 'b'): VpcSpec => ({
    ...spec,
    overlay: {
      vni,
      port: 21_000,
      here: here === 'a' ? a : b,
      machines: [here === 'a' ? b : a],
      ...(here === 'a' ? {} : { gateway: a.underlay }),
    },
    interfaces: spec.interfaces.map((each) => {
      const at = onB.includes(each.interfaceId) ? 'b' : 'a';
      return at === here ? each : { ...each, machine: twoMachines[at].underlay };
    }),
  });
  return { a: told('a'), b: told('b') };
}
