import type { LoadBalancer as LoadBalancerOutput } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ctx } from '../../aws/handlers.ts';
import { arn as formatArn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import { withDefaults } from '../../model/elbv2/attributes.ts';
import { attributesOfBalancer } from '../../model/elbv2/attributes-of.ts';
import type { BalancerSubnet, LoadBalancer, LoadBalancerV2 } from '../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../model/tags.ts';
import { releaseInterface } from '../../store/allocate-interface.ts';
import { ensureDefaultVpc } from '../../store/default-vpc.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { addresses, networkInterfaces } from '../../store/tables/ec2.ts';
import { listeners, loadBalancers, rules } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { changeAttributes, describeAttributes } from './attributes.ts';
import { elbErrors, notSupported } from './errors.ts';
import { checkArn, findLoadBalancer, ownLoadBalancers } from './find.ts';
import type { ElbHandlers } from './handler-types.ts';
import { hostedZoneOf } from './hosted-zones.ts';
import { limits } from './limits.ts';
import { checkLogBucket } from './log-bucket-rules.ts';
import { checkName } from './names.ts';
import { isTarget } from './network-listener-rules.ts';
import { page } from './paging.ts';
import { allocateAddresses, readSecurityGroups, readSubnets, wantedSubnets } from './placement.ts';
import { readStaticAddresses, type StaticAddresses } from './static-addresses.ts';
import { readTags } from './tag-rules.ts';

type Input<Name extends keyof ElbHandlers> = Parameters<NonNullable<ElbHandlers[Name]>>[0];

/** The operations on application and network load balancers. */
export function loadBalancerHandlers(deps: ServiceDeps) {
  const { store } = deps;
  const change = (
    arn: string | undefined,
    ctx: Ctx,
    next: (tx: Transaction, row: LoadBalancer) => LoadBalancer,
  ): LoadBalancer =>
    store.transact((tx) => {
      const row = next(tx, findLoadBalancer(tx, ctx, arn));
      tx.put(loadBalancers, row);
      return row;
    });

  return {
    CreateLoadBalancer: (input, ctx) => ({ LoadBalancers: [describe(store, create(deps, input, ctx))] }),

    DescribeLoadBalancers(input, ctx) {
      const { LoadBalancerArns: arns, Names: names } = input;
      if (arns !== undefined && names !== undefined) {
        throw elbErrors.validation('Load balancer names and load balancer ARNs cannot be specified at the same time');
      }
      for (const arn of arns ?? []) checkArn(arn, 'load balancer');
      const all = ownLoadBalancers(store, ctx);
      const wanted = arns ?? names;
      const keyOf = (row: LoadBalancer): string => (arns === undefined ? row.name : row.arn);
      const missing = wanted?.filter((each) => !all.some((row) => keyOf(row) === each)) ?? [];
      if (missing.length > 0) {
        throw new AwsError('LoadBalancerNotFound', `Load balancers '[${missing.join(', ')}]' not found`);
      }
      const found = wanted === undefined ? all : all.filter((row) => wanted.includes(keyOf(row)));
      const { items, next } = page(found, (row) => row.arn, input);
      return { LoadBalancers: items.map((row) => describe(store, row)), ...next };
    },

    DeleteLoadBalancer(input, ctx) {
      const arn = checkArn(input.LoadBalancerArn, 'load balancer');
      return store.transact((tx) => {
        const row = tx.get(loadBalancers, arn);
        // "If the load balancer does not exist or has already been deleted, the call succeeds."
        if (row === undefined || scopeOf(row) !== scopeOf(ctx)) return {};
        if (attributesOf(row)['deletion_protection.enabled'] === 'true') {
          throw elbErrors.notPermitted(
            `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
          );
        }
        if (isTarget(tx, arn)) {
          throw elbErrors.inUse(`Load balancer '${arn}' is registered as a target of a target group`);
        }
        for (const listener of tx.by(listeners, 'loadBalancer', arn)) {
          for (const rule of tx.by(rules, 'listener', listener.arn)) tx.delete(rules, rule.arn);
          tx.delete(listeners, listener.arn);
        }
        for (const each of tx.by(networkInterfaces, 'owner', arn)) releaseInterface(tx, each.id);
        tx.delete(loadBalancers, arn);
        return {};
      });
    },

    SetSecurityGroups(input, ctx) {
      const { type, securityGroups } = findLoadBalancer(store, ctx, input.LoadBalancerArn);
      if (input.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic !== undefined) {
        if (type === 'network') throw notSupported('EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic');
        throw elbErrors.configuration(
          'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic can only be set for load balancers of type network',
        );
      }
      if (type === 'network' && securityGroups.length === 0) {
        throw elbErrors.configuration(
          'You cannot set security groups on a Network Load Balancer that was created without security groups',
        );
      }
      if (type === 'network' && (input.SecurityGroups ?? []).length === 0) {
        throw elbErrors.configuration('At least one security group must be specified');
      }
      const row = change(input.LoadBalancerArn, ctx, (tx, before) => {
        const groups = readSecurityGroups(tx, ctx, before.vpcId, input.SecurityGroups ?? [], before.type);
        for (const each of tx.by(networkInterfaces, 'owner', before.arn))
          tx.put(networkInterfaces, { ...each, groups });
        return { ...before, securityGroups: groups };
      });
      return { SecurityGroupIds: [...row.securityGroups] };
    },

    SetSubnets(input, ctx) {
      checkAddressType(input.IpAddressType);
      if (input.EnablePrefixForIpv6SourceNat === 'on') throw notSupported('EnablePrefixForIpv6SourceNat');
      const row = change(input.LoadBalancerArn, ctx, (tx, before) => {
        const subnets = readSubnets(tx, ctx, wantedSubnets(input, before.type), before);
        const chosen = readStaticAddresses(before.type === 'network' ? input.SubnetMappings : [], before.scheme);
        if (subnets[0]?.vpcId !== before.vpcId) {
          throw elbErrors.configuration(`The subnets must belong to the load balancer's VPC '${before.vpcId}'`);
        }
        const keep = new Set(subnets.map((subnet) => subnet.id));
        const held = tx.by(networkInterfaces, 'owner', before.arn);
        for (const each of held) if (!keep.has(each.subnetId)) releaseInterface(tx, each.id);
        const added = subnets.filter((subnet) => !held.some((each) => each.subnetId === subnet.id));
        // The address of a subnet that stays is the one it has.
        const next = subnets.map(
          (subnet) => before.subnets.find(({ subnetId }) => subnetId === subnet.id) ?? zoneOf(subnet, chosen),
        );
        const row = { ...before, subnets: next };
        allocateAddresses(deps, tx, row, added);
        return row;
      });
      return { AvailabilityZones: zonesOf(store, row), IpAddressType: row.ipAddressType };
    },

    SetIpAddressType(input, ctx) {
      const { ipAddressType } = findLoadBalancer(store, ctx, input.LoadBalancerArn);
      checkAddressType(input.IpAddressType);
      return { IpAddressType: ipAddressType };
    },

    DescribeLoadBalancerAttributes(input, ctx) {
      const row = findLoadBalancer(store, ctx, input.LoadBalancerArn);
      return { Attributes: describeAttributes(attributesOfBalancer(row), row.attributes) };
    },

    ModifyLoadBalancerAttributes(input, ctx) {
      const row = change(input.LoadBalancerArn, ctx, (tx, before) => {
        const changes = input.Attributes ?? [];
        const attributes = changeAttributes(attributesOfBalancer(before), before.attributes, changes, 'Load balancer');
        checkLogBucket(tx, before, attributes, changes);
        return { ...before, attributes };
      });
      return { Attributes: describeAttributes(attributesOfBalancer(row), row.attributes) };
    },

    // No capacity is ever reserved: the balancer has what its machine has.
    DescribeCapacityReservation(input, ctx) {
      findLoadBalancer(store, ctx, input.LoadBalancerArn);
      return { CapacityReservationState: [] };
    },
  } satisfies ElbHandlers;
}

function create(deps: ServiceDeps, input: Input<'CreateLoadBalancer'>, ctx: Ctx): LoadBalancerV2 {
  const name = checkName(input.Name, 'Load balancer');
  const type = input.Type ?? 'application';
  if (type !== 'application' && type !== 'network') throw notSupported(`A load balancer of type '${type}'`);
  checkAddressType(input.IpAddressType);
  if (input.CustomerOwnedIpv4Pool !== undefined) throw notSupported('CustomerOwnedIpv4Pool');
  if (input.IpamPools !== undefined) throw notSupported('IpamPools');
  if (input.EnablePrefixForIpv6SourceNat === 'on') throw notSupported('EnablePrefixForIpv6SourceNat');
  const scheme = input.Scheme ?? 'internet-facing';
  if (scheme !== 'internet-facing' && scheme !== 'internal') {
    throw new AwsError('InvalidScheme', `The scheme '${String(scheme)}' is not valid`);
  }
  const chosen = readStaticAddresses(type === 'network' ? input.SubnetMappings : [], scheme);
  const tags = readTags(input.Tags);
  const { store, ids, clock } = deps;
  return store.transact((tx) => {
    ensureDefaultVpc(tx, ids, clock.now(), ctx);
    const own = ownLoadBalancers(tx, ctx);
    const subnets = readSubnets(tx, ctx, wantedSubnets(input, type), { scheme, type });
    const vpcId = subnets[0]?.vpcId ?? '';
    const securityGroups = readSecurityGroups(tx, ctx, vpcId, input.SecurityGroups ?? [], type);
    const zones = subnets.map((subnet) => zoneOf(subnet, chosen));
    const wanted = { name, type, scheme, vpcId, subnets: zones, securityGroups, tags } as const;
    const existing = own.find((row) => row.name === name);
    if (existing !== undefined) {
      // The same request again is answered with what it made the first time.
      if (sameSettings(existing, wanted)) return existing;
      throw new AwsError(
        'DuplicateLoadBalancerName',
        `A load balancer with the same name '${name}' exists, but with different settings`,
      );
    }
    if (own.filter((row) => row.type === type).length >= limits[`${type}-load-balancers`]) {
      throw new AwsError('TooManyLoadBalancers', 'The quota of load balancers for this account has been reached');
    }
    const id = ids.hex(16);
    const row: LoadBalancerV2 = {
      account: ctx.account,
      region: ctx.region,
      arn: formatArn(
        'elasticloadbalancing',
        ctx.region,
        ctx.account,
        `loadbalancer/${type === 'network' ? 'net' : 'app'}/${name}/${id}`,
      ),
      ...wanted,
      ipAddressType: 'ipv4',
      dnsName: type === 'network' ? networkNameOf(name, id, ctx.region) : dnsNameOf(ids, name, scheme, ctx.region),
      canonicalHostedZoneId: hostedZoneOf(ctx.region, type),
      state: { code: 'provisioning' },
      attributes: {},
      createdAt: clock.now(),
    };
    tx.put(loadBalancers, row);
    allocateAddresses(deps, tx, row, subnets);
    return row;
  });
}

function dnsNameOf(ids: Ids, name: string, scheme: LoadBalancer['scheme'], region: string): string {
  const digits = String(Math.floor(ids.random() * 1e10)).padStart(10, '0');
  return `${scheme === 'internal' ? 'internal-' : ''}${name}-${digits}.${region}.elb.stowage.internal`.toLowerCase();
}

/** A network load balancer's name carries the end of its ARN. */
function networkNameOf(name: string, id: string, region: string): string {
  return `${name}-${id}.elb.${region}.stowage.internal`.toLowerCase();
}

function sameSettings(existing: LoadBalancer, wanted: Partial<LoadBalancer>): boolean {
  const sorted = (row: Partial<LoadBalancer>): string =>
    JSON.stringify([
      row.type,
      row.scheme,
      row.subnets?.map(({ subnetId, allocationId, privateIp }) => [subnetId, allocationId, privateIp]).toSorted(),
      row.securityGroups?.toSorted(),
      row.tags?.map(({ key, value }) => [key, value]).toSorted(),
    ]);
  return sorted(existing) === sorted(wanted);
}

function checkAddressType(type: string | undefined): void {
  if (type !== undefined && type !== 'ipv4')
    throw elbErrors.configuration(`IP address type '${type}' is not supported`);
}

function attributesOf(row: LoadBalancer): Record<string, string> {
  return withDefaults(attributesOfBalancer(row), row.attributes);
}

function zoneOf(
  subnet: { readonly id: string; readonly availabilityZone: string },
  chosen: StaticAddresses,
): BalancerSubnet {
  return { subnetId: subnet.id, availabilityZone: subnet.availabilityZone, ...chosen.get(subnet.id) };
}

function zonesOf(reader: Reader, row: LoadBalancer): NonNullable<LoadBalancerOutput['AvailabilityZones']> {
  return row.subnets.map(({ subnetId, availabilityZone, allocationId, privateIp }) => ({
    ZoneName: availabilityZone,
    SubnetId: subnetId,
    LoadBalancerAddresses: [
      ...(allocationId === undefined
        ? []
        : [{ AllocationId: allocationId, ...given('IpAddress', reader.get(addresses, allocationId)?.publicIp) }]),
      ...(privateIp === undefined ? [] : [{ PrivateIPv4Address: privateIp }]),
    ],
  }));
}

function describe(reader: Reader, row: LoadBalancerV2): LoadBalancerOutput {
  return {
    LoadBalancerArn: row.arn,
    DNSName: row.dnsName,
    CanonicalHostedZoneId: row.canonicalHostedZoneId,
    CreatedTime: dateOf(row.createdAt),
    LoadBalancerName: row.name,
    Scheme: row.scheme,
    VpcId: row.vpcId,
    State: { Code: row.state.code, ...(row.state.reason === undefined ? {} : { Reason: row.state.reason }) },
    Type: row.type,
    AvailabilityZones: zonesOf(reader, row),
    SecurityGroups: [...row.securityGroups],
    IpAddressType: row.ipAddressType,
  };
}
