import type { Activity } from '@aws-sdk/client-auto-scaling';
import type { Ctx } from '../../aws/handlers.ts';
import { isoOf } from '../../base/clock.ts';
import {
  counts,
  type AutoScalingGroup,
  type GroupInstance,
  type ScalingActivity,
} from '../../model/autoscaling/group.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Transaction } from '../../store/store.ts';
import { autoScalingGroups, groupInstances, scalingActivities } from '../../store/tables/autoscaling.ts';
import { instances } from '../../store/tables/ec2.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalid, refuse } from './errors.ts';
import { needGroup, needInstance, needInstancesOf } from './find.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { activityOutput, instanceDetails } from './output.ts';
import { page } from './paging.ts';

/** The operations on instances of groups. */
export function instanceHandlers({ store, clock, ids }: ServiceDeps) {
  /** An activity that begins with an instance, and ends what was under way with it. */
  const begin = (
    tx: Transaction,
    group: AutoScalingGroup,
    row: GroupInstance,
    { state, description, what }: { state: GroupInstance['state']; description: string; what: string },
  ): ScalingActivity => {
    const now = clock.now();
    if (row.activityId !== undefined) {
      const over = { status: 'Cancelled', endedAt: now, progress: 100 } as const;
      tx.update(scalingActivities, row.activityId, (one) => ({ ...one, ...over }));
    }
    const activity: ScalingActivity = {
      account: group.account,
      region: group.region,
      id: ids.uuid(),
      groupArn: group.arn,
      groupName: group.name,
      description: `${description}: ${row.instanceId}`,
      cause: `At ${isoOf(now).slice(0, 19)}Z instance ${row.instanceId} was ${what}.`,
      startedAt: now,
      status: 'InProgress',
      progress: 50,
      subnetId: row.subnetId,
      zone: row.zone,
    };
    tx.put(scalingActivities, activity);
    tx.put(groupInstances, { ...row, state, actions: [], activityId: activity.id });
    return activity;
  };

  /** Takes instances out of service one by one, and out of the desired capacity if that is asked for. */
  const takeOut = (
    tx: Transaction,
    group: AutoScalingGroup,
    rows: readonly GroupInstance[],
    how: {
      readonly decrement: boolean | undefined;
      readonly state: GroupInstance['state'];
      readonly description: string;
      readonly what: string;
    },
  ): Activity[] => {
    if (how.decrement === undefined) throw invalid('ShouldDecrementDesiredCapacity is required.');
    let desired = group.desiredCapacity;
    const activities = rows.map((row) => {
      const shrinks = how.decrement === true && counts(row);
      if (shrinks && desired - 1 < group.minSize) {
        throw invalid(
          `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
        );
      }
      const what = shrinks ? `${how.what}, shrinking the capacity from ${desired} to ${desired - 1}` : how.what;
      if (shrinks) desired -= 1;
      return begin(tx, group, row, { ...how, what });
    });
    if (desired !== group.desiredCapacity) tx.put(autoScalingGroups, { ...group, desiredCapacity: desired });
    return activities.map((row) => activityOutput(row));
  };

  return {
    DescribeAutoScalingInstances(input, ctx) {
      const wanted = input.InstanceIds ?? [];
      const rows = store
        .by(groupInstances, 'scope', scopeOf(ctx))
        .filter(({ instanceId }) => wanted.length === 0 || wanted.includes(instanceId));
      const { items, next } = page(rows, ({ instanceId }) => instanceId, input);
      return {
        AutoScalingInstances: items.map((row) =>
          instanceDetails(row, store.get(autoScalingGroups, row.groupArn)?.name ?? ''),
        ),
        ...next,
      };
    },

    TerminateInstanceInAutoScalingGroup(input, ctx) {
      refuse(input, 'InstanceIds', 'AutoScalingGroupName');
      return store.transact((tx) => {
        const row = needInstance(tx, ctx, input.InstanceId);
        const group = needGroup(tx, ctx, row.groupArn);
        if (row.state.startsWith('Terminating')) {
          throw invalid(
            `The instance ${row.instanceId} is not in a state from which it can be terminated: ${row.state}.`,
          );
        }
        const [Activity] = takeOut(tx, group, [row], {
          decrement: input.ShouldDecrementDesiredCapacity,
          state: 'Terminating',
          description: 'Terminating EC2 instance',
          what: 'taken out of service in response to a user request',
        });
        return Activity === undefined ? {} : { Activity };
      });
    },

    DetachInstances(input, ctx) {
      return store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const rows = needInstancesOf(tx, group, input.InstanceIds);
        for (const row of rows) needState(row, ['InService', 'Standby', 'Pending']);
        return {
          Activities: takeOut(tx, group, rows, {
            decrement: input.ShouldDecrementDesiredCapacity,
            state: 'Detaching',
            description: 'Detaching EC2 instance',
            what: 'detached in response to a user request',
          }),
        };
      });
    },

    EnterStandby(input, ctx) {
      return store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const rows = needInstancesOf(tx, group, input.InstanceIds);
        for (const row of rows) needState(row, ['InService']);
        return {
          Activities: takeOut(tx, group, rows, {
            decrement: input.ShouldDecrementDesiredCapacity,
            state: 'EnteringStandby',
            description: 'Moving EC2 instance to Standby',
            what: 'moved to standby in response to a user request',
          }),
        };
      });
    },

    ExitStandby(input, ctx) {
      return store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const rows = needInstancesOf(tx, group, input.InstanceIds);
        for (const row of rows) needState(row, ['Standby']);
        const desired = room(group, rows.length, 'move');
        const activities = rows.map((row, index) => {
          const from = group.desiredCapacity + index;
          return begin(tx, group, row, {
            state: 'Pending',
            description: 'Moving EC2 instance out of Standby',
            what: `moved out of standby in response to a user request, increasing the capacity from ${from} to ${from + 1}`,
          });
        });
        tx.put(autoScalingGroups, { ...group, desiredCapacity: desired });
        return { Activities: activities.map((row) => activityOutput(row)) };
      });
    },

    AttachInstances(input, ctx) {
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const wanted = [...new Set(input.InstanceIds)];
        if (wanted.length === 0) throw invalid('At least one instance must be specified.');
        const desired = room(group, wanted.length, 'attach');
        for (const id of wanted) begin(tx, group, attached(tx, group, id, ctx), attaching);
        tx.put(autoScalingGroups, { ...group, desiredCapacity: desired });
      });
      return {};
    },

    SetInstanceProtection(input, ctx) {
      const { ProtectedFromScaleIn: protectedFromScaleIn } = input;
      if (protectedFromScaleIn === undefined) throw invalid('ProtectedFromScaleIn is required.');
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        for (const row of needInstancesOf(tx, group, input.InstanceIds)) {
          if (row.state !== 'InService' && row.state !== 'Standby') {
            throw invalid(`The instance ${row.instanceId} is not in InService or EnteringStandby or Standby.`);
          }
          tx.put(groupInstances, { ...row, protectedFromScaleIn });
        }
      });
      return {};
    },

    SetInstanceHealth(input, ctx) {
      const { HealthStatus: asked = '' } = input;
      if (asked !== 'Healthy' && asked !== 'Unhealthy') {
        throw invalid(`Health status must be one of Healthy, Unhealthy: ${asked}`);
      }
      store.transact((tx) => {
        const row = needInstance(tx, ctx, input.InstanceId);
        const group = needGroup(tx, ctx, row.groupArn);
        const graceUntil = (row.inServiceAt ?? Infinity) + group.healthCheckGracePeriodSeconds * 1000;
        // Within the grace period the call changes nothing, unless it says not to respect it ("SetInstanceHealth").
        if (asked === 'Unhealthy' && input.ShouldRespectGracePeriod !== false && clock.now() < graceUntil) return;
        const { unhealthyBy: _before, ...rest } = row;
        tx.put(groupInstances, {
          ...rest,
          healthStatus: asked,
          ...(asked === 'Unhealthy' ? { unhealthyBy: 'user' } : {}),
        });
      });
      return {};
    },
  } satisfies AutoScalingHandlers;
}

const attaching = {
  state: 'Pending',
  description: 'Attaching an existing EC2 instance',
  what: 'attached in response to a user request',
} as const;

function needState(row: GroupInstance, states: readonly GroupInstance['state'][]): void {
  if (!states.includes(row.state)) {
    throw invalid(`The instance ${row.instanceId} is not in ${states.join(' or ')}.`);
  }
}

/** The desired capacity with so many instances more, if they fit. */
function room(group: AutoScalingGroup, more: number, doing: 'attach' | 'move'): number {
  const desired = group.desiredCapacity + more;
  if (desired <= group.maxSize) return desired;
  throw invalid(
    `AutoScalingGroup ${group.name} has min-size=${group.minSize}, max-size=${group.maxSize}, and desired-size=${group.desiredCapacity}. To ${doing} ${more} more instance${more === 1 ? '' : 's'}, please update the AutoScalingGroup sizes appropriately.`,
  );
}

/** A running instance of the group's zones, and of no group ("Attach instances to your Auto Scaling group"). */
function attached(tx: Transaction, group: AutoScalingGroup, id: string, ctx: Ctx): GroupInstance {
  const instance = tx.get(instances, id);
  if (instance === undefined || scopeOf(instance) !== scopeOf(ctx)) throw invalid(`Invalid Instance ID(s): [${id}]`);
  if (instance.state !== 'running') throw invalid(`Instance ${id} is not in correct state.`);
  if (tx.get(groupInstances, id) !== undefined) throw invalid(`Instance ${id} is already part of an AutoScalingGroup`);
  if (!group.zones.includes(instance.availabilityZone)) {
    throw invalid(
      `Instance ${id} is in Availability Zone ${instance.availabilityZone}, which AutoScalingGroup ${group.name} does not have.`,
    );
  }
  return {
    account: instance.account,
    region: instance.region,
    instanceId: id,
    groupArn: group.arn,
    zone: instance.availabilityZone,
    subnetId: instance.subnetId,
    instanceType: instance.instanceType,
    state: 'Pending',
    healthStatus: 'Healthy',
    protectedFromScaleIn: group.newInstancesProtected,
    launchedAt: instance.launchedAt,
    actions: [],
    registeredIn: [],
  };
}
