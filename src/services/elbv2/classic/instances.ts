import type { Instance as InstanceInput, InstanceState } from '@aws-sdk/client-elastic-load-balancing';
import type { Ctx } from '../../../aws/handlers.ts';
import { AwsError } from '../../../base/errors.ts';
import { classicPort, failedChecks } from '../../../model/elbv2/classic.ts';
import type { Instance } from '../../../model/ec2/instance.ts';
import type { Target } from '../../../model/elbv2/load-balancing.ts';
import { scopeOf } from '../../../model/tags.ts';
import type { Reader } from '../../../store/store.ts';
import { instances } from '../../../store/tables/ec2.ts';
import { targetKey, targets } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { classicErrors } from './errors.ts';
import { findClassic, type Classic } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';

/** The most instances of one load balancer ("Quotas for your Classic Load Balancer"). */
export const mostInstances = 1000;

/** The operations on a load balancer's instances. */
export function instanceHandlers({ store, clock }: ServiceDeps) {
  return {
    RegisterInstancesWithLoadBalancer(input, ctx) {
      return store.transact((tx) => {
        const balancer = findClassic(tx, ctx, input.LoadBalancerName);
        for (const id of idsOf(input.Instances)) {
          checkInstance(tx, ctx, balancer, id);
          const key = targetKey(balancer.classic.groupArn, id, classicPort);
          const row = tx.get(targets, key);
          if (row !== undefined && row.drainingSince === undefined) continue;
          if (tx.by(targets, 'targetGroup', balancer.classic.groupArn).length >= mostInstances) {
            throw elbErrors.configuration('The quota of instances for this load balancer has been reached');
          }
          tx.put(targets, {
            account: balancer.account,
            region: balancer.region,
            targetGroupArn: balancer.classic.groupArn,
            id,
            port: classicPort,
            registeredAt: clock.now(),
            health: { state: 'initial' },
          });
        }
        return { Instances: describeInstances(tx, balancer) };
      });
    },

    DeregisterInstancesFromLoadBalancer(input, ctx) {
      return store.transact((tx) => {
        const balancer = findClassic(tx, ctx, input.LoadBalancerName);
        for (const id of idsOf(input.Instances)) {
          const row = tx.get(targets, targetKey(balancer.classic.groupArn, id, classicPort));
          // Of one that is not registered there is nothing to do, as long as there is such an instance.
          if (row === undefined) needInstance(tx, ctx, id);
          else if (row.drainingSince === undefined) tx.put(targets, { ...row, drainingSince: clock.now() });
        }
        return { Instances: describeInstances(tx, balancer) };
      });
    },

    DescribeInstanceHealth(input, ctx) {
      const balancer = findClassic(store, ctx, input.LoadBalancerName);
      const all = store.by(targets, 'targetGroup', balancer.classic.groupArn);
      const wanted = input.Instances === undefined ? undefined : idsOf(input.Instances);
      return {
        InstanceStates: (wanted ?? all.map(({ id }) => id)).map((id) => {
          const row = all.find((each) => each.id === id);
          if (row !== undefined) return stateOf(store, balancer, row);
          needInstance(store, ctx, id);
          return outOfService(id, 'Instance', 'Instance is not currently registered with the LoadBalancer.');
        }),
      };
    },
  } satisfies ClassicHandlers;
}

/** The registered instances, as the API has them. */
export function describeInstances(reader: Reader, { classic }: Classic): InstanceInput[] {
  return reader
    .by(targets, 'targetGroup', classic.groupArn)
    .filter(({ drainingSince }) => drainingSince === undefined)
    .map(({ id }) => ({ InstanceId: id }));
}

function idsOf(given: readonly InstanceInput[] | undefined): string[] {
  return [...new Set((given ?? []).map(({ InstanceId }) => InstanceId ?? ''))];
}

function needInstance(reader: Reader, ctx: Ctx, id: string): Instance {
  const row = reader.get(instances, id);
  if (row === undefined || scopeOf(row) !== scopeOf(ctx)) throw classicErrors.instance(id);
  return row;
}

function checkInstance(reader: Reader, ctx: Ctx, balancer: Classic, id: string): void {
  const { state, vpcId } = needInstance(reader, ctx, id);
  if (state === 'terminated') throw classicErrors.instance(id);
  if (vpcId !== balancer.vpcId) {
    throw new AwsError('InvalidInstance', `EC2 instance ${id} is not in the same VPC as ELB.`);
  }
}

function inService(id: string, Description: string): InstanceState {
  return { InstanceId: id, State: 'InService', ReasonCode: 'N/A', Description };
}

function outOfService(id: string, ReasonCode: 'ELB' | 'Instance', Description: string): InstanceState {
  return { InstanceId: id, State: 'OutOfService', ReasonCode, Description };
}

/** What is said of instances that do not run, by their state. */
const notRunning: Readonly<Record<string, string>> = {
  pending: 'Instance is in pending state.',
  stopping: 'Instance is in stopped state.',
  stopped: 'Instance is in stopped state.',
};

/** "InstanceState" (Elastic Load Balancing API Reference 2012-06-01): its states, reason codes and words. */
function stateOf(reader: Reader, balancer: Classic, { id, health, drainingSince }: Target): InstanceState {
  const instance = reader.get(instances, id);
  if (instance?.state !== 'running') {
    return outOfService(id, 'Instance', notRunning[instance?.state ?? ''] ?? 'Instance is in terminated state.');
  }
  if (drainingSince !== undefined) return inService(id, 'Instance deregistration currently in progress.');
  if (!balancer.subnets.some(({ availabilityZone }) => availabilityZone === instance.availabilityZone)) {
    return outOfService(
      id,
      'ELB',
      'Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.',
    );
  }
  if (health.state === 'healthy') return inService(id, 'N/A');
  if (health.state === 'unhealthy') return outOfService(id, 'Instance', failedChecks);
  return health.reason === 'Elb.InitialHealthChecking'
    ? outOfService(
        id,
        'Instance',
        'Instance has not passed the configured HealthyThreshold number of health checks consecutively.',
      )
    : outOfService(id, 'ELB', 'Instance registration is still in progress.');
}
