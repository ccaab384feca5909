import type { Ids } from '../../base/ids.ts';
import type { CodeDeployment, DeploymentWork } from '../../model/codedeploy/deployment.ts';
import { isOver } from '../../model/codedeploy/deployment.ts';
import type { LifecycleEvent, LifecycleEventName } from '../../model/codedeploy/lifecycle-event.ts';
import { endEarly, type EarlyEnd } from '../../model/codedeploy/rollback.ts';
import { taskSetRecords } from '../../model/codedeploy/task-set-records.ts';
import { nextShare, stepMs } from '../../model/codedeploy/traffic-routing.ts';
import type { DeploymentSpec } from '../../model/ecs/service.ts';
import { newTaskSet, type TaskSet } from '../../model/ecs/task-set.ts';
import { isServed, type Shift } from '../../model/elbv2/shift.ts';
import { failures } from './failures.ts';
import type { ObservedDeployment } from './observe.ts';
import { forwardsTo, sharedRules } from './routes.ts';

const minuteMs = 60_000;
/** For how long the replacement task set may take to become healthy, and a hook to report ("Troubleshoot Amazon ECS deployment issues"). */
const longestMs = 60 * minuteMs;

export type DeploymentStep =
  /** Note how far the deployment is, or begin the one that rolls it back. */
  | { readonly kind: 'write'; readonly deployment: CodeDeployment }
  | { readonly kind: 'install'; readonly taskSet: TaskSet }
  /** Make a task set the PRIMARY one. */
  | { readonly kind: 'promote'; readonly taskSetArn: string }
  /** Have a task set drain and go. */
  | { readonly kind: 'drain'; readonly taskSetArn: string }
  /** Share traffic between the two target groups as it says. */
  | { readonly kind: 'shift'; readonly shift: Shift };

/** What to do for a deployment now, and when to look again though nothing is committed (epoch milliseconds). */
export interface DeploymentPlan {
  readonly steps: readonly DeploymentStep[];
  readonly lookAt?: number;
}

/**
 * Takes a deployment as far as it can go now ("What happens during an Amazon ECS deployment", CodeDeploy User Guide). Pure: the
 * same arguments give the same plan, ids included.
 */
export function planDeployment(observed: ObservedDeployment, now: number, ids: Ids): DeploymentPlan {
  return new DeploymentPlanner(observed, now, ids).plan();
}

/** Whether the deployment goes on at once, or something must happen first. */
type Progress = 'on' | 'wait';

/** One run of the planner; its fields are what the steps so far come to. */
class DeploymentPlanner {
  readonly #observed: ObservedDeployment;
  readonly #now: number;
  readonly #ids: Ids;
  readonly #steps: DeploymentStep[] = [];
  #deployment: CodeDeployment;
  #lookAt = Infinity;
  /** Rules were changed in this very run, so nobody serves them so yet. */
  #shifted = false;

  constructor(observed: ObservedDeployment, now: number, ids: Ids) {
    this.#observed = observed;
    this.#now = now;
    this.#ids = ids;
    this.#deployment = observed.deployment;
  }

