import { given } from '../../base/given.ts';
import type { Ids } from '../../base/ids.ts';
import { otherSlot, shiftsTraffic, type Lifecycle } from '../../model/ecs/lifecycle.ts';
import { isServed, type Shift } from '../../model/elbv2/shift.ts';
import { reached, type Task, type TaskScheduling } from '../../model/ecs/task.ts';
import type { TaskStop } from '../../model/ecs/task-end.ts';
import type { Deployment, Service } from '../../model/ecs/service.ts';
import { hasTaskSets, type TaskSet } from '../../model/ecs/task-set.ts';
import { newTasks, type NewTasks } from './create.ts';
import { daemonPlaces, planDaemon } from './daemon.ts';
import { EventWriter, protectedEvent, unplacedEvent } from './events.ts';
import { breakerThreshold, isOver, revisionOf, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import { failedToStart, inconsistentAfter, noThrottle, tasksPerRetry, throttled } from './failures.ts';
import { judgeTasks, noteEnds, noteHealth, tellNoPlace, tellUnplaced, type Notes } from './judgement.ts';
import type { ObservedService } from './observe.ts';
import { resolvedImages } from './images.ts';
import { advance, beginLifecycle, turnedBack, type LifecycleFacts } from './lifecycle.ts';
import { startsPerPlan, steadyAgainMs } from './pace.ts';
import { findPlaces } from './places.ts';
import { bakesUntil, beginWatch, endWatch, triggeredAlarms } from './alarms.ts';
import {
  alarmFailure,
  breakerFailure,
  failDeployment,
  shiftFailure,
  stoppedByUser,
  type DeploymentFailure,
} from './rollback.ts';
import { completed, counted, superseded } from './rollout.ts';
import { rebalancing } from './rebalancing.ts';
import { scaleInRules, type ScaleInRules } from './scale-in.ts';
import { maximumTasks, scale, underProtection, type JudgedTask, type ScaleDecision } from './scale.ts';
import { planTaskSets } from './task-sets.ts';
import { servingSlot, shifts } from './traffic.ts';

export type ServiceStep =
  | { readonly kind: 'start'; readonly task: Task }
  | { readonly kind: 'stop'; readonly taskArn: string; readonly stop: TaskStop }
  /** Note something down about a task. */
  | { readonly kind: 'note'; readonly taskArn: string; readonly scheduling: TaskScheduling }
  | { readonly kind: 'write'; readonly service: Service }
  | { readonly kind: 'write-rollout'; readonly rollout: ServiceDeployment }
  | { readonly kind: 'write-task-set'; readonly taskSet: TaskSet }
  /** A task set that drained is gone. */
  | { readonly kind: 'delete-task-set'; readonly arn: string }
  /** Share traffic between two target groups as it says. */
  | { readonly kind: 'shift'; readonly shift: Shift }
  /** Note which images a service revision's tags stand for. */
  | { readonly kind: 'resolve'; readonly revisionArn: string; readonly imageDigests: Readonly<Record<string, string>> }
  /** The service is gone: so is what it deployed. */
  | { readonly kind: 'forget'; readonly serviceArn: string };

/** What to do for a service now, and when to look again though nothing is committed (epoch milliseconds). */
export interface ServicePlan {
  readonly steps: readonly ServiceStep[];
  readonly lookAt?: number;
}

/**
 * The service scheduler: judges every task of one service and decides what to start, stop, write and tell. Pure: the same
 * arguments give the same plan, ids included.
 */
export function planService(observed: ObservedService, now: number, ids: Ids): ServicePlan {
  return hasTaskSets(observed.service)
    ? planTaskSets(observed, now, ids)
    : new ServicePlanner(observed, now, ids).plan();
}

/** How many tasks of a deployment are to be started, and where on instances. */
interface Start {
  readonly deployment: Deployment;
  /** Where, if that is to spread the service more evenly. */
  readonly zone?: string;
  readonly count: number;
  readonly places?: NewTasks['places'];
  readonly provider?: string;
  readonly waiting?: boolean;
}

/** What is to be started and stopped. */
interface Changes {
  readonly starts: readonly Start[];
  readonly stop: readonly JudgedTask[];
  /** Others stand in for those that are stopped, in other zones. */
  readonly rebalances?: true;
}

/** One run of the scheduler; its fields are what the steps so far come to. */
class ServicePlanner {
  readonly #observed: ObservedService;
  readonly #now: number;
  readonly #ids: Ids;
  readonly #events: EventWriter;
  readonly #steps: ServiceStep[] = [];
  readonly #notes: Notes = new Map();
  readonly #stops = new Map<Task, TaskStop>();
  readonly #lookAts: number[] = [];
  readonly #look = (at: number): void => void this.#lookAts.push(at);
  #service: Service;
  #rollout: ServiceDeployment | undefined;

  constructor(observed: ObservedService, now: number, ids: Ids) {
    this.#observed = observed;
    this.#now = now;
    this.#ids = ids;
    this.#service = observed.service;
    this.#rollout = observed.rollout;
    this.#events = new EventWriter(observed.service.name, observed.service.events, now, ids);
  }

  plan(): ServicePlan {
    const judged = judgeTasks(this.#observed, this.#events, this.#now, this.#look);
    this.#attendRollout();
    this.#attendAlarms();
    const failed = this.#accountForEnds();
    this.#accountForHealth(judged);
    this.#resolveImages();
    if (failed.length > 0) this.#countFailures(failed.length);
    this.#shiftTraffic(judged);
    const started = this.#scale(judged);
    tellUnplaced(this.#observed.tasks, this.#events, this.#now, this.#look);
    this.#rollOut(judged, started);
    return this.#finish();
  }

  /** The deployment that is to be; a service has none only when it is over. */
  get #primary(): Deployment | undefined {
    return this.#service.deployments[0];
  }

  get #desired(): number {
    const { places } = this.#observed;
    if (this.#service.status === 'DRAINING') return 0;
    // A daemon's follows from its cluster.
    return this.#isDaemon && places !== undefined
      ? daemonPlaces(places.needs, places.candidates).length
      : this.#service.desiredCount;
  }

  get #isDaemon(): boolean {
    return this.#service.schedulingStrategy === 'DAEMON';
  }

  /** Begins the service deployment, or ends it as it was asked to. */
  #attendRollout(): void {
    if (this.#rollout === undefined || this.#service.status !== 'ACTIVE') return;
    if (this.#rollout.status === 'PENDING') {
      const { alarms } = this.#rollout;
      const watch = alarms && beginWatch(alarms, this.#observed.alarms);
      this.#rollout = { ...this.#rollout, status: 'IN_PROGRESS', startedAt: this.#now, ...given('alarms', watch) };
      this.#chooseSlot(this.#rollout);
    } else if (this.#rollout.status === 'ROLLBACK_REQUESTED' || this.#rollout.status === 'STOP_REQUESTED') {
      this.#fail(stoppedByUser(this.#rollout.status === 'ROLLBACK_REQUESTED'));
    }
  }

  /** Ends the deployment when an alarm that watches it has gone into ALARM. */
  #attendAlarms(): void {
    const rollout = this.#rollout;
    if (rollout?.alarms === undefined || this.#service.status !== 'ACTIVE') return;
    const triggered = triggeredAlarms(rollout, this.#observed.alarms);
    if (triggered.length === 0 || this.#primary?.rolloutState !== 'IN_PROGRESS') return;
    this.#rollout = { ...rollout, alarms: { ...rollout.alarms, status: 'TRIGGERED', triggered } };
    this.#fail(alarmFailure(triggered, rollout.deploymentConfiguration.alarms?.rollback === true));
  }

  /** Whether a rolling deployment that is done is watched on by its alarms. */
  #bakes(): boolean {
    const until = bakesUntil(this.#rollout, this.#observed.alarms, this.#now);
    if (until === undefined || this.#rollout?.alarms === undefined) return false;
    if (this.#rollout.alarms.bakeUntil !== until) {
      this.#rollout = { ...this.#rollout, alarms: { ...this.#rollout.alarms, bakeUntil: until } };
    }
    if (this.#now >= until) return false;
    this.#lookAts.push(until);
    return true;
  }

  /** Decides in which target groups the new deployment's tasks are to be: where traffic is shifted, in those that do not serve. */
  #chooseSlot(rollout: ServiceDeployment): void {
    const shifting = shiftsTraffic(rollout.deploymentConfiguration);
    const { traffic } = this.#observed;
    if (traffic.length === 0 && !shifting) return;
    const before = this.#service.deployments[1]?.slot ?? 'primary';
    // Without a load balancer there is no traffic to shift; all stages are gone through all the same.
    const serving = traffic.length === 0 ? { slot: before } : servingSlot(traffic, rollout.sources.length > 1);
    if ('failure' in serving) {
      if (shifting) this.#fail(shiftFailure(serving.failure));
      return;
    }
    const replaces = rollout.sources.length > 0;
    const slot = shifting && replaces ? otherSlot(serving.slot) : serving.slot;
    this.#writePrimary({ slot });
    if (!shifting) return;
    const facts = this.#lifecycleFacts(rollout, []);
    const lifecycle = beginLifecycle(serving.slot, rollout.sources.length, facts, this.#ids, this.#now);
    this.#rollout = { ...rollout, slot, lifecycle };
    // Of two that were on their way, the one that serves gets all.
    if (rollout.sources.length > 1) this.#share(lifecycle);
  }

  /** Takes a deployment that shifts traffic as far as it can go now. */
  #shiftTraffic(judged: readonly JudgedTask[]): void {
    for (;;) {
      const rollout = this.#rollout;
      if (rollout?.lifecycle === undefined || isOver(rollout) || this.#service.status !== 'ACTIVE') return;
      const facts = this.#lifecycleFacts(rollout, judged);
      const { lifecycle, failure, lookAt } = advance(rollout.lifecycle, facts, this.#ids, this.#now);
      if (lifecycle !== rollout.lifecycle) this.#rollout = { ...rollout, lifecycle };
      if (failure === undefined) {
        if (lookAt !== undefined) this.#lookAts.push(lookAt);
        if (lifecycle.production !== rollout.lifecycle.production || lifecycle.test !== rollout.lifecycle.test) {
          this.#share(lifecycle);
        }
        return;
      }
      // Turned back, it goes on from where it is.
      this.#fail(shiftFailure(failure));
    }
  }

  #share({ production, test }: Lifecycle): void {
    for (const shift of shifts(this.#observed.traffic, production, test)) this.#steps.push({ kind: 'shift', shift });
  }

  #lifecycleFacts(rollout: ServiceDeployment, judged: readonly JudgedTask[]): LifecycleFacts {
    const primary = this.#primary;
    const serving = this.#serving;
    const live = this.#observed.tasks.map(({ task }) => task).filter((task) => !reached(task.lastStatus, 'STOPPING'));
    const healthy = judged.filter(
      ({ task, verdict }) => task.deploymentId === primary?.id && verdict.kind === 'healthy' && !this.#drains(task),
    );
    return {
      configuration: rollout.deploymentConfiguration,
      slot: primary?.slot ?? 'primary',
      ready: healthy.length >= this.#desired,
      others: live.some((task) => task.deploymentId !== primary?.id),
      strays: live.some((task) => task.deploymentId !== primary?.id && task.deploymentId !== serving?.id),
      serves: ({ production, test }) =>
        shifts(this.#observed.traffic, production, test).every((shift) => isServed(shift, this.#observed.served)),
      replaces: rollout.sources.length > 0,
    };
  }

  /** What serves, or served, beside the PRIMARY deployment: the newest one in the other target groups. */
  get #serving(): Deployment | undefined {
    const [primary, ...older] = this.#service.deployments;
    return older.find(({ slot = 'primary' }) => slot !== (primary?.slot ?? 'primary'));
  }

  /** Takes note of tasks that ended, or were made to end by somebody else. Answers those that failed to start. */
  #accountForEnds(): Task[] {
    const ended = noteEnds(this.#observed.tasks, this.#notes, this.#events);
    const failed = ended.filter((task) => task.deploymentId === this.#primary?.id && failedToStart(task));
    const throttle = this.#service.throttle.deploymentId === this.#primary?.id ? this.#service.throttle : noThrottle;
    const next = throttled(throttle, failed, this.#now);
    if (next !== throttle) {
      this.#write({ throttle: { ...next, ...(this.#primary && { deploymentId: this.#primary.id }) } });
      if (next.consecutiveFailures >= inconsistentAfter) {
        this.#events.tellOnce('is unable to consistently start tasks successfully.');
      }
    }
    return failed;
  }

  /** Takes note of targets registered and of tasks seen healthy for the first time, by which failures are forgotten. */
  #accountForHealth(judged: readonly JudgedTask[]): void {
    const id = this.#primary?.id;
    const recovered = noteHealth(judged, this.#notes, this.#events, this.#now).some(
      ({ deploymentId }) => deploymentId === id,
    );
    const succeeded = judged.some(({ task, verdict }) => verdict.kind === 'healthy' && task.deploymentId === id);
    if (recovered && this.#service.throttle.consecutiveFailures > 0) this.#write({ throttle: noThrottle });
    const resets = this.#service.deploymentConfiguration.deploymentCircuitBreaker?.resetOnHealthyTask !== false;
    if (succeeded && resets && this.#primary?.succeeded !== true)
      this.#writePrimary({ succeeded: true, failedTasks: 0 });
  }

  /** Notes which images the deployments' tags stood for. */
  #resolveImages(): void {
    const { definitions, tasks } = this.#observed;
    const all = tasks.map(({ task }) => task);
    const deployments = this.#service.deployments.map((deployment): Deployment => {
      const imageDigests = resolvedImages(deployment, definitions.get(deployment.taskDefinitionArn), all);
      if (imageDigests === deployment.imageDigests || Object.keys(imageDigests).length === 0) return deployment;
      this.#steps.push({ kind: 'resolve', revisionArn: revisionOf(this.#service, deployment.id), imageDigests });
      return { ...deployment, imageDigests };
    });
    if (deployments.some((one, index) => one !== this.#service.deployments[index])) this.#write({ deployments });
  }

  /** Counts failures of the deployment and fails it at the threshold; rolls back where that is asked for. */
  #countFailures(count: number): void {
    const primary = this.#primary;
    if (primary === undefined || primary.succeeded === true || primary.rolloutState !== 'IN_PROGRESS') return;
    // There is nothing else to turn to: what is turned back to is tried until it runs.
    if (this.#rollout?.lifecycle?.rollback === true) return;
    const failedTasks = primary.failedTasks + count;
    this.#writePrimary({ failedTasks });
    const { deploymentConfiguration } = this.#service;
    const breaker = deploymentConfiguration.deploymentCircuitBreaker;
    if (breaker?.enable !== true || failedTasks < breakerThreshold(this.#desired, deploymentConfiguration)) return;
    this.#fail(breakerFailure(breaker.rollback === true));
  }

  /** Ends the PRIMARY deployment, and rolls back where that is asked for and there is something to go back to. */
  #fail(failure: DeploymentFailure): void {
    const primary = this.#primary;
    if (primary === undefined) return;
    const shifting = this.#rollout !== undefined && shiftsTraffic(this.#rollout.deploymentConfiguration);
    const how = shifting ? { ...failure, rollback: true } : failure;
    const serving = shifting ? this.#serving : undefined;
    const { service, rollout, target } = failDeployment(this.#service, this.#rollout, how, this.#now, serving);
    this.#events.tell(`(deployment ${primary.id}) deployment failed: ${failure.event}`);
    if (target !== undefined) this.#events.tell(`rolling back to deployment ${target.id}.`);
    this.#service = service;
    const turns = target !== undefined && rollout?.lifecycle !== undefined;
    this.#rollout = turns ? { ...rollout, lifecycle: turnedBack(rollout.lifecycle, this.#now) } : rollout;
  }

  /** Starts and stops tasks. Answers those started. */
  #scale(judged: readonly JudgedTask[]): Task[] {
    const primary = this.#primary;
    if (primary === undefined) return [];
    const { throttle } = this.#service;
    const failed = primary.rolloutState === 'FAILED';
    const resting = throttle.deploymentId === primary.id && this.#now < throttle.retryAt;
    const retrying = throttle.deploymentId === primary.id && throttle.consecutiveFailures > 1;
    const definition = this.#observed.definitions.get(primary.taskDefinitionArn);
    const mayStart = failed || resting || definition === undefined ? 0 : retrying ? tasksPerRetry : startsPerPlan;
    if (resting) this.#lookAts.push(throttle.retryAt);
    if (definition === undefined && this.#desired > 0) {
      this.#events.tellOnce(`was unable to place a task. Reason: ${primary.taskDefinitionArn} does not exist.`);
    }
    const lifecycle = this.#service.status === 'ACTIVE' ? this.#rollout?.lifecycle : undefined;
    const {
      starts,
      stop,
      rebalances = false,
    } = this.#isDaemon && this.#service.status === 'ACTIVE'
      ? this.#daemon(judged, primary, mayStart, failed)
      : lifecycle !== undefined && !failed
        ? this.#twoRevisions(judged, primary, lifecycle, mayStart)
        : (this.#rebalance(judged, primary, mayStart) ?? this.#replicas(judged, primary, mayStart, failed));
    const started = starts.map(({ deployment, zone, count, places, provider, waiting }) => {
      const its = this.#observed.definitions.get(deployment.taskDefinitionArn);
      const made =
        its === undefined
          ? []
          : newTasks(this.#service, deployment, its, {
              count,
              placed: judged.map(({ task }) => task),
              ...given('places', places),
              ...given('provider', provider),
              ...given('waiting', waiting),
              ids: this.#ids,
              now: this.#now,
            });
      if (zone !== undefined) this.#events.startedToRebalance(made, zone);
      return { zone, made };
    });
    const all = started.flatMap(({ made }) => made);
    for (const task of all) this.#steps.push({ kind: 'start', task });
    this.#events.started(started.flatMap(({ zone, made }) => (zone === undefined ? made : [])));
    this.#stop(stop, rebalances);
    return all;
  }

  /** Moves tasks between zones, where the service is to be kept even. */
  #rebalance(judged: readonly JudgedTask[], primary: Deployment, mayStart: number): Changes | undefined {
    const service = this.#service;
    const most = maximumTasks(this.#desired, service.deploymentConfiguration.maximumPercent ?? 200);
    const { underWay, moves } = rebalancing(
      {
        observed: this.#observed,
        service,
        primary,
        judged,
        desired: this.#desired,
        most,
        mayStart,
        random: () => this.#ids.random(),
      },
      this.#events,
    );
    const { rebalancing: before, ...rest } = service;
    if (underWay !== (before === true)) this.#service = underWay ? { ...rest, rebalancing: true } : rest;
    if (moves === undefined) return undefined;
    const takes = this.#observed.places?.needs;
    const starts = moves.starts.map(({ found, ...start }): Start => ({
      ...start,
      ...given('places', found && takes && { found, takes }),
    }));
    return { starts, stop: moves.stop, rebalances: true };
  }

  /** What a replica service starts and stops: as many tasks as are desired. */
  #replicas(judged: readonly JudgedTask[], primary: Deployment, mayStart: number, failed: boolean): Changes {
    const { deploymentConfiguration } = this.#service;
    const decision = scale({
      desired: this.#desired,
      minimumHealthyPercent: deploymentConfiguration.minimumHealthyPercent ?? 100,
      maximumPercent: deploymentConfiguration.maximumPercent ?? 200,
      primary: judged.filter(({ task }) => task.deploymentId === primary.id && !this.#drains(task)),
      old: judged.filter(({ task }) => task.deploymentId !== primary.id && !this.#drains(task)),
      draining: judged.filter(({ task }) => this.#drains(task)),
      ...given('scaleIn', this.#scaleIn),
      mayStart,
      failed,
    });
    this.#tellProtected(judged, decision);
    if (decision.stuck) {
      this.#events.tellOnce(
        'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.',
      );
    }
    return { starts: this.#placed(primary, decision.start, judged), stop: decision.stop };
  }

  /**
   * What a service starts and stops while its deployment shifts traffic: both revisions have all tasks that are desired until
   * the one that no longer serves is cleaned up.
   */
  #twoRevisions(judged: readonly JudgedTask[], primary: Deployment, { stage }: Lifecycle, mayStart: number): Changes {
    const waits = stage === 'RECONCILE_SERVICE' || stage === 'PRE_SCALE_UP';
    const serving = stage === 'CLEAN_UP' ? undefined : this.#serving;
    const all = this.#full(judged, primary, waits ? 0 : mayStart);
    // On instances places are looked for with the needs of the PRIMARY deployment only.
    const mayReplace = this.#observed.places === undefined ? startsPerPlan : 0;
    const kept = serving === undefined ? undefined : this.#full(judged, serving, mayReplace);
    const leaving = judged.filter(
      ({ task, isProtected: guarded, verdict }) =>
        task.deploymentId !== primary.id &&
        task.deploymentId !== serving?.id &&
        (guarded !== true || verdict.kind === 'unhealthy'),
    );
    return {
      starts: [
        ...this.#placed(primary, all.start, judged),
        ...(serving === undefined || kept === undefined ? [] : [{ deployment: serving, count: kept.start }]),
      ],
      stop: [...all.stop, ...(kept?.stop ?? []), ...leaving],
    };
  }

  /** What brings one deployment to the desired count, whatever the others have. */
  #full(judged: readonly JudgedTask[], deployment: Deployment, mayStart: number): ScaleDecision {
    const { minimumHealthyPercent = 100, maximumPercent = 200 } = this.#service.deploymentConfiguration;
    const its = judged.filter(({ task }) => task.deploymentId === deployment.id);
    return scale({
      desired: this.#desired,
      minimumHealthyPercent,
      maximumPercent,
      primary: its.filter(({ task }) => !this.#drains(task)),
      old: [],
      draining: its.filter(({ task }) => this.#drains(task)),
      ...given('scaleIn', this.#scaleIn),
      mayStart,
      failed: false,
    });
  }

  get #scaleIn(): ScaleInRules | undefined {
    return scaleInRules(this.#observed, this.#observed.places, () => this.#ids.random());
  }

  /** Tells of tasks that would go were they not protected, once there is nothing else to be done. */
  #tellProtected(judged: readonly JudgedTask[], { start, stop }: ScaleDecision): void {
    if (start > 0 || stop.length > 0 || judged.some(({ verdict }) => verdict.kind !== 'healthy')) return;
    const held = underProtection(judged, stop, this.#desired);
    const id = judged.find(({ isProtected }) => isProtected === true)?.task.deploymentId;
    if (held > 0 && id !== undefined) this.#events.tellOnce(protectedEvent(id, held));
  }

  /** What a daemon service starts and stops: a task on each instance. */
  #daemon(judged: readonly JudgedTask[], primary: Deployment, mayStart: number, failed: boolean): Changes {
    const { places, busy } = this.#observed;
    if (places === undefined) return { starts: [], stop: [] };
    if (this.#service.desiredCount !== this.#desired) this.#write({ desiredCount: this.#desired });
    const { start, stop, failures } = planDaemon({
      ...places,
      busy,
      minimumHealthyPercent: this.#service.deploymentConfiguration.minimumHealthyPercent ?? 0,
      primary: judged.filter(({ task }) => task.deploymentId === primary.id),
      old: judged.filter(({ task }) => task.deploymentId !== primary.id),
      mayStart,
      failed,
    });
    if (failures.length > 0) this.#events.tellOnce(unplacedEvent(failures));
    const found = { found: start, takes: places.needs };
    return { starts: [{ deployment: primary, count: start.length, places: found }], stop };
  }

  /** Whether a task stands on an instance that is being drained: it is to be replaced. */
  #drains(task: Task): boolean {
    return task.containerInstanceArn !== undefined && this.#observed.draining.has(task.containerInstanceArn);
  }

  /** New tasks of the PRIMARY deployment; on instances as many as find one. What finds none is told, and tried again later. */
  #placed(deployment: Deployment, count: number, judged: readonly JudgedTask[]): Start[] {
    const { places } = this.#observed;
    if (places === undefined || count === 0) return [{ deployment, count }];
    const placed = judged.map(({ task }) => task);
    const { found, failures } = findPlaces(places, deployment, { count, placed, ids: this.#ids });
    if (failures !== undefined) tellNoPlace(failures, this.#events, this.#now, this.#look);
    return found.map((its) => ({ deployment, ...its }));
  }

  #stop(stop: readonly JudgedTask[], rebalances: boolean): void {
    for (const { task, verdict } of stop) {
      const reason = `Scaling activity initiated by (deployment ${task.deploymentId ?? ''})`;
      const scaling = { code: 'ServiceSchedulerInitiated', reason } as const;
      this.#stops.set(task, verdict.kind === 'unhealthy' ? verdict.stop : scaling);
      this.#notes.set(task, { ...(this.#notes.get(task) ?? task.scheduling), ended: true });
    }
    const tasks = stop.map(({ task }) => task);
    this.#events.deregistered(
      tasks.filter((task) => this.#notes.get(task)?.registered === true),
      true,
    );
    if (rebalances) this.#events.stoppedToRebalance(tasks);
    else this.#events.stopped(tasks);
    const unwell = stop.filter(
      ({ task, verdict }) =>
        verdict.kind === 'unhealthy' &&
        task.deploymentId === this.#primary?.id &&
        task.scheduling?.healthyAt === undefined,
    );
    if (unwell.length > 0) this.#countFailures(unwell.length);
  }

  /** Counts, ends of rollouts, the steady state, and the end of the service. */
  #rollOut(judged: readonly JudgedTask[], started: readonly Task[]): void {
    const live = this.#observed.tasks.map(({ task }) => task).filter((task) => task.lastStatus !== 'STOPPED');
    if (this.#service.status === 'DRAINING' && live.length === 0) {
      const { currentServiceDeployment: _over, ...gone } = this.#service;
      this.#service = { ...gone, status: 'INACTIVE', deployments: [], desiredCount: 0 };
      this.#rollout = undefined;
      this.#steps.push({ kind: 'forget', serviceArn: gone.arn });
      return;
    }
    const byDeployment = Map.groupBy([...live, ...started], (task) => task.deploymentId);
    const deployments = this.#service.deployments.flatMap((deployment, index) => {
      const tasks = byDeployment.get(deployment.id) ?? [];
      // An older deployment leaves once its last task is on its way out and has nothing more to drain.
      if (index > 0 && tasks.every((task) => reached(task.lastStatus, 'STOPPING'))) return [];
      return [this.#counted(deployment, index === 0, tasks)];
    });
    const before = this.#service.deployments;
    if (deployments.length !== before.length || deployments.some((one, index) => one !== before[index])) {
      this.#write({ deployments });
    }

    const steady =
      this.#stops.size === 0 &&
      started.length === 0 &&
      deployments.length === 1 &&
      judged.length === this.#desired &&
      judged.every(({ task, verdict }) => verdict.kind === 'healthy' && task.deploymentId === deployments[0]?.id) &&
      !live.some((task) => task.desiredStatus === 'STOPPED' && !reached(task.lastStatus, 'STOPPING'));
    this.#settle(steady);
  }

  #counted(deployment: Deployment, primary: boolean, tasks: readonly Task[]): Deployment {
    const wanted = tasks.filter((task) => task.desiredStatus === 'RUNNING' && !this.#stops.has(task));
    const runningCount = wanted.filter((task) => task.lastStatus === 'RUNNING').length;
    const next: Deployment = {
      ...deployment,
      status: primary ? 'PRIMARY' : 'ACTIVE',
      desiredCount: primary ? this.#desired : wanted.length,
      runningCount,
      pendingCount: wanted.length - runningCount,
    };
    const same = (['status', 'desiredCount', 'runningCount', 'pendingCount'] as const).every(
      (field) => next[field] === deployment[field],
    );
    return same ? deployment : { ...next, updatedAt: this.#now };
  }

  #settle(steady: boolean): void {
    const { steadyAt, ...rest } = this.#service;
    const { stage = 'CLEAN_UP' } = this.#rollout?.lifecycle ?? {};
    if (!steady || rest.status !== 'ACTIVE' || stage !== 'CLEAN_UP') {
      if (steadyAt !== undefined) this.#service = rest;
      return;
    }
    const primary = this.#primary;
    if (primary?.rolloutState === 'IN_PROGRESS' && !this.#bakes()) {
      const done: Deployment = {
        ...primary,
        rolloutState: 'COMPLETED',
        rolloutStateReason: `ECS deployment ${primary.id} completed.`,
        updatedAt: this.#now,
      };
      this.#events.tell(`(deployment ${primary.id}) deployment completed.`);
      this.#write({ deployments: [done], lastCompleted: done });
      if (this.#rollout !== undefined) this.#rollout = completed(this.#rollout, this.#now);
    }
    if (primary?.rolloutState === 'FAILED') return;
    if (steadyAt === undefined || this.#now >= steadyAt + steadyAgainMs) {
      this.#events.steady();
      this.#write({ steadyAt: this.#now });
    }
    this.#lookAts.push((this.#service.steadyAt ?? this.#now) + steadyAgainMs);
  }

  #finish(): ServicePlan {
    for (const [task, stop] of this.#stops) this.#steps.push({ kind: 'stop', taskArn: task.arn, stop });
    for (const [task, scheduling] of this.#notes) this.#steps.push({ kind: 'note', taskArn: task.arn, scheduling });
    if (this.#events.any) this.#write({ events: this.#events.all() });
    this.#finishRollout();
    if (this.#service !== this.#observed.service) this.#steps.push({ kind: 'write', service: this.#service });
    const lookAt = this.#lookAts.reduce((least, at) => Math.min(least, at), Infinity);
    return { steps: this.#steps, ...(lookAt === Infinity ? {} : { lookAt }) };
  }

  #finishRollout(): void {
    if (this.#service.status === 'INACTIVE') return;
    for (const rollout of this.#observed.stopping) {
      if (rollout.arn !== this.#observed.rollout?.arn) {
        this.#steps.push({ kind: 'write-rollout', rollout: superseded(rollout, this.#now) });
      }
    }
    if (this.#rollout === undefined) return;
    const rollout = endWatch(counted(this.#rollout, this.#service));
    if (isOver(rollout)) {
      const { currentServiceDeployment: _over, ...rest } = this.#service;
      this.#service = rest;
    }
    if (rollout === this.#observed.rollout) return;
    this.#steps.push({ kind: 'write-rollout', rollout: { ...rollout, updatedAt: this.#now } });
  }

  #write(fields: Partial<Service>): void {
    this.#service = { ...this.#service, ...fields };
  }

  #writePrimary(fields: Partial<Deployment>): void {
    const [primary, ...rest] = this.#service.deployments;
    if (primary !== undefined) this.#write({ deployments: [{ ...primary, ...fields }, ...rest] });
  }
}
