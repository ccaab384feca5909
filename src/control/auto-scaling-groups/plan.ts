import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import {
  counts,
  globalTimeoutSeconds,
  isSuspended,
  type AutoScalingGroup,
  type GroupInstance,
  type LifecycleAction,
  type LifecycleHook,
  type ScalingActivity,
} from '../../model/autoscaling/group.ts';
import { waitedFor } from './hooks.ts';
import type { ObservedGroup, ObservedMember, ObservedTarget } from './observe.ts';
import { chooseToTerminate } from './termination.ts';
import { at, launchCause, shrinkCause, unhealthyCause } from './words.ts';

export type GroupStep =
  | { readonly kind: 'begin-activity'; readonly activity: ScalingActivity }
  | { readonly kind: 'change-activity'; readonly id: string; readonly change: Partial<ScalingActivity> }
  | { readonly kind: 'member'; readonly row: GroupInstance }
  /** The instance is the group's no more. */
  | { readonly kind: 'forget'; readonly instanceId: string }
  | { readonly kind: 'terminate'; readonly instanceId: string }
  | { readonly kind: 'register' | 'drain'; readonly instanceId: string; readonly target: ObservedTarget }
  | { readonly kind: 'group'; readonly group: AutoScalingGroup }
  | { readonly kind: 'delete' };

/** An instance to be launched, and why. */
export interface Launch {
  readonly subnetId: string;
  readonly zone: string;
  readonly cause: string;
}

/** What to do for a group now; at most one launch at a time, after the steps. `lookAt` in epoch milliseconds. */
export interface GroupPlan {
  readonly steps: readonly GroupStep[];
  readonly launch?: Launch;
  readonly lookAt?: number;
}

/** How long the first launch that failed is waited after; it doubles with each in a row, up to a quarter of an hour. */
const firstRetryMs = 15_000;
const longestRetryMs = 15 * 60_000;

/** What a group is after a launch that failed. */
export function afterFailedLaunch(group: AutoScalingGroup, now: number): AutoScalingGroup {
  const count = (group.launchFailure?.count ?? 0) + 1;
  const delay = Math.min(longestRetryMs, firstRetryMs * 2 ** (count - 1));
  return { ...group, launchFailure: { count, retryAt: now + delay } };
}

/**
 * Judges every instance of one Auto Scaling group and decides what to launch, to register, to let go and to tell. Pure: the same
 * arguments give the same plan, ids included.
 */
export function planGroup(observed: ObservedGroup, now: number, ids: Ids): GroupPlan {
  return new GroupPlanner(observed, now, ids).plan();
}

/** One run; its fields are what the steps so far come to. */
class GroupPlanner {
  readonly #observed: ObservedGroup;
  readonly #now: number;
  readonly #ids: Ids;
  readonly #steps: GroupStep[] = [];
  readonly #lookAts: number[] = [];
  /** The members as they are to be. */
  readonly #rows = new Map<string, GroupInstance>();
  #group: AutoScalingGroup;

  constructor(observed: ObservedGroup, now: number, ids: Ids) {
    this.#observed = observed;
    this.#group = observed.group;
    this.#now = now;
    this.#ids = ids;
  }

