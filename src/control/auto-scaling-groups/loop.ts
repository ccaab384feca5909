import { AwsError, messageOf } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { AutoScalingGroup, LaunchOrigin, ScalingActivity } from '../../model/autoscaling/group.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import type { Store, Transaction } from '../../store/store.ts';
import {
  autoScalingGroups,
  groupInstances,
  lifecycleHooks,
  scalingActivities,
} from '../../store/tables/autoscaling.ts';
import { instances } from '../../store/tables/ec2.ts';
import { targets } from '../../store/tables/elbv2.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyGroup } from './apply.ts';
import { observeGroup, oldActivities } from './observe.ts';
import { afterFailedLaunch, planGroup, type Launch } from './plan.ts';

/** Writes the row of a new instance of a group, as RunInstances does. Throws `AwsError` where EC2 refuses. */
export type LaunchInstance = (
  tx: Transaction,
  group: AutoScalingGroup,
  subnetId: string,
  now: number,
) => { readonly instance: Instance; readonly origin: LaunchOrigin };

export interface GroupLoopDeps {
  readonly store: Store;
  readonly ids: Ids;
  readonly log: Log;
  /** Loads what launches instances: it is needed by those alone who have groups. */
  readonly launcher: () => Promise<LaunchInstance>;
}

/** Keeps every Auto Scaling group at its desired capacity, of healthy instances, balanced over its zones. */
export function autoScalingGroupLoop({ store, ids, log, launcher }: GroupLoopDeps): Loop {
  const launching = new Set<string>();

  /** Plans and applies once; answers what is to be launched, and when to look again. */
  const step = (tx: Transaction, arn: string, now: number): { launch?: Launch; lookAt?: number } => {
    for (const id of oldActivities(tx, arn, now)) tx.delete(scalingActivities, id);
    const observed = observeGroup(tx, arn);
    if (observed === undefined) return {};
    const { steps, ...rest } = planGroup(observed, now, ids);
    applyGroup(tx, observed.group, steps, now);
    return rest;
  };

  /** One instance after the other, each judged anew and committed by itself, until the group has all or one cannot be. */
  const launchAll = async (arn: string, now: number): Promise<void> => {
    const run = await launcher();
    for (let more = true; more;) {
      try {
        more = store.transact((tx) => {
          const { launch } = step(tx, arn, now);
          const group = tx.get(autoScalingGroups, arn);
          if (launch === undefined || group === undefined) return false;
          enter(tx, group, launch, run(tx, group, launch.subnetId, now), { id: ids.uuid(), now });
          return true;
        });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        noteFailure(arn, error, now);
        return;
      }
    }
  };

  const noteFailure = (arn: string, error: AwsError, now: number): void => {
    store.transact((tx) => {
      const { launch } = step(tx, arn, now);
      const group = tx.get(autoScalingGroups, arn);
      if (launch === undefined || group === undefined) return;
      const statusMessage = `${error.message} Launching EC2 instance failed.`;
      tx.put(scalingActivities, {
        ...launchActivity(group, launch, { id: ids.uuid(), now }),
        description: `Launching a new EC2 instance.  Status Reason: ${statusMessage}`,
        status: 'Failed',
        statusMessage,
        progress: 100,
        endedAt: now,
      });
      tx.put(autoScalingGroups, afterFailedLaunch(group, now));
    });
  };

  return subjectLoop(
    {
      name: 'auto-scaling-groups',
      sources: [
        source(autoScalingGroups, ({ arn }) => [arn]),
        source(groupInstances, ({ groupArn }) => [groupArn]),
        source(lifecycleHooks, ({ groupArn }) => [groupArn]),
        source(instances, ({ id }) => groupOf(store, id)),
        source(targets, ({ id }) => (id.startsWith('i-') ? groupOf(store, id) : [])),
      ],
      rescanMs: 60_000,
      all: () => new Set([...store.keys(autoScalingGroups), ...store.values(scalingActivities, 'group')]),
      reconcile(arn, now) {
        const { launch, lookAt } = store.transact((tx) => step(tx, arn, now));
        if (launch !== undefined && !launching.has(arn)) {
          launching.add(arn);
          launchAll(arn, now)
            .catch((error: unknown) => log.error('an instance was not launched', { arn, error: messageOf(error) }))
            .finally(() => launching.delete(arn));
        }
        return lookAt;
      },
    },
    log,
  );
}

function groupOf(store: Store, instanceId: string): string[] {
  const member = store.get(groupInstances, instanceId);
  return member === undefined ? [] : [member.groupArn];
}

function launchActivity(group: AutoScalingGroup, launch: Launch, made: { id: string; now: number }): ScalingActivity {
  return {
    account: group.account,
    region: group.region,
    id: made.id,
    groupArn: group.arn,
    groupName: group.name,
    description: 'Launching a new EC2 instance',
    cause: launch.cause,
    startedAt: made.now,
    status: 'PreInService',
    progress: 30,
    subnetId: launch.subnetId,
    zone: launch.zone,
  };
}

/** The new instance is the group's, and an activity says so. */
function enter(
  tx: Transaction,
  group: AutoScalingGroup,
  launch: Launch,
  { instance, origin }: ReturnType<LaunchInstance>,
  made: { id: string; now: number },
): void {
  tx.put(scalingActivities, {
    ...launchActivity(group, launch, made),
    description: `Launching a new EC2 instance: ${instance.id}`,
  });
  tx.put(groupInstances, {
    account: group.account,
    region: group.region,
    instanceId: instance.id,
    groupArn: group.arn,
    zone: instance.availabilityZone,
    subnetId: instance.subnetId,
    instanceType: instance.instanceType,
    state: 'Pending',
    healthStatus: 'Healthy',
    protectedFromScaleIn: group.newInstancesProtected,
    origin,
    launchedAt: made.now,
    activityId: made.id,
    actions: [],
    registeredIn: [],
  });
}
