import type { Listener as ListenerInput, LoadBalancerDescription } from '@aws-sdk/client-elastic-load-balancing';
import type { Ctx } from '../../../aws/handlers.ts';
import { dateOf } from '../../../base/clock.ts';
import { AwsError } from '../../../base/errors.ts';
import { given } from '../../../base/given.ts';
import type { Subnet } from '../../../model/ec2/network.ts';
import { classicArn, classicGroupArn, classicGroupAttributes, classicPort } from '../../../model/elbv2/classic.ts';
import { scopeOf } from '../../../model/tags.ts';
import { releaseInterface } from '../../../store/allocate-interface.ts';
import { ensureDefaultVpc } from '../../../store/default-vpc.ts';
import type { Reader, Transaction } from '../../../store/store.ts';
import { networkInterfaces, securityGroups, subnets as subnetTable } from '../../../store/tables/ec2.ts';
import { loadBalancers, targetGroups, targetKey, targets } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { hostedZoneOf } from '../hosted-zones.ts';
import { page } from '../paging.ts';
import { allocateAddresses, readSecurityGroups, readSubnets } from '../placement.ts';
import { readTags } from '../tag-rules.ts';
import { findClassic, groupOf, isClassic, listenersOf, type Classic } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';
import { defaultHealthCheck, describeHealthCheck } from './health-check.ts';
import { describeInstances } from './instances.ts';
import { readListener } from './listener-rules.ts';
import { addListeners, describeListeners, isAsWanted, removeListener } from './listeners.ts';
import { describePolicies } from './policy-rules.ts';

/** The most of an account in a region ("Quotas for your Classic Load Balancer"). */
export const mostBalancers = 20;

/** CreateLoadBalancer, DescribeLoadBalancers and DeleteLoadBalancer. */
export function classicBalancerHandlers(deps: ServiceDeps) {
  const { store, ids, clock } = deps;
  return {
    CreateLoadBalancer(input, ctx) {
      const name = checkName(input.LoadBalancerName);
      const scheme = input.Scheme ?? 'internet-facing';
      if (scheme !== 'internet-facing' && scheme !== 'internal') {
        throw new AwsError('InvalidScheme', `The scheme '${scheme}' is not valid`);
      }
      const tags = readTags(input.Tags);
      const [first] = input.Listeners ?? [];
      if (first === undefined) throw elbErrors.validation('Listeners cannot be empty');
      return store.transact((tx) => {
        ensureDefaultVpc(tx, ids, clock.now(), ctx);
        const arn = classicArn(ctx, name);
        const placed = readPlaces(tx, ctx, input, scheme);
        const vpcId = placed[0]?.vpcId ?? '';
        const row: Classic = {
          account: ctx.account,
          region: ctx.region,
          arn,
          name,
          type: 'classic',
          classic: { groupArn: classicGroupArn(arn), policies: [], backendPolicies: {} },
          scheme,
          vpcId,
          subnets: placed.map(({ id, availabilityZone }) => ({ subnetId: id, availabilityZone })),
          securityGroups: readSecurityGroups(tx, ctx, vpcId, input.SecurityGroups ?? [], 'classic'),
          tags,
          ipAddressType: 'ipv4',
          dnsName: dnsNameOf(name, scheme, ctx.region, ids.random()),
          canonicalHostedZoneId: hostedZoneOf(ctx.region),
          state: { code: 'provisioning' },
          attributes: {},
          createdAt: clock.now(),
        };
        const existing = tx.get(loadBalancers, arn);
        if (existing !== undefined) {
          // The same request again is answered with what it made the first time.
          if (isClassic(existing) && sameSettings(tx, ctx, existing, row, input.Listeners ?? [])) {
            return { DNSName: existing.dnsName };
          }
          throw new AwsError(
            'DuplicateLoadBalancerName',
            `Load Balancer named ${name} already exists and it is configured with different parameters.`,
          );
        }
        if (tx.by(loadBalancers, 'scope', scopeOf(ctx)).filter(isClassic).length >= mostBalancers) {
          throw new AwsError('TooManyLoadBalancers', 'Exceeded quota of account for load balancers');
        }
        tx.put(loadBalancers, row);
        tx.put(targetGroups, {
          account: row.account,
          region: row.region,
          arn: row.classic.groupArn,
          name,
          targetType: 'instance',
          protocol: 'TCP',
          port: classicPort,
          vpcId,
          healthCheck: defaultHealthCheck(first.InstancePort ?? 0),
          attributes: classicGroupAttributes(0),
          tags: [],
          createdAt: clock.now(),
        });
        addListeners(tx, ctx, ids, row, input.Listeners ?? []);
        allocateAddresses(deps, tx, row, placed);
        return { DNSName: row.dnsName };
      });
    },

    DescribeLoadBalancers(input, ctx) {
      const all = store.by(loadBalancers, 'scope', scopeOf(ctx)).filter(isClassic);
      const found = input.LoadBalancerNames?.map((name) => findClassic(store, ctx, name)) ?? all;
      const { items, next } = page(found, (row) => row.name, input);
      return { LoadBalancerDescriptions: items.map((row) => describe(store, row)), ...next };
    },

    DeleteLoadBalancer(input, ctx) {
      return store.transact((tx) => {
        const row = tx.get(loadBalancers, classicArn(ctx, input.LoadBalancerName ?? ''));
        // "If the load balancer does not exist or has already been deleted, the call still succeeds."
        if (row === undefined || !isClassic(row)) return {};
        for (const listener of listenersOf(tx, row)) removeListener(tx, listener);
        const { groupArn } = row.classic;
        for (const { id, port } of tx.by(targets, 'targetGroup', groupArn))
          tx.delete(targets, targetKey(groupArn, id, port));
        tx.delete(targetGroups, groupArn);
        for (const each of tx.by(networkInterfaces, 'owner', row.arn)) releaseInterface(tx, each.id);
        tx.delete(loadBalancers, row.arn);
        return {};
      });
    },
  } satisfies ClassicHandlers;
}