  plan(): GroupPlan {
    for (const member of this.#observed.members) {
      this.#rows.set(member.row.instanceId, member.row);
      this.#advance(member);
    }
    const launch = this.#group.deleting === true ? this.#deleteAll() : this.#resize();
    for (const { row } of this.#observed.members) {
      const next = this.#rows.get(row.instanceId);
      if (next === undefined) this.#steps.push({ kind: 'forget', instanceId: row.instanceId });
      else if (next !== row) this.#steps.push({ kind: 'member', row: next });
    }
    if (this.#group !== this.#observed.group) this.#steps.push({ kind: 'group', group: this.#group });
    const lookAt = Math.min(...this.#lookAts);
    return {
      steps: this.#steps,
      ...given('launch', launch),
      ...(lookAt === Infinity ? {} : { lookAt }),
    };
  }

  /** Takes one instance as far as it can go now. */
  #advance(member: ObservedMember): void {
    const { ec2 } = member;
    const { instanceId } = member.row;
    const gone = ec2 === undefined || ec2 === 'terminated' || ec2 === 'shutting-down';
    const off = gone || ec2 === 'stopping' || ec2 === 'stopped';
    for (;;) {
      const row = this.#rows.get(instanceId);
      if (row === undefined) return;
      switch (row.state) {
        case 'Pending':
          if (gone) this.#failedToLaunch(row);
          else if (ec2 === 'running') this.#wait(row, 'Pending:Wait', 'Pending:Proceed');
          break;
        case 'Pending:Wait':
          if (gone) this.#leave(row, unhealthyCause('EC2', this.#now));
          else this.#awaitLaunchHooks(row);
          break;
        case 'Pending:Proceed':
          this.#put({ ...row, state: 'InService', inServiceAt: this.#now });
          if (row.origin !== undefined) this.#launched();
          break;
        case 'InService':
          this.#balance(row, member.targets);
          this.#endActivity(instanceId, { status: 'Successful' });
          this.#checkHealth(member, off);
          break;
        case 'Standby':
          if (gone) this.#leave(row, unhealthyCause('EC2', this.#now));
          break;
        case 'EnteringStandby':
          if (!this.#drained(row, member.targets, off)) break;
          this.#endActivity(instanceId, { status: 'Successful' });
          this.#change(instanceId, { state: 'Standby' });
          break;
        case 'Detaching':
          if (!this.#drained(row, member.targets, off)) break;
          this.#endActivity(instanceId, { status: 'Successful' });
          this.#rows.delete(instanceId);
          break;
        case 'Terminating':
          if (this.#drained(row, member.targets, off)) this.#wait(row, 'Terminating:Wait', 'Terminating:Proceed');
          break;
        case 'Terminating:Wait': {
          const { verdict, lookAt } = waitedFor(row.actions, this.#now);
          if (lookAt !== undefined) this.#lookAts.push(lookAt);
          if (verdict !== 'wait' || this.#group.deleting === true) {
            this.#put({ ...row, state: 'Terminating:Proceed', actions: [] });
          }
          break;
        }
        case 'Terminating:Proceed':
          if (ec2 === undefined || ec2 === 'terminated') {
            this.#endActivity(instanceId, { status: 'Successful' });
            this.#rows.delete(instanceId);
          } else if (!gone) this.#steps.push({ kind: 'terminate', instanceId });
          break;
        default:
          row.state satisfies never;
      }
      // What is to go is taken out of its target groups as they will be then.
      const { state } = this.#rows.get(instanceId) ?? {};
      if (state === row.state || state === 'Terminating') return;
    }
  }

  #put(row: GroupInstance): void {
    this.#rows.set(row.instanceId, row);
  }

  #change(instanceId: string, change: Partial<GroupInstance>): void {
    const row = this.#rows.get(instanceId);
    if (row !== undefined) this.#put({ ...row, ...change });
  }

  #endActivity(instanceId: string, end: Pick<ScalingActivity, 'status' | 'statusMessage'>): void {
    const row = this.#rows.get(instanceId);
    if (row?.activityId === undefined) return;
    const { activityId, ...rest } = row;
    this.#steps.push({
      kind: 'change-activity',
      id: activityId,
      change: { ...end, progress: 100, endedAt: this.#now },
    });
    this.#put(rest);
  }

  /** Waits for the lifecycle hooks of a transition, all at the same time; goes on at once where there are none. */
  #wait(row: GroupInstance, state: GroupInstance['state'], next: GroupInstance['state']): void {
    const transition =
      next === 'Pending:Proceed' ? 'autoscaling:EC2_INSTANCE_LAUNCHING' : 'autoscaling:EC2_INSTANCE_TERMINATING';
    const hooks =
      this.#group.deleting === true ? [] : this.#observed.hooks.filter((hook) => hook.transition === transition);
    if (hooks.length === 0) return this.#put({ ...row, state: next });
    this.#put({ ...row, state, actions: hooks.map((hook) => this.#action(hook)) });
    if (row.activityId === undefined) return undefined;
    const change = { status: 'MidLifecycleAction', progress: 60 } as const;
    this.#steps.push({ kind: 'change-activity', id: row.activityId, change });
    return undefined;
  }

