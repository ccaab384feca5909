import type { Ctx } from '../../aws/handlers.ts';
import { arn as formatArn } from '../../base/arn.ts';
import type { AutoScalingGroup, LaunchSource, ScalingActivity } from '../../model/autoscaling/group.ts';
import { classicArn } from '../../model/elbv2/classic.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { ensureDefaultVpc } from '../../store/default-vpc.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import {
  autoScalingGroups,
  groupInstances,
  hookKey,
  lifecycleHooks,
  scalingActivities,
} from '../../store/tables/autoscaling.ts';
import { loadBalancers } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { alreadyExists, inProgress, inUse, invalid, notSupported, refuse } from './errors.ts';
import { matchesGroup } from './filters.ts';
import { findGroup, needGroup } from './find.ts';
import {
  readHealthCheckType,
  readLaunchSource,
  readName,
  readPlaces,
  readSeconds,
  readServiceRole,
  readSizes,
  readTargetGroups,
  readTerminationPolicies,
} from './group-rules.ts';
import type { AutoScalingHandlers, InputOf } from './handler-types.ts';
import { readHook } from './hook-rules.ts';
import { groupOutput } from './output.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';

/** The operations on Auto Scaling groups themselves. */
export function groupHandlers(deps: ServiceDeps) {
  const { store, clock } = deps;
  return {
    CreateAutoScalingGroup(input, ctx) {
      createGroup(deps, input, ctx);
      return {};
    },

    UpdateAutoScalingGroup(input, ctx) {
      store.transact((tx) => tx.put(autoScalingGroups, updated(tx, input, ctx, clock.now())));
      return {};
    },

    DescribeAutoScalingGroups(input, ctx) {
      const names = input.AutoScalingGroupNames ?? [];
      const rows = store
        .by(autoScalingGroups, 'scope', scopeOf(ctx))
        .filter(({ name, arn }) => names.length === 0 || names.includes(name) || names.includes(arn))
        .filter((row) => matchesGroup(row, input.Filters ?? []))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = page(rows, ({ arn }) => arn, input);
      return {
        AutoScalingGroups: items.map((row) => groupOutput(store, row, input.IncludeInstances ?? true)),
        ...next,
      };
    },

    DeleteAutoScalingGroup(input, ctx) {
      store.transact((tx) => deleteGroup(tx, input, ctx));
      return {};
    },

    SetDesiredCapacity(input, ctx) {
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const desired = input.DesiredCapacity ?? 0;
        if (!Number.isInteger(desired)) throw invalid(`DesiredCapacity must be a whole number: ${desired}`);
        if (desired > group.maxSize) {
          throw invalid(
            `New SetDesiredCapacity value ${desired} is above max value ${group.maxSize} for the AutoScalingGroup.`,
          );
        }
        if (desired < group.minSize) {
          throw invalid(
            `New SetDesiredCapacity value ${desired} is below min value ${group.minSize} for the AutoScalingGroup.`,
          );
        }
        if (input.HonorCooldown === true) checkCooldown(tx, group, clock.now());
        const text = `a user request explicitly set group desired capacity changing the desired capacity from ${group.desiredCapacity} to ${desired}`;
        tx.put(autoScalingGroups, withDesired(group, desired, text, clock.now()));
      });
      return {};
    },
  } satisfies AutoScalingHandlers;
}

/** A group with another desired capacity, and the sentence of it in what follows; launches that failed are tried at once. */
function withDesired(group: AutoScalingGroup, desired: number, text: string, now: number): AutoScalingGroup {
  if (desired === group.desiredCapacity) return group;
  const { launchFailure: _over, ...rest } = group;
  return { ...rest, desiredCapacity: desired, change: { at: now, text } };
}

function refuseUnsupported(input: InputOf<'CreateAutoScalingGroup'> | InputOf<'UpdateAutoScalingGroup'>): void {
  refuse(
    input,
    'MixedInstancesPolicy',
    'PlacementGroup',
    'CapacityRebalance',
    'MaxInstanceLifetime',
    'Context',
    'InstanceMaintenancePolicy',
    'AvailabilityZoneDistribution',
    'AvailabilityZoneImpairmentPolicy',
    'SkipZonalShiftValidation',
    'CapacityReservationSpecification',
    'AvailabilityZoneIds',
    'InstanceLifecyclePolicy',
  );
  // What these say without asking for anything.
  if ((input.DesiredCapacityType ?? 'units') !== 'units') throw notSupported('DesiredCapacityType');
  if ((input.DefaultInstanceWarmup ?? -1) !== -1) throw notSupported('DefaultInstanceWarmup');
  if ((input.DeletionProtection ?? 'none') !== 'none') throw notSupported('DeletionProtection');
}

