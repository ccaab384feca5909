import type { Ctx } from '../../../aws/handlers.ts';
import type { BalancerSubnet } from '../../../model/elbv2/load-balancing.ts';
import { releaseInterface } from '../../../store/allocate-interface.ts';
import type { Transaction } from '../../../store/store.ts';
import { networkInterfaces } from '../../../store/tables/ec2.ts';
import { loadBalancers } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { allocateAddresses, readSecurityGroups, readSubnets } from '../placement.ts';
import { findClassic, type Classic } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';
import { defaultSubnetOf } from './load-balancers.ts';

function subnetsOf({ subnets }: Classic): string[] {
  return subnets.map(({ subnetId }) => subnetId);
}

function zonesOf({ subnets }: Classic): string[] {
  return subnets.map(({ availabilityZone }) => availabilityZone);
}

/** The operations on where a load balancer is, and who protects it. */
export function classicNetworkHandlers(deps: ServiceDeps) {
  const { store } = deps;
  /** Gives it exactly these subnets; others lose their interface. */
  const place = (tx: Transaction, ctx: Ctx, row: Classic, ids: readonly string[]): Classic => {
    const wanted = readSubnets(tx, ctx, [...new Set(ids)], row);
    if (wanted[0]?.vpcId !== row.vpcId) {
      throw elbErrors.configuration(`The subnets must belong to the load balancer's VPC '${row.vpcId}'`);
    }
    const held = tx.by(networkInterfaces, 'owner', row.arn);
    for (const each of held) if (!wanted.some(({ id }) => id === each.subnetId)) releaseInterface(tx, each.id);
    const subnets: BalancerSubnet[] = wanted.map(({ id, availabilityZone }) => ({ subnetId: id, availabilityZone }));
    const next: Classic = { ...row, subnets };
    tx.put(loadBalancers, next);
    allocateAddresses(
      deps,
      tx,
      next,
      wanted.filter(({ id }) => !held.some((each) => each.subnetId === id)),
    );
    return next;
  };
  const change = (
    ctx: Ctx,
    name: string | undefined,
    next: (tx: Transaction, row: Classic, ids: readonly string[]) => readonly string[],
  ): Classic =>
    store.transact((tx) => {
      const row = findClassic(tx, ctx, name);
      return place(tx, ctx, row, next(tx, row, subnetsOf(row)));
    });
  return {
    AttachLoadBalancerToSubnets: (input, ctx) => ({
      Subnets: subnetsOf(change(ctx, input.LoadBalancerName, (_, __, ids) => [...ids, ...(input.Subnets ?? [])])),
    }),

    DetachLoadBalancerFromSubnets: (input, ctx) => ({
      Subnets: subnetsOf(
        change(ctx, input.LoadBalancerName, (_, __, ids) => ids.filter((id) => input.Subnets?.includes(id) !== true)),
      ),
    }),

    EnableAvailabilityZonesForLoadBalancer: (input, ctx) => ({
      AvailabilityZones: zonesOf(
        change(ctx, input.LoadBalancerName, (tx, row, ids) => [
          ...ids,
          ...(input.AvailabilityZones ?? [])
            .filter((zone) => !zonesOf(row).includes(zone))
            .map((zone) => defaultSubnetOf(tx, ctx, zone)),
        ]),
      ),
    }),

    DisableAvailabilityZonesForLoadBalancer: (input, ctx) => ({
      AvailabilityZones: zonesOf(
        change(ctx, input.LoadBalancerName, (_, row) =>
          row.subnets
            .filter(({ availabilityZone }) => input.AvailabilityZones?.includes(availabilityZone) !== true)
            .map(({ subnetId }) => subnetId),
        ),
      ),
    }),

    ApplySecurityGroupsToLoadBalancer(input, ctx) {
      return store.transact((tx) => {
        const row = findClassic(tx, ctx, input.LoadBalancerName);
        const groups = readSecurityGroups(tx, ctx, row.vpcId, input.SecurityGroups ?? [], row.type);
        for (const each of tx.by(networkInterfaces, 'owner', row.arn)) tx.put(networkInterfaces, { ...each, groups });
        tx.put(loadBalancers, { ...row, securityGroups: groups });
        return { SecurityGroups: groups };
      });
    },
  } satisfies ClassicHandlers;
}