  #action({ name, heartbeatTimeoutSeconds, defaultResult }: LifecycleHook): LifecycleAction {
    const heartbeatMs = heartbeatTimeoutSeconds * 1000;
    return {
      hook: name,
      token: this.#ids.uuid(),
      heartbeatMs,
      defaultResult,
      deadline: this.#now + heartbeatMs,
      lastDeadline: this.#now + globalTimeoutSeconds(heartbeatTimeoutSeconds) * 1000,
    };
  }

  #awaitLaunchHooks(row: GroupInstance): void {
    const { verdict, lookAt, why } = waitedFor(row.actions, this.#now);
    if (lookAt !== undefined) this.#lookAts.push(lookAt);
    if (verdict === 'proceed') this.#put({ ...row, state: 'Pending:Proceed', actions: [] });
    if (verdict !== 'abandon') return;
    const statusMessage = `Instance failed to complete user's Lifecycle Action: ${why}`;
    this.#endActivity(row.instanceId, { status: 'Cancelled', statusMessage });
    this.#leave({ ...row, actions: [] }, at(this.#now, `an instance was taken out of service in response to ${why}`));
  }

  #failedToLaunch(row: GroupInstance): void {
    const statusMessage = `Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Server.InternalError.`;
    this.#endActivity(row.instanceId, { status: 'Failed', statusMessage });
    this.#rows.delete(row.instanceId);
    this.#group = afterFailedLaunch(this.#group, this.#now);
  }

  #launched(): void {
    const { launchFailure, ...rest } = this.#group;
    if (launchFailure !== undefined) this.#group = rest;
  }

  /** Registers an instance in the target groups that its group has, and takes it out of those that the group has no more. */
  #balance(row: GroupInstance, targets: readonly ObservedTarget[]): void {
    const wanted = new Set(this.#group.targetGroupArns);
    let registeredIn = row.registeredIn;
    for (const target of targets) {
      const { targetGroupArn, state } = target;
      const isOurs = registeredIn.includes(targetGroupArn);
      if (wanted.has(targetGroupArn)) {
        // One that somebody else takes out stays out.
        if (isOurs || state === 'no-group' || isSuspended(this.#group, 'AddToLoadBalancer')) continue;
        if (state !== 'registered') this.#steps.push({ kind: 'register', instanceId: row.instanceId, target });
        registeredIn = [...registeredIn, targetGroupArn];
      } else if (isOurs && state === 'registered') {
        this.#steps.push({ kind: 'drain', instanceId: row.instanceId, target });
      } else if (isOurs && state !== 'draining') {
        registeredIn = registeredIn.filter((arn) => arn !== targetGroupArn);
      }
    }
    if (registeredIn !== row.registeredIn) this.#change(row.instanceId, { registeredIn });
  }

  /** Takes an instance out of all target groups; answers whether nothing is left to be drained. */
  #drained(row: GroupInstance, targets: readonly ObservedTarget[], off: boolean): boolean {
    const ours = targets.filter(({ targetGroupArn }) => row.registeredIn.includes(targetGroupArn));
    for (const target of ours) {
      if (target.state === 'registered') this.#steps.push({ kind: 'drain', instanceId: row.instanceId, target });
    }
    const left = ours.filter(({ state }) => state === 'registered' || state === 'draining');
    // What does not run has no requests to finish.
    if (left.length === 0 || off) {
      this.#change(row.instanceId, { registeredIn: [] });
      return true;
    }
    if (row.activityId !== undefined && left.some(({ state }) => state === 'registered')) {
      const change = { status: 'WaitingForELBConnectionDraining', progress: 30 } as const;
      this.#steps.push({ kind: 'change-activity', id: row.activityId, change });
    }
    return false;
  }

  #checkHealth({ row: { instanceId }, targets }: ObservedMember, off: boolean): void {
    let row = this.#rows.get(instanceId);
    if (row === undefined) return;
    if (row.healthStatus === 'Healthy' && !isSuspended(this.#group, 'HealthCheck')) {
      const graceUntil = (row.inServiceAt ?? 0) + this.#group.healthCheckGracePeriodSeconds * 1000;
      const unhealthy =
        this.#group.healthCheckType === 'ELB' &&
        targets.some(
          (target) =>
            target.unhealthy && row?.registeredIn.includes(target.targetGroupArn) && target.state !== 'absent',
        );
      if (unhealthy && this.#now < graceUntil) this.#lookAts.push(graceUntil);
      const by = off ? 'EC2' : unhealthy && this.#now >= graceUntil ? 'ELB' : undefined;
      if (by !== undefined) this.#put((row = { ...row, healthStatus: 'Unhealthy', unhealthyBy: by }));
    }
    if (row.healthStatus === 'Healthy' || this.#keeps('ReplaceUnhealthy')) return;
    this.#leave(row, unhealthyCause(row.unhealthyBy ?? 'user', this.#now));
  }

  #keeps(process: 'ReplaceUnhealthy' | 'AZRebalance'): boolean {
    return isSuspended(this.#group, process) || isSuspended(this.#group, 'Terminate');
  }

  /** Lets an instance go. */
  #leave({ instanceId }: GroupInstance, cause: string): void {
    this.#endActivity(instanceId, { status: 'Cancelled' });
    const row = this.#rows.get(instanceId);
    if (row === undefined) return;
    const id = this.#ids.uuid();
    this.#steps.push({
      kind: 'begin-activity',
      activity: {
        account: row.account,
        region: row.region,
        id,
        groupArn: this.#group.arn,
        groupName: this.#group.name,
        description: `Terminating EC2 instance: ${instanceId}`,
        cause,
        startedAt: this.#now,
        status: 'InProgress',
        progress: 0,
        subnetId: row.subnetId,
        zone: row.zone,
      },
    });
    this.#put({ ...row, state: 'Terminating', actions: [], activityId: id });
  }

  #deleteAll(): undefined {
    for (const row of this.#rows.values()) {
      if (!counts(row) && row.state !== 'Standby') continue;
      this.#leave(row, at(this.#now, `a user request force deleted the AutoScalingGroup`));
    }
    if (this.#rows.size === 0) this.#steps.push({ kind: 'delete' });
  }

  /** Brings the group to its desired capacity. */
  #resize(): Launch | undefined {
    const { desiredCapacity, change } = this.#group;
    const serving = [...this.#rows.values()].filter(counts);
    if (serving.length < desiredCapacity) {
      const replaces = [...this.#rows.values()].some(
        ({ state, healthStatus }) => state.startsWith('Terminating') && healthStatus === 'Unhealthy',
      );
      const from = serving.length;
      return this.#launch(serving, () =>
        launchCause(this.#group, { from, to: desiredCapacity, replaces, now: this.#now }),
      );
    }
    if (serving.length > desiredCapacity) {
      // One that was launched to balance the zones comes into service before another goes.
      if (change === undefined && serving.some(({ state }) => state !== 'InService')) return undefined;
      this.#shrink(serving, desiredCapacity);
      return undefined;
    }
    if (change !== undefined) {
      const { change: _done, ...rest } = this.#group;
      this.#group = rest;
    }
    return this.#rebalance(serving);
  }

  #shrink(serving: readonly GroupInstance[], desired: number): void {
    if (isSuspended(this.#group, 'Terminate')) return;
    let members = serving;
    while (members.length > desired) {
      const chosen = chooseToTerminate({
        members,
        zones: this.#group.zones,
        policies: this.#group.terminationPolicies,
        madeAt: this.#observed.madeAt,
        now: this.#now,
      });
      if (chosen === undefined) return;
      const { instanceId } = chosen;
      const cause = shrinkCause(this.#group, { from: serving.length, to: desired, instanceId, now: this.#now });
      this.#leave(chosen, cause);
      members = members.filter((one) => one !== chosen);
    }
  }

  /** In the zone, and of its subnets in the one, with fewest instances. */
  #launch(serving: readonly GroupInstance[], cause: () => string): Launch | undefined {
    if (isSuspended(this.#group, 'Launch')) return undefined;
    const { retryAt = 0 } = this.#group.launchFailure ?? {};
    if (this.#now < retryAt) {
      this.#lookAts.push(retryAt);
      return undefined;
    }
    const inZone = (zone: string): number => serving.filter((one) => one.zone === zone).length;
    const inSubnet = (id: string): number => serving.filter((one) => one.subnetId === id).length;
    const [place] = this.#group.subnets.toSorted(
      (a, b) => inZone(a.zone) - inZone(b.zone) || inSubnet(a.id) - inSubnet(b.id),
    );
    return place === undefined ? undefined : { subnetId: place.id, zone: place.zone, cause: cause() };
  }

  /**
   * Launches one more in a zone that has two fewer than another, or while one stands where the group is not: it comes before the other
   * goes ("Availability Zone rebalancing", Amazon EC2 Auto Scaling User Guide).
   */
  #rebalance(serving: readonly GroupInstance[]): Launch | undefined {
    if (this.#keeps('AZRebalance') || serving.some(({ state }) => state !== 'InService')) return undefined;
    const zones = this.#group.zones.map((zone) => ({ zone, count: serving.filter((one) => one.zone === zone).length }));
    const sizes = zones.map(({ count }) => count);
    const astray = serving.some((one) => !this.#group.zones.includes(one.zone) && !one.protectedFromScaleIn);
    if (Math.max(...sizes) - Math.min(...sizes) < 2 && !astray) return undefined;
    // Where all in the fullest zone are protected, one more would stay one too many.
    const next = chooseToTerminate({
      members: serving,
      zones: this.#group.zones,
      policies: [],
      madeAt: this.#observed.madeAt,
      now: this.#now,
    });
    const emptiest = zones.toSorted((a, b) => a.count - b.count)[0];
    if (next === undefined || emptiest === undefined) return undefined;
    if (!astray && serving.filter(({ zone }) => zone === next.zone).length - emptiest.count < 2) return undefined;
    return this.#launch(serving, () =>
      at(
        this.#now,
        `instances were launched to balance instances in zones ${next.zone} with other zones resulting in more than desired number of instances in the group`,
      ),
    );
  }
}
