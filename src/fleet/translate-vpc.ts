import { given } from '../base/given.ts';
import { preservesClients } from '../model/elbv2/attributes-of.ts';
import { gatewayOf, parseCidr, publicDnsNameOf } from '../model/ec2/addresses.ts';
import type { NatGateway, NetworkInterface, Route, RouteTable, SecurityGroupRule, Vpc } from '../model/ec2/network.ts';
import { namedInterfaces } from '../store/balancer-addresses.ts';
import type { Reader } from '../store/store.ts';
import {
  instances,
  internetGateways,
  natGateways,
  networkInterfaces,
  routeTables,
  securityGroupRules,
  securityGroups,
  subnets,
  vpcs,
} from '../store/tables/ec2.ts';
import { containerInstances, tasks } from '../store/tables/ecs.ts';
import { listeners, loadBalancers, rules, targetGroups, targetGroupsOf } from '../store/tables/elbv2.ts';
import type { InterfaceSpec, SecurityRuleSpec, VpcSpec } from '../wire/network-spec.ts';
import { answersTasks } from './translate-instance.ts';

type RouteTarget = VpcSpec['routeTables'][number]['routes'][number]['target'];

/** The whole state of a VPC as a machine is told it; `undefined` when there is no such VPC. */
export function translateVpc(store: Reader, vpcId: string): VpcSpec | undefined {
  const vpc = store.get(vpcs, vpcId);
  if (vpc === undefined) return undefined;
  const tables = store.by(routeTables, 'vpc', vpcId);
  return {
    vpcId,
    cidr: vpc.cidr,
    subnets: store.by(subnets, 'vpc', vpcId).map((subnet) => ({
      subnetId: subnet.id,
      cidr: subnet.cidr,
      gateway: gatewayIn(subnet.cidr),
      routeTableId: routeTableOf(tables, subnet.id),
      availabilityZone: subnet.availabilityZone,
    })),
    routeTables: tables.map(({ id, routes }) => ({
      routeTableId: id,
      routes: routes.map(({ destinationCidr, target }) => ({
        destinationCidr,
        target: targetOf(store, vpcId, target),
      })),
    })),
    internetGateway: store.countBy(internetGateways, 'vpc', vpcId) > 0,
    natGateways: store
      .by(natGateways, 'vpc', vpcId)
      .flatMap((nat) =>
        serves(nat) && nat.publicIp !== undefined
          ? [{ id: nat.id, privateIp: nat.privateIp, publicIp: nat.publicIp }]
          : [],
      ),
    securityGroups: store.by(securityGroups, 'vpc', vpcId).map(({ id }) => {
      const rules = store.by(securityGroupRules, 'group', id);
      return { groupId: id, ingress: rulesOf(rules, 'ingress'), egress: rulesOf(rules, 'egress') };
    }),
    interfaces: store.by(networkInterfaces, 'vpc', vpcId).flatMap((row) => interfaceOf(store, row) ?? []),
    hosts: { ...balancersOf(store, vpcId), ...publicNamesOf(store, vpc) },
  };
}

/** An internet gateway that is not attached here leads nowhere, even where another one is attached by now. */
function targetOf(store: Reader, vpcId: string, target: Route['target']): RouteTarget {
  if (target.kind !== 'internet-gateway') return target;
  const attached = store.get(internetGateways, target.id)?.vpcId === vpcId;
  return { kind: attached ? 'internet-gateway' : 'blackhole' };
}

function gatewayIn(cidr: string): string {
  const block = parseCidr(cidr);
  return block === undefined ? '' : gatewayOf(block);
}

/** A subnet uses the table associated with it, or else the VPC's main one ("Route tables", Amazon VPC User Guide). */
function routeTableOf(tables: readonly RouteTable[], subnetId: string): string {
  const explicit = tables.find(({ associations }) => associations.some((one) => one.subnetId === subnetId));
  const main = tables.find(({ associations }) => associations.some((one) => one.main));
  return (explicit ?? main)?.id ?? '';
}