/** Whether a load balancer is as a request would make it. */
function sameSettings(
  reader: Reader,
  ctx: Ctx,
  existing: Classic,
  wanted: Classic,
  inputs: readonly ListenerInput[],
): boolean {
  const settings = ({ scheme, subnets, securityGroups: groups, tags }: Classic): string =>
    JSON.stringify([
      scheme,
      subnets.map(({ subnetId }) => subnetId).toSorted(),
      groups.toSorted(),
      tags.map(({ key, value }) => `${key}=${value}`).toSorted(),
    ]);
  const own = listenersOf(reader, existing);
  return (
    settings(existing) === settings(wanted) &&
    own.length === inputs.length &&
    inputs.every((input) => {
      const listener = readListener(reader, ctx, input);
      return own.some((each) => each.port === listener.port && isAsWanted(each, listener));
    })
  );
}

function checkName(name: string | undefined): string {
  if (name === undefined || name === '') throw elbErrors.validation('LoadBalancer name cannot be empty');
  if (name.length > 32) throw elbErrors.validation('LoadBalancer name cannot be longer than 32 characters');
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw elbErrors.validation(
      'LoadBalancer name cannot contain characters that are not letters, or digits or the dash.',
    );
  }
  if (name.startsWith('-') || name.endsWith('-')) {
    throw elbErrors.validation('LoadBalancer name cannot begin or end with the dash.');
  }
  return name;
}

/** The subnets that are named, or the default ones of the zones that are. */
function readPlaces(
  tx: Transaction,
  ctx: Ctx,
  input: {
    readonly Subnets?: readonly string[] | undefined;
    readonly AvailabilityZones?: readonly string[] | undefined;
  },
  scheme: 'internet-facing' | 'internal',
): Subnet[] {
  const { Subnets = [], AvailabilityZones = [] } = input;
  if (Subnets.length > 0 && AvailabilityZones.length > 0) {
    throw elbErrors.validation('Only one of Subnets or Availability Zones may be specified');
  }
  if (Subnets.length === 0 && AvailabilityZones.length === 0) {
    throw elbErrors.validation('Either AvailabilityZones or SubnetIds must be specified');
  }
  const ids = Subnets.length > 0 ? Subnets : AvailabilityZones.map((zone) => defaultSubnetOf(tx, ctx, zone));
  return readSubnets(tx, ctx, [...new Set(ids)], { scheme, type: 'classic' });
}

/** The default subnet of a zone. */
export function defaultSubnetOf(reader: Reader, ctx: Ctx, zone: string): string {
  const found = reader
    .by(subnetTable, 'scope', scopeOf(ctx))
    .find((row) => row.defaultForAz && row.availabilityZone === zone);
  if (found === undefined)
    throw elbErrors.validation(`Invalid Availability Zone: there is no default subnet in '${zone}'`);
  return found.id;
}

function dnsNameOf(name: string, scheme: string, region: string, random: number): string {
  const digits = String(Math.floor(random * 1e10)).padStart(10, '0');
  return `${scheme === 'internal' ? 'internal-' : ''}${name}-${digits}.${region}.elb.stowage.internal`.toLowerCase();
}

function describe(reader: Reader, row: Classic): LoadBalancerDescription {
  const source = row.securityGroups[0] === undefined ? undefined : reader.get(securityGroups, row.securityGroups[0]);
  return {
    LoadBalancerName: row.name,
    DNSName: row.dnsName,
    ...(row.scheme === 'internet-facing' ? { CanonicalHostedZoneName: row.dnsName } : {}),
    CanonicalHostedZoneNameID: row.canonicalHostedZoneId,
    ListenerDescriptions: describeListeners(reader, row),
    Policies: describePolicies(row),
    BackendServerDescriptions: Object.entries(row.classic.backendPolicies).map(([port, names]) => ({
      InstancePort: Number(port),
      PolicyNames: [...names],
    })),
    AvailabilityZones: row.subnets.map(({ availabilityZone }) => availabilityZone),
    Subnets: row.subnets.map(({ subnetId }) => subnetId),
    VPCId: row.vpcId,
    Instances: describeInstances(reader, row),
    HealthCheck: describeHealthCheck(groupOf(reader, row).healthCheck),
    ...given('SourceSecurityGroup', source && { OwnerAlias: row.account, GroupName: source.name }),
    SecurityGroups: [...row.securityGroups],
    CreatedTime: dateOf(row.createdAt),
    Scheme: row.scheme,
  };
}