  plan(): DeploymentPlan {
    while (!isOver(this.#deployment) && this.#goOn() === 'on');
    if (this.#deployment !== this.#observed.deployment) {
      this.#steps.unshift({ kind: 'write', deployment: this.#deployment });
    }
    return { steps: this.#steps, ...(this.#lookAt === Infinity ? {} : { lookAt: this.#lookAt }) };
  }

  #goOn(): Progress {
    const { work } = this.#deployment;
    const { service } = this.#observed;
    if (work === undefined) return this.#fail(failures.noRevision);
    if (service === undefined) return this.#fail(failures.noService(this.#deployment));
    if (this.#deployment.creator === 'codeDeployRollback') return this.#rollBack(work);
    const alarm = this.#alarm();
    if (alarm !== undefined) {
      return this.#end({ status: 'Stopped', event: 'DEPLOYMENT_STOP_ON_ALARM', error: alarm });
    }
    if (this.#deployment.status === 'Created') return this.#begin(work);
    const event = this.#deployment.events.find(({ status }) => status === 'Pending' || status === 'InProgress');
    if (event === undefined) return this.#terminate(work);
    if (event.name === 'BeforeAllowTraffic' && event.status === 'Pending' && !this.#mayShift(work)) return 'wait';
    switch (event.name) {
      case 'Install':
        return this.#install(event, work);
      case 'AllowTestTraffic':
        return this.#allowTestTraffic(event, work);
      case 'AllowTraffic':
        return this.#allowTraffic(event, work);
      case 'BeforeInstall':
      case 'AfterInstall':
      case 'AfterAllowTestTraffic':
      case 'BeforeAllowTraffic':
      case 'AfterAllowTraffic':
        return this.#askHook(event, work.hooks[event.name]);
      default:
        return event.name satisfies never;
    }
  }

  /** Why the alarms that are watched stop the deployment, if they do. */
  #alarm(): EarlyEnd['error'] {
    const { alarms } = this.#observed;
    const active = alarms.filter(({ state }) => state === 'ALARM');
    if (active.length > 0) return failures.alarmed(active.map(({ name }) => name));
    const unknown = this.#deployment.alarms.ignoresUnknown ? [] : alarms.filter(({ state }) => state === undefined);
    return unknown.length > 0 ? failures.unwatched(unknown.map(({ name }) => name)) : undefined;
  }

  /** Finds out what serves, and gives it all traffic, whatever an earlier deployment left. */
  #begin({ route }: DeploymentWork): Progress {
    const { taskSets, production, test } = this.#observed;
    const original = taskSets.find(({ status }) => status === 'PRIMARY');
    if (original === undefined) return this.#fail(failures.noPrimary(this.#deployment));
    const blue = groupOf(original);
    const behind = production.some((rule) => forwardsTo(rule, blue));
    if (!behind || (route.testListenerArn !== undefined && test.length === 0)) return this.#fail(failures.notBehind);
    this.#write({ status: 'InProgress', startedAt: this.#now, originalArn: original.arn, share: 0 });
    this.#share(0, 0);
    return 'on';
  }

  /** Brings up the replacement task set in the target group that does not serve; what an earlier deployment left there goes. */
  #install(event: LifecycleEvent, { spec, route }: DeploymentWork): Progress {
    const { service } = this.#observed;
    const original = this.#original;
    if (original === undefined || service === undefined) return this.#fail(failures.noPrimary(this.#deployment));
    if (event.status === 'Pending') {
      if (!this.#serves()) return 'wait';
      for (const { arn, status } of this.#observed.taskSets) {
        if (status === 'ACTIVE') this.#steps.push({ kind: 'drain', taskSetArn: arn });
      }
      const targetGroupArn = otherOf(route.targetGroups, groupOf(original));
      const replacement: DeploymentSpec = {
        ...spec,
        loadBalancers: spec.loadBalancers.map((entry) => ({ ...entry, targetGroupArn })),
      };
      const scale = { value: 100, unit: 'PERCENT' } as const;
      const options = { startedBy: 'CODE_DEPLOY', externalId: this.#deployment.id, scale };
      const taskSet = newTaskSet(service, replacement, options, this.#ids, this.#now);
      this.#steps.push({ kind: 'install', taskSet });
      this.#write({ replacementArn: taskSet.arn });
      this.#note('Install', { status: 'InProgress', startedAt: this.#now });
      return this.#until(this.#now + longestMs);
    }
    const replacement = this.#replacement;
    if (replacement === undefined) return this.#fail(failures.noReplacement);
    if (replacement.stabilityStatus === 'STEADY_STATE') return this.#succeed('Install');
    const gaveUpAt = (event.startedAt ?? this.#now) + longestMs;
    return this.#now >= gaveUpAt ? this.#fail(failures.notHealthy) : this.#until(gaveUpAt);
  }

  #allowTestTraffic(event: LifecycleEvent, { route }: DeploymentWork): Progress {
    if (this.#observed.test.length === 0 && route.testListenerArn !== undefined) return this.#fail(failures.notBehind);
    if (event.status === 'Pending') {
      this.#write({ tested: true });
      this.#note('AllowTestTraffic', { status: 'InProgress', startedAt: this.#now });
      this.#share(this.#deployment.share, 100);
    }
    return this.#serves() ? this.#succeed('AllowTestTraffic') : 'wait';
  }

  /** Shifts production traffic, step by step, and makes the replacement the PRIMARY task set once it has all. */
  #allowTraffic(event: LifecycleEvent, { routing }: DeploymentWork): Progress {
    const { replacementArn, share, sharedAt = this.#now } = this.#deployment;
    if (this.#observed.production.length === 0) return this.#fail(failures.notBehind);
    if (this.#replacement === undefined || replacementArn === undefined) return this.#fail(failures.noReplacement);
    if (event.status === 'Pending') {
      this.#note('AllowTraffic', { status: 'InProgress', startedAt: this.#now });
      return this.#shiftTo(nextShare(routing, 0));
    }
    if (!this.#serves()) return 'wait';
    if (share < 100) {
      const nextAt = sharedAt + stepMs(routing);
      return this.#now >= nextAt ? this.#shiftTo(nextShare(routing, share)) : this.#until(nextAt);
    }
    this.#steps.push({ kind: 'promote', taskSetArn: replacementArn });
    this.#succeed('AllowTraffic');
    return 'wait';
  }

  #shiftTo(share: number): Progress {
    this.#write({ share, sharedAt: this.#now });
    this.#share(share, this.#testShare);
    return 'wait';
  }

  /** Whether production traffic may be shifted: at once, or when somebody says so. */
  #mayShift({ waits }: DeploymentWork): boolean {
    const { continued, readySince, status } = this.#deployment;
    if (waits.onReadyTimeout === 'CONTINUE_DEPLOYMENT' || continued?.ready === true) {
      if (status === 'Ready') this.#write({ status: 'InProgress' });
      return true;
    }
    if (readySince === undefined) this.#write({ status: 'Ready', readySince: this.#now });
    const stopAt = (readySince ?? this.#now) + waits.readyMinutes * minuteMs;
    if (this.#now < stopAt) this.#until(stopAt);
    else
      this.#end({ status: 'Stopped', event: 'DEPLOYMENT_FAILURE', error: failures.notContinued(waits.readyMinutes) });
    return false;
  }

  /** A hook is called by another loop; it reports within an hour. */
  #askHook({ name, status, startedAt = this.#now, hook }: LifecycleEvent, target: string | undefined): Progress {
    if (status === 'Pending') {
      this.#note(name, {
        status: 'InProgress',
        startedAt: this.#now,
        ...(target === undefined ? {} : { hook: { id: this.#ids.uuid(), target } }),
      });
      return target === undefined ? this.#succeed(name) : this.#until(this.#now + longestMs);
    }
    if (hook?.outcome === 'Failed') return this.#fail(failures.hookFailed);
    if (hook === undefined || hook.outcome === 'Succeeded') return this.#succeed(name);
    const lateAt = startedAt + longestMs;
    return this.#now >= lateAt ? this.#fail(failures.hookSilent) : this.#until(lateAt);
  }

  /** Everything is done but that the original goes: after a while, or when somebody says so. */
  #terminate({ waits }: DeploymentWork): Progress {
    const { continued, originalArn, terminationSince = this.#now } = this.#deployment;
    const endsAt = terminationSince + waits.terminationMinutes * minuteMs;
    if (this.#now < endsAt && continued?.termination !== true) {
      if (this.#deployment.terminationSince === undefined) this.#write({ terminationSince });
      return this.#until(endsAt);
    }
    if (this.#original !== undefined && originalArn !== undefined) {
      this.#steps.push({ kind: 'drain', taskSetArn: originalArn });
    }
    return this.#complete();
  }

  /** Gives all traffic back to what served before, and takes the replacement away once nothing goes to it. */
  #rollBack(work: DeploymentWork): Progress {
    const { originalArn, replacementArn, status } = this.#deployment;
    const original = this.#original;
    if (original === undefined || originalArn === undefined) return this.#fail(failures.noPrimary(this.#deployment));
    if (this.#observed.production.length === 0) return this.#fail(failures.notBehind);
    if (status === 'Created') {
      this.#write({ status: 'InProgress', startedAt: this.#now, share: 0, sharedAt: this.#now });
      this.#forget();
      for (const { name } of this.#deployment.events) {
        const isShift = name === 'AllowTraffic';
        this.#note(name, isShift ? { status: 'InProgress', startedAt: this.#now } : { status: 'Skipped' });
      }
      this.#share(0, 0);
      return 'wait';
    }
    const test = work.route.testListenerArn === undefined ? undefined : 0;
    if (!this.#serves(test)) return 'wait';
    if (original.status !== 'PRIMARY') {
      this.#steps.push({ kind: 'promote', taskSetArn: originalArn });
      return 'wait';
    }
    if (this.#replacement !== undefined && replacementArn !== undefined) {
      this.#steps.push({ kind: 'drain', taskSetArn: replacementArn });
    }
    this.#succeed('AllowTraffic');
    return this.#complete();
  }

  #complete(): Progress {
    this.#write({ status: 'Succeeded', completedAt: this.#now });
    this.#record();
    return 'wait';
  }

  #fail(error: NonNullable<EarlyEnd['error']>): Progress {
    return this.#end({ status: 'Failed', event: 'DEPLOYMENT_FAILURE', error });
  }

  #end(end: EarlyEnd): Progress {
    const { deployment, rollback } = endEarly(this.#deployment, end, this.#ids, this.#now);
    this.#deployment = deployment;
    this.#record();
    if (rollback !== undefined) this.#steps.push({ kind: 'write', deployment: rollback });
    return 'wait';
  }

  #record(): void {
    this.#write({ taskSets: taskSetRecords(this.#deployment, this.#observed.taskSets) });
  }

  get #original(): TaskSet | undefined {
    return this.#standing(this.#deployment.originalArn);
  }

  get #replacement(): TaskSet | undefined {
    return this.#standing(this.#deployment.replacementArn);
  }

  #standing(arn: string | undefined): TaskSet | undefined {
    return this.#observed.taskSets.find((one) => one.arn === arn && one.status !== 'DRAINING');
  }

  get #testShare(): number {
    return this.#deployment.tested === true ? 100 : 0;
  }

  /** The rules as they are to be when the replacement has `percent` of the traffic, and `test` of the test traffic. */
  #shifts(percent: number, test: number): Shift[] {
    const original = this.#original;
    const { route } = this.#deployment.work ?? {};
    if (original === undefined || route === undefined) return [];
    const blue = groupOf(original);
    const green = otherOf(route.targetGroups, blue);
    return [
      ...sharedRules(this.#observed.production, blue, green, percent),
      ...sharedRules(this.#observed.test, blue, green, test),
    ];
  }

  #share(percent: number, test: number): void {
    this.#shifted = true;
    for (const shift of this.#shifts(percent, test)) this.#steps.push({ kind: 'shift', shift });
  }

  /** Whether the load balancers share traffic as they were told. */
  #serves(test = this.#testShare): boolean {
    if (this.#shifted) return false;
    return this.#shifts(this.#deployment.share, test).every((shift) => isServed(shift, this.#observed.served));
  }

  #succeed(name: LifecycleEventName): Progress {
    this.#note(name, { status: 'Succeeded', endedAt: this.#now });
    return 'on';
  }

  #until(at: number): Progress {
    this.#lookAt = Math.min(this.#lookAt, at);
    return 'wait';
  }

  #note(name: LifecycleEventName, fields: Partial<LifecycleEvent>): void {
    const events = this.#deployment.events.map((event) => (event.name === name ? { ...event, ...fields } : event));
    this.#write({ events });
  }

  /** Test traffic is no longer the replacement's. */
  #forget(): void {
    const { tested: _was, ...rest } = this.#deployment;
    this.#deployment = rest;
  }

  #write(fields: Partial<CodeDeployment>): void {
    this.#deployment = { ...this.#deployment, ...fields };
  }
}

function groupOf({ loadBalancers }: TaskSet): string {
  return loadBalancers[0]?.targetGroupArn ?? '';
}

function otherOf([one, other]: readonly [string, string], targetGroupArn: string): string {
  return targetGroupArn === one ? other : one;
}