/** Rules whose peer is IPv4 or a group; the others (IPv6, prefix lists) match nothing in an IPv4 network. */
function rulesOf(rules: readonly SecurityGroupRule[], direction: 'ingress' | 'egress'): SecurityRuleSpec[] {
  return rules.flatMap(
    ({ direction: of, protocol, fromPort, toPort, cidrIpv4, referencedGroupId }): SecurityRuleSpec[] => {
      if (of !== direction) return [];
      if (cidrIpv4 !== undefined) return [{ protocol, fromPort, toPort, peer: { cidr: cidrIpv4 } }];
      if (referencedGroupId !== undefined)
        return [{ protocol, fromPort, toPort, peer: { groupId: referencedGroupId } }];
      return [];
    },
  );
}

function serves(nat: NatGateway | undefined): boolean {
  return nat?.state === 'available';
}

/**
 * What hangs in the network. Interfaces that nothing is attached to are an address and nothing more, and so are those of
 * NAT gateways that do not serve: no group protects them.
 */
function interfaceOf(store: Reader, row: NetworkInterface): InterfaceSpec | undefined {
  const { owner } = row;
  if (owner.kind === 'user') return undefined;
  if (owner.kind === 'nat-gateway' && !serves(store.get(natGateways, owner.id))) return undefined;
  return {
    interfaceId: row.id,
    kind: owner.kind === 'task' || owner.kind === 'instance' ? 'task' : 'router',
    subnetId: row.subnetId,
    privateIp: row.privateIp,
    macAddress: row.macAddress,
    groups: row.groups,
    ...(row.publicIp === undefined ? {} : { publicIp: row.publicIp }),
    ...given('flows', flowsOf(store, row)),
    ...(reachesInstanceMetadata(store, row) ? { instanceMetadata: true as const } : {}),
  };
}

/** What a network load balancer passes on as it is, at each of its addresses. */
function flowsOf(store: Reader, { owner }: NetworkInterface): InterfaceSpec['flows'] {
  if (owner.kind !== 'load-balancer' || store.get(loadBalancers, owner.arn)?.type !== 'network') return undefined;
  const flows = store.by(listeners, 'loadBalancer', owner.arn).flatMap(({ arn, protocol, port }) => {
    const groups = store.by(rules, 'listener', arn).flatMap(({ actions }) => targetGroupsOf(actions));
    if (!groups.some((each) => preservesClients(store.get(targetGroups, each)))) return [];
    const protocols = { TCP_UDP: ['tcp', 'udp'], UDP: ['udp'] } as const;
    return (protocol === 'TCP_UDP' || protocol === 'UDP' ? protocols[protocol] : (['tcp'] as const)).map((each) => ({
      protocol: each,
      port,
    }));
  });
  return flows.length === 0
    ? undefined
    : flows.toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** Instances, and tasks on them that have an interface of their own, unless their agent blocks that. */
function reachesInstanceMetadata(store: Reader, { owner }: NetworkInterface): boolean {
  if (owner.kind === 'instance') return true;
  if (owner.kind !== 'task') return false;
  const registered = store.get(tasks, owner.arn)?.containerInstanceArn;
  const hostId = registered === undefined ? undefined : store.get(containerInstances, registered)?.ec2InstanceId;
  const host = hostId === undefined ? undefined : store.get(instances, hostId);
  return host !== undefined && answersTasks(host);
}

/** Load balancers by name: those of this VPC at their private addresses, internet-facing ones elsewhere at their public. */
function balancersOf(store: Reader, vpcId: string): Record<string, string[]> {
  const hosts: Record<string, string[]> = {};
  for (const balancer of store.list(loadBalancers)) {
    const here = balancer.vpcId === vpcId;
    if (!here && balancer.scheme === 'internal') continue;
    const addresses = namedInterfaces(store, balancer).flatMap((row) => (here ? row.privateIp : (row.publicIp ?? [])));
    if (addresses.length > 0) hosts[balancer.dnsName.toLowerCase()] = addresses;
  }
  return hosts;
}

/** The names of a VPC's public addresses, which lead to the private ones inside of it ("DNS attributes for your VPC", VPC User Guide). */
function publicNamesOf(store: Reader, vpc: Vpc): Record<string, string[]> {
  if (!vpc.enableDnsHostnames) return {};
  return Object.fromEntries(
    store
      .by(networkInterfaces, 'vpc', vpc.id)
      .flatMap(({ publicIp, privateIp, region }) =>
        publicIp === undefined ? [] : [[publicDnsNameOf(publicIp, region), [privateIp]]],
      ),
  );
}
