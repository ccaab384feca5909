import { attributesOfGroup, isZonal } from '../model/elbv2/attributes-of.ts';
import { withDefaults } from '../model/elbv2/attributes.ts';
import type { NetworkInterface } from '../model/ec2/network.ts';
import type { LoadBalancer, Target, TargetGroup } from '../model/elbv2/load-balancing.ts';
import type { Reader } from './store.ts';
import { instances, networkInterfaces } from './tables/ec2.ts';
import { listeners, rules, targetGroups, targetGroupsOf, targets } from './tables/elbv2.ts';

/**
 * The interfaces that a load balancer's name leads to ("Load balancer zonal health", ELB User Guide for Network Load Balancers; Classic ones do the same): where
 * traffic stays in its zone those of zones in which each target group has a healthy target, and all where no zone is such a one.
 */
export function namedInterfaces(reader: Reader, balancer: LoadBalancer): readonly NetworkInterface[] {
  const all = reader.by(networkInterfaces, 'owner', balancer.arn);
  if (balancer.type === 'application') return all;
  const groups = new Set(
    reader
      .by(listeners, 'loadBalancer', balancer.arn)
      .flatMap(({ arn }) => reader.by(rules, 'listener', arn).flatMap(({ actions }) => targetGroupsOf(actions))),
  );
  const zonal = [...groups].flatMap((arn) => {
    const group = reader.get(targetGroups, arn);
    return group !== undefined && isZonal(balancer, group) && failsOver(group) ? [group] : [];
  });
  const healthy = zonal.map((group) => healthyZones(reader, group));
  const named = all.filter(({ availabilityZone }) => healthy.every((zones) => zones(availabilityZone)));
  return named.length === 0 ? all : named;
}

function failsOver(group: TargetGroup): boolean {
  const attributes = withDefaults(attributesOfGroup(group), group.attributes);
  return attributes['target_group_health.dns_failover.minimum_healthy_targets.count'] !== 'off';
}

/** Whether a zone has a healthy target of the group; one without a zone serves all. */
function healthyZones(reader: Reader, group: TargetGroup): (zone: string) => boolean {
  const zones = reader
    .by(targets, 'targetGroup', group.arn)
    .filter(({ health, drainingSince }) => drainingSince === undefined && health.state === 'healthy')
    .map((target) => zoneOf(reader, target));
  return (zone) => zones.some((each) => each === undefined || each === zone);
}

/** The zone of a target; `undefined` for what is in every zone. */
function zoneOf(reader: Reader, { availabilityZone, id }: Target): string | undefined {
  return availabilityZone ?? reader.get(instances, id)?.availabilityZone;
}
