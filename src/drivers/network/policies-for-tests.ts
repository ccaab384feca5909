import * as fc from 'fast-check';
import type { InterfaceSpec, SecurityGroupSpec, SecurityRuleSpec, VpcSpec } from '../../wire/network-spec.ts';
import type { Packet } from './policy.ts';
import { balancer, rule, task, vpc } from './spec-for-tests.ts';
import { worldAddress } from './world-for-tests.ts';

const out = '100.127.64';
const hostAddress = '100.127.79.255';
const groupIds = ['sg-0', 'sg-1', 'sg-2'];

const ruleOf: fc.Arbitrary<SecurityRuleSpec> = fc
  .tuple(
    fc.constantFrom('tcp', '6', 'udp', '-1', 'icmp'),
    fc.constantFrom<(readonly [number, number])[]>([80, 80], [80, 81], [81, 90], [-1, -1], [0, 65_535]),
    fc.constantFrom(...groupIds, '0.0.0.0/0', '10.0.1.0/24', '10.0.2.10/32', `${out}.0/24`, `${hostAddress}/32`),
  )
  .map(([protocol, ports, peer]) => rule(protocol, protocol === 'icmp' || protocol === '-1' ? -1 : ports, peer));
const mostlyAll = fc.oneof(
  { weight: 3, arbitrary: fc.constant([rule('-1', -1, '0.0.0.0/0')]) },
  { weight: 2, arbitrary: fc.array(ruleOf, { maxLength: 2 }) },
);
const groupsOf: fc.Arbitrary<SecurityGroupSpec[]> = fc
  .tuple(...groupIds.map(() => fc.tuple(fc.array(ruleOf, { maxLength: 3 }), mostlyAll)))
  .map((parts) => parts.map(([ingress, egress], index) => ({ groupId: `sg-${index}`, ingress, egress })));
const places: readonly ((groups: readonly string[], publicIp?: string) => InterfaceSpec)[] = [
  (groups, publicIp) => task('a', '10.0.1.10', groups, publicIp),
  (groups, publicIp) => task('b', '10.0.2.10', groups, publicIp),
  (groups, publicIp) => task('c', '10.0.3.10', groups, publicIp),
  (groups, publicIp) => balancer('lb', '10.0.1.20', groups, publicIp),
];
const interfacesOf: fc.Arbitrary<InterfaceSpec[]> = fc
  .tuple(...places.map(() => fc.tuple(fc.subarray(groupIds), fc.boolean())))
  .map((parts) =>
    parts.flatMap(([groups, open], index) => places[index]?.(groups, open ? `${out}.${index + 1}` : undefined) ?? []),
  );
/** Any VPC of three tasks, a balancer and a NAT gateway. */
export const vpcOf: fc.Arbitrary<VpcSpec> = fc
  .tuple(
    groupsOf,
    interfacesOf,
    fc.constantFrom('nothing', 'nat', 'internet'),
    fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  )
  .map(([securityGroups, interfaces, privateTo, internetGateway]) => {
    const target =
      privateTo === 'nat' ? { kind: 'nat-gateway' as const, id: 'nat-1' } : { kind: 'internet-gateway' as const };
    const routes = privateTo === 'nothing' ? [] : [{ destinationCidr: '0.0.0.0/0', target }];
    return vpc('vpc-a', {
      securityGroups,
      interfaces: [...interfaces, balancer('nat', '10.0.1.9', [], `${out}.9`)],
      natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp: `${out}.9` }],
      internetGateway,
      routeTables: [...vpc('v').routeTables.slice(0, 1), { routeTableId: 'rtb-private', routes }],
    });
  });
const addresses = ['10.0.1.10', '10.0.2.10', '10.0.3.10', '10.0.1.20'];
/** Any packet in it, out of it, or from the host. */
export const packetOf: fc.Arbitrary<Packet> = fc
  .record({
    sender: fc.constantFrom(...addresses, 'host'),
    to: fc.constantFrom(...addresses, ...[1, 2, 3, 4, 9].map((last) => `${out}.${last}`), worldAddress),
    protocol: fc.constantFrom('tcp' as const, 'tcp' as const, 'udp' as const),
    port: fc.constantFrom(80, 81),
  })
  .filter(({ sender, to }) => sender !== to && !(sender === 'host' && to === worldAddress))
  .map(({ sender, ...packet }) => ({
    from: sender === 'host' ? { outside: hostAddress } : { vpcId: 'vpc-a', address: sender },
    ...packet,
  }));