function createGroup(
  { store, clock, ids }: ServiceDeps,
  input: InputOf<'CreateAutoScalingGroup'>,
  ctx: Ctx,
): AutoScalingGroup {
  const name = readName(input.AutoScalingGroupName, 'autoScalingGroupName');
  refuseUnsupported(input);
  refuse(input, 'InstanceId', 'TrafficSources', 'Operator');
  const now = clock.now();
  return store.transact((tx) => {
    const scope = { account: ctx.account, region: ctx.region };
    if (findGroup(tx, scope, name) !== undefined) {
      throw alreadyExists(
        `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`,
      );
    }
    ensureDefaultVpc(tx, ids, now, scope);
    refuseClassic(tx, scope, input.LoadBalancerNames ?? []);
    const launch = readLaunchSource(tx, scope, input);
    if (launch === undefined) {
      throw invalid(
        'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
      );
    }
    const sizes = readSizes(input);
    const arn = formatArn(
      'autoscaling',
      ctx.region,
      ctx.account,
      `autoScalingGroup:${ids.uuid()}:autoScalingGroupName/${name}`,
    );
    const group: AutoScalingGroup = {
      ...scope,
      arn,
      name,
      launch,
      ...sizes,
      defaultCooldownSeconds: readSeconds(input.DefaultCooldown, 'defaultCooldown', 300),
      ...readPlaces(tx, scope, input),
      targetGroupArns: readTargetGroups(tx, scope, input.TargetGroupARNs),
      healthCheckType: readHealthCheckType(input.HealthCheckType, 'EC2'),
      healthCheckGracePeriodSeconds: readSeconds(input.HealthCheckGracePeriod, 'healthCheckGracePeriod', 0),
      terminationPolicies: readTerminationPolicies(input.TerminationPolicies),
      newInstancesProtected: input.NewInstancesProtectedFromScaleIn ?? false,
      suspended: [],
      tags: readTags(input.Tags),
      serviceLinkedRoleArn: readServiceRole(ctx.account, input.ServiceLinkedRoleARN),
      createdAt: now,
      ...(sizes.desiredCapacity === 0
        ? {}
        : {
            change: {
              at: now,
              text: `a user request created an AutoScalingGroup changing the desired capacity from 0 to ${sizes.desiredCapacity}`,
            },
          }),
    };
    for (const specification of input.LifecycleHookSpecificationList ?? []) {
      tx.put(lifecycleHooks, readHook(arn, specification));
    }
    tx.put(autoScalingGroups, group);
    return group;
  });
}

/** Instances are registered in target groups only, and not yet in Classic Load Balancers. */
function refuseClassic(reader: Reader, scope: Scoped, names: readonly string[]): void {
  if (names.length === 0) return;
  if (names.some((name) => reader.get(loadBalancers, classicArn(scope, name)) === undefined)) {
    throw invalid('Provided Load Balancers may not be valid. Please ensure they exist and try again.');
  }
  throw notSupported('LoadBalancerNames');
}

function updated(tx: Transaction, input: InputOf<'UpdateAutoScalingGroup'>, ctx: Ctx, now: number): AutoScalingGroup {
  refuseUnsupported(input);
  const group = needGroup(tx, ctx, input.AutoScalingGroupName);
  const launch: LaunchSource = readLaunchSource(tx, ctx, input) ?? group.launch;
  const sizes = readSizes(input, group);
  const text = `a user request update of AutoScalingGroup constraints to min: ${sizes.minSize}, max: ${sizes.maxSize}, desired: ${sizes.desiredCapacity} changing the desired capacity from ${group.desiredCapacity} to ${sizes.desiredCapacity}`;
  const moves = (input.VPCZoneIdentifier ?? '') !== '' || (input.AvailabilityZones ?? []).length > 0;
  const { launchFailure: _tried, ...rest } = withDesired(group, sizes.desiredCapacity, text, now);
  return {
    ...rest,
    ...sizes,
    launch,
    ...(moves ? readPlaces(tx, ctx, input) : {}),
    defaultCooldownSeconds: readSeconds(input.DefaultCooldown, 'defaultCooldown', group.defaultCooldownSeconds),
    healthCheckType: readHealthCheckType(input.HealthCheckType, group.healthCheckType),
    healthCheckGracePeriodSeconds: readSeconds(
      input.HealthCheckGracePeriod,
      'healthCheckGracePeriod',
      group.healthCheckGracePeriodSeconds,
    ),
    terminationPolicies:
      input.TerminationPolicies === undefined || input.TerminationPolicies.length === 0
        ? group.terminationPolicies
        : readTerminationPolicies(input.TerminationPolicies),
    newInstancesProtected: input.NewInstancesProtectedFromScaleIn ?? group.newInstancesProtected,
    serviceLinkedRoleArn: readServiceRole(ctx.account, input.ServiceLinkedRoleARN),
  };
}

/** The activities of a group that are under way. */
function underWay(reader: Reader, group: AutoScalingGroup): ScalingActivity[] {
  return reader.by(scalingActivities, 'group', group.arn).filter(({ endedAt }) => endedAt === undefined);
}

/** "Scaling cooldowns for Amazon EC2 Auto Scaling". */
function checkCooldown(reader: Reader, group: AutoScalingGroup, now: number): void {
  const blocking = reader
    .by(scalingActivities, 'group', group.arn)
    .findLast(
      ({ status, endedAt }) =>
        endedAt === undefined || (status === 'Successful' && now < endedAt + group.defaultCooldownSeconds * 1000),
    );
  if (blocking !== undefined) {
    throw inProgress(`Scaling activity ${blocking.id} is in progress and blocks this action`);
  }
}

function deleteGroup(tx: Transaction, input: InputOf<'DeleteAutoScalingGroup'>, ctx: Ctx): void {
  const group = findGroup(tx, ctx, input.AutoScalingGroupName);
  if (group === undefined) needGroup(tx, ctx, input.AutoScalingGroupName);
  if (group === undefined || group.deleting === true) return;
  const instances = tx.by(groupInstances, 'group', group.arn);
  if (instances.length > 0 && input.ForceDelete !== true) {
    if (instances.every(({ state }) => state.startsWith('Terminating')) || underWay(tx, group).length > 0) {
      throw inProgress(
        'You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.',
      );
    }
    throw inUse(
      'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
    );
  }
  if (instances.length > 0) {
    const { change: _settled, ...rest } = group;
    tx.put(autoScalingGroups, { ...rest, minSize: 0, maxSize: 0, desiredCapacity: 0, deleting: true });
    return;
  }
  for (const { name } of tx.by(lifecycleHooks, 'group', group.arn)) tx.delete(lifecycleHooks, hookKey(group.arn, name));
  tx.delete(autoScalingGroups, group.arn);
}
