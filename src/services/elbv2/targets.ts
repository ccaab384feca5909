import type { TargetDescription, TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { holds, parseCidr } from '../../model/ec2/addresses.ts';
import type { Target, TargetGroup, TargetHealth } from '../../model/elbv2/load-balancing.ts';
import { isForApplications } from '../../model/elbv2/attributes-of.ts';
import { scopeOf } from '../../model/tags.ts';
import { registerTarget } from '../../store/register-target.ts';
import type { Reader } from '../../store/store.ts';
import { instances, networkInterfaces, subnets } from '../../store/tables/ec2.ts';
import { rules, targetKey, targets } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { checkRange, elbErrors, notSupported } from './errors.ts';
import { findTargetGroup } from './find.ts';
import type { ElbHandlers } from './handler-types.ts';
import { checkBalancerTarget } from './balancer-targets.ts';
import { limits } from './limits.ts';

/** RegisterTargets, DeregisterTargets and DescribeTargetHealth. */
export function targetHandlers({ store, clock }: ServiceDeps) {
  return {
    RegisterTargets(input, ctx) {
      return store.transact((tx) => {
        const group = findTargetGroup(tx, ctx, input.TargetGroupArn);
        for (const target of input.Targets ?? []) {
          const { id, port, zone } = readTarget(tx, group, target);
          const key = targetKey(group.arn, id, port);
          const row = tx.get(targets, key);
          if (row !== undefined && row.drainingSince === undefined) continue;
          const most = limits[`targets-per-${isForApplications(group) ? 'application' : 'network'}-load-balancer`];
          if (tx.by(targets, 'targetGroup', group.arn).length >= most) {
            throw new AwsError('TooManyTargets', 'The quota of targets for this target group has been reached');
          }
          const { account, region } = group;
          const made = { account, region, targetGroupArn: group.arn, id, port, availabilityZone: zone };
          registerTarget(tx, made, clock.now());
        }
        return {};
      });
    },

    DeregisterTargets(input, ctx) {
      return store.transact((tx) => {
        const group = findTargetGroup(tx, ctx, input.TargetGroupArn);
        for (const { Id = '', Port } of input.Targets ?? []) {
          // Without a port, every registration of the target ends.
          const rows = tx
            .by(targets, 'targetGroup', group.arn)
            .filter((row) => row.id === Id && (Port === undefined || row.port === Port));
          if (rows.length === 0) {
            const named = Port === undefined ? Id : `${Id}:${Port}`;
            throw new AwsError('InvalidTarget', `The following targets are not registered: '${named}'`);
          }
          for (const row of rows) {
            if (row.drainingSince === undefined) tx.put(targets, { ...row, drainingSince: clock.now() });
          }
        }
        return {};
      });
    },

    DescribeTargetHealth(input, ctx) {
      const group = findTargetGroup(store, ctx, input.TargetGroupArn);
      const rows = store.by(targets, 'targetGroup', group.arn);
      const anomalies = input.Include?.some((each) => each === 'AnomalyDetection' || each === 'All') ?? false;
      const wanted = input.Targets?.flatMap((target): (Target | TargetDescription)[] => {
        const found = rows.filter((row) => row.id === target.Id && row.port === (target.Port ?? row.port));
        return found.length > 0 ? found : [target];
      });
      return {
        TargetHealthDescriptions: (wanted ?? rows).map((each) => ({
          ...('health' in each ? describe(store, group, each) : describeUnknown(group, each)),
          ...(anomalies ? { AnomalyDetection: describeAnomaly('health' in each ? each : undefined) } : {}),
        })),
      };
    },
  } satisfies ElbHandlers;
}

function readTarget(
  reader: Reader,
  group: TargetGroup,
  { Id: id = '', Port, AvailabilityZone, QuicServerId }: TargetDescription,
): { id: string; port: number; zone: string | undefined } {
  if (QuicServerId !== undefined) throw notSupported('QuicServerId');
  const port = Port === undefined ? group.port : checkRange(Port, 'targets.port', 1, 65_535);
  const refuse = (why: string): AwsError => new AwsError('InvalidTarget', why);
  if (group.targetType === 'instance') {
    if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw elbErrors.validation(`Instance ID '${id}' is not valid`);
    const instance = reader.get(instances, id);
    if (instance === undefined || scopeOf(instance) !== scopeOf(group) || instance.state === 'terminated') {
      throw refuse(`The following targets are not valid instances: '${id}'`);
    }
    if (instance.vpcId !== group.vpcId) {
      throw refuse(`The following targets are not in the target group VPC '${group.vpcId}': '${id}'`);
    }
    if (instance.state !== 'running') {
      throw refuse(`The following targets are not in a running state and cannot be registered: '${id}'`);
    }
    if (AvailabilityZone !== undefined) {
      throw elbErrors.validation('An Availability Zone can be specified only for targets of type ip');
    }
    // ELB shows no zone for instances: they have their own.
    return { id, port, zone: undefined };
  }
  if (group.targetType === 'alb') {
    checkBalancerTarget(reader, group, id, port);
    return { id, port, zone: undefined };
  }
  if (parseCidr(`${id}/32`) === undefined)
    throw elbErrors.validation(`The IP address '${id}' is not a valid IPv4 address`);
  const subnet = reader.by(subnets, 'vpc', group.vpcId).find((row) => {
    const cidr = parseCidr(row.cidr);
    return cidr !== undefined && holds(cidr, id);
  });
  if (subnet === undefined) {
    throw refuse(`The following targets are not within the subnets of VPC '${group.vpcId}': '${id}'`);
  }
  const owner = reader.by(networkInterfaces, 'address', `${group.vpcId} ${id}`)[0]?.owner;
  if (owner?.kind === 'load-balancer') {
    throw refuse(`The IP address '${id}' cannot be used as a target, as it is in use by a load balancer`);
  }
  if (AvailabilityZone !== undefined && AvailabilityZone !== subnet.availabilityZone) {
    throw elbErrors.validation(
      `The Availability Zone '${AvailabilityZone}' is not that of the IP address '${id}', '${subnet.availabilityZone}'`,
    );
  }
  return { id, port, zone: subnet.availabilityZone };
}

function describe(reader: Reader, group: TargetGroup, row: Target): TargetHealthDescription {
  return {
    Target: { Id: row.id, Port: row.port, ...given('AvailabilityZone', row.availabilityZone) },
    HealthCheckPort: checkPort(group, row.port),
    TargetHealth: describeHealth(stateOf(reader, row) ?? healthOf(reader, row)),
  };
}

/** An instance that does not run takes no requests, whatever was measured of it. */
function stateOf(reader: Reader, { id }: Target): TargetHealth | undefined {
  if (!id.startsWith('i-')) return undefined;
  const state = reader.get(instances, id)?.state ?? 'terminated';
  if (state === 'running') return undefined;
  return { state: 'unused', reason: 'Target.InvalidState', description: `Target is in the ${state} state` };
}

/** What the store says of a target comes before what a checker measured: nobody checks one that is not in use or drains. */
function healthOf(reader: Reader, row: Target): TargetHealth {
  if (row.drainingSince !== undefined) {
    return {
      state: 'draining',
      reason: 'Target.DeregistrationInProgress',
      description: 'Target deregistration is in progress',
    };
  }
  if (reader.by(rules, 'targetGroup', row.targetGroupArn).length === 0) {
    return {
      state: 'unused',
      reason: 'Target.NotInUse',
      description: 'Target group is not configured to receive traffic from the load balancer',
    };
  }
  return row.health;
}

function describeUnknown(group: TargetGroup, { Id, Port = group.port }: TargetDescription): TargetHealthDescription {
  return {
    Target: { Id, Port },
    HealthCheckPort: checkPort(group, Port),
    TargetHealth: {
      State: 'unused',
      Reason: 'Target.NotRegistered',
      Description: 'Target is not registered to the target group',
    },
  };
}

/** "Anomaly detection" (Automatic Target Weights, ELB User Guide). */
function describeAnomaly(row: Target | undefined): NonNullable<TargetHealthDescription['AnomalyDetection']> {
  const { anomaly } = row ?? {};
  return {
    Result: anomaly === undefined ? 'normal' : 'anomalous',
    MitigationInEffect: anomaly?.mitigated === true ? 'yes' : 'no',
  };
}

function checkPort(group: TargetGroup, port: number): string {
  return group.healthCheck.port === 'traffic-port' ? String(port) : group.healthCheck.port;
}

function describeHealth(health: TargetHealth): NonNullable<TargetHealthDescription['TargetHealth']> {
  return {
    State: health.state,
    ...given('Reason', health.reason as NonNullable<TargetHealthDescription['TargetHealth']>['Reason']),
    ...given('Description', health.description),
  };
}
