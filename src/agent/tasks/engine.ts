import type { Cancel } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ContainerEvent, ContainerState } from '../../drivers/docker/driver.ts';
import type { IamRoleCredentialsMessage, PayloadTask } from '../../wire/acs.ts';
import type { AgentMessage } from '../../wire/messages.ts';
import { logTargetOf } from './container-spec.ts';
import { leaseKey } from './bridge.ts';
import { sharesLimit } from './group.ts';
import { executeStep, pullFailed, type ExecuteDeps, type TaskUpdate } from './execute.ts';
import { labels, pauseName } from './names.ts';
import { adoptTask, outOfMemory, withContainer, withEvent, withListing } from './observe.ts';
import { planTask, stepKey, type TaskStep } from './plan.ts';
import { nothingTold, reportTask, type Told } from './report.ts';
import { isEnding, newTaskView, willRestart, type TaskView } from './view.ts';

export interface TaskEngineDeps extends ExecuteDeps {
  readonly log: Log;
  /** Sends to the control plane; answers whether there is a connection that takes it. */
  readonly send: (message: AgentMessage) => boolean;
  /** The VPC of an interface, once it stands on this machine. */
  readonly vpcOf: (interfaceId: string) => string | undefined;
  /** Whether the interface hangs on a task already. */
  readonly isAttached: (interfaceId: string) => Promise<boolean>;
}

interface Run {
  task: TaskView;
  told: Told;
  readonly busy: Set<string>;
  readonly attempts: Map<string, number>;
  readonly pulls: AbortController;
  /** Containers of which the engine said that their memory limit killed a process, since they last ended. */
  readonly outOfMemory: Set<string>;
  /** Ended containers of which the engine may say so yet: to be called when it does. */
  readonly lateWord: Map<string, () => void>;
  /** Containers whose end is being looked into. */
  readonly dying: Set<string>;
  queued: boolean;
  cancelTimer: Cancel;
}

/** How often a registry that does not answer is asked, as the genuine agent does. */
const maxPullAttempts = 5;
const firstRetryMs = 250;
const longestRetryMs = 15_000;
/**
 * How long after an end the engine may still say that memory ran out. What notices the one and what notices the other are two
 * threads of it: with eight busy processes beside it, one word in sixty came after the end, up to 165 ms late.
 */
const lateWordMs = 2_000;
/** How many tasks that are over and removed are remembered, so that a late payload does not start them again. */
const maxEnded = 2_000;

/** Runs the tasks of a machine: keeps a view of each, plans, does the steps, and reports. */
export class TaskEngine {
  readonly #deps: TaskEngineDeps;
  readonly #runs = new Map<string, Run>();
  readonly #ended = new Map<string, PayloadTask>();
  /** Steps under way that make something, which whoever ends this engine must know of. */
  readonly #making = new Set<Promise<void>>();
  /** Failed steps that wait to be tried again: calling one tries it now. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(deps: TaskEngineDeps) {
    this.#deps = deps;
  }

  /** The tasks that are not removed. */
  get tasks(): readonly TaskView[] {
    return [...this.#runs.values()].map(({ task }) => task);
  }

  /** The interfaces of the tasks that are to run. */
  get interfaces(): ReadonlySet<string> {
    const running = this.tasks.filter((task) => !isEnding(task));
    return new Set(running.flatMap(({ payload }) => payload.elasticNetworkInterfaces.map(({ ec2Id }) => ec2Id)));
  }

  /** Whether something is being made for a task. */
  get making(): boolean {
    return this.#making.size > 0;
  }

  /** Takes a task of a payload: starts one that is not known, stops one that is to stop; telling again changes nothing. */
  take(payload: PayloadTask): void {
    const run = this.#runs.get(payload.arn);
    if (run !== undefined) {
      this.#update(run, ({ fromLabel: _told, ...task }) => ({
        ...task,
        // A task only moves forward.
        desired: payload.desiredStatus === 'STOPPED' ? 'STOPPED' : task.desired,
        payload: {
          ...task.payload,
          ...(payload.roleCredentials === undefined ? {} : { roleCredentials: payload.roleCredentials }),
          ...(payload.executionRoleCredentials === undefined
            ? {}
            : { executionRoleCredentials: payload.executionRoleCredentials }),
        },
      }));
      return;
    }
    if (payload.desiredStatus === 'STOPPED' || this.#ended.has(payload.arn)) this.#reportEnded(payload);
    else this.#add(newTaskView(payload));
  }

  /** Takes credentials that replace those of a task's role. */
  takeCredentials({ taskArn, roleType, roleCredentials }: IamRoleCredentialsMessage): void {
    const run = this.#runs.get(taskArn);
    if (run === undefined) return;
    const member = roleType === 'TaskApplication' ? 'roleCredentials' : 'executionRoleCredentials';
    this.#update(run, (task) => ({ ...task, payload: { ...task.payload, [member]: roleCredentials } }));
  }

  /** Stops a task that the control plane does not know. */
  stop(arn: string): void {
    const run = this.#runs.get(arn);
    if (run !== undefined) this.#update(run, (task) => ({ ...task, desired: 'STOPPED' }));
  }

  /** Ends a task that cannot go on. */
  fail(arn: string, reason: string): void {
    const run = this.#runs.get(arn);
    if (run !== undefined) this.#update(run, (task) => ({ ...task, failure: task.failure ?? reason }));
  }

  /** The ids that a listing asked for now must name. */
  knownIds(): Set<string> {
    const ids = this.tasks.flatMap((task) => [
      task.pause.id,
      ...task.containers.flatMap(({ id, bridge }) => [id, bridge?.pause.id]),
    ]);
    return new Set(ids.filter((id) => id !== undefined));
  }

  /**
   * Takes over everything of this installation that the engine has: tasks are adopted, and what is missing is noticed.
   * Answers the tasks that were new to us.
   */
  async observe(states: readonly ContainerState[], known: ReadonlySet<string>): Promise<TaskView[]> {
    const adopted: TaskView[] = [];
    const byTask = Map.groupBy(states, (state) => state.labels[labels.task] ?? '');
    for (const run of this.#runs.values()) {
      const own = await this.#withoutStrays(byTask.get(run.task.payload.arn) ?? [], run.task.pause.id);
      this.#update(run, (task) => withListing(task, own, known, this.#deps.clock.now()));
    }
    for (const [arn, own] of byTask) {
      if (arn === '' || this.#runs.has(arn)) continue;
      if (this.#ended.has(arn)) {
        // Asked for by a predecessor of ours that was killed, and made only after its task was over.
        for (const { id } of own) await this.#deps.docker.remove(id);
        continue;
      }
      const task = adoptTask(await this.#withoutStrays(own, own.find(joins)?.labels[labels.pause]));
      if (task === undefined) continue;
      const eni = task.payload.elasticNetworkInterfaces[0];
      const attached = eni !== undefined && (await this.#deps.isAttached(eni.ec2Id));
      if (this.#runs.has(arn)) continue;
      this.#add({ ...task, attached });
      adopted.push(task);
    }
    return adopted;
  }

  /**
   * The containers of a task without a second pause container, which is removed: a predecessor that was killed had asked for
   * it, and the task has got another one since.
   */
  async #withoutStrays(own: readonly ContainerState[], pauseId: string | undefined): Promise<ContainerState[]> {
    const isStray = ({ id, labels: { [labels.container]: name } }: ContainerState): boolean =>
      name === pauseName && pauseId !== undefined && id !== pauseId;
    for (const stray of own.filter(isStray)) await this.#deps.docker.remove(stray.id);
    return own.filter((state) => !isStray(state));
  }

  /** Takes over one event; answers whether it is of a task that we know. */
  event(event: ContainerEvent): boolean {
    const run = this.#runs.get(event.labels[labels.task] ?? '');
    if (run === undefined) return false;
    const { action, containerId } = event;
    // Only an inspection tells whether its memory limit killed it, unless the engine said so before or we had it killed.
    const killedByUs = run.busy.has(stepKey({ kind: 'stop', container: event.labels[labels.container] ?? '' }));
    if (action === 'oom') {
      run.outOfMemory.add(containerId);
      run.lateWord.get(containerId)?.();
    } else if (action === 'die' && event.exitCode === 137) void this.#death(run, event, killedByUs);
    // Whoever removed it meanwhile changes nothing about how it ended.
    else if (!run.dying.has(containerId)) this.#update(run, (task) => withEvent(task, event));
    return true;
  }

  /** Removes what a predecessor that was killed left of the control groups of its tasks. */
  removeOrphanedGroups(): Promise<void> {
    return this.#deps.groups.keepOnly(() => this.tasks.map(({ payload }) => payload));
  }

  /** To be called when the engine answers again: what failed because it did not is tried at once. */
  engineReturned(): void {
    for (const run of this.#runs.values()) run.attempts.clear();
    for (const again of this.#waiting) again();
  }

  /** To be called when VPCs changed. */
  networkChanged(): void {
    for (const run of this.#runs.values()) this.#update(run, (task) => task);
  }

  /** To be called at every new connection: everything is told again. */
  connected(): void {
    for (const run of this.#runs.values()) {
      run.told = nothingTold;
      this.#report(run);
    }
  }

  /** Ends all activity; resolves once nothing is being made any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const run of this.#runs.values()) {
      run.cancelTimer();
      run.pulls.abort();
    }
    await Promise.all(this.#making);
  }

  async #death(run: Run, event: ContainerEvent, killedByUs: boolean): Promise<void> {
    const { containerId, labels: named } = event;
    const told = run.outOfMemory.delete(containerId);
    let oomKilled = told && !(killedByUs && sharesLimit(run.task.payload));
    const name = named[labels.container] ?? '';
    if (!told && !killedByUs) {
      run.dying.add(containerId);
      try {
        // The engine answers only when it has cleared up after the container, which takes it up to 200 ms.
        const { payload } = run.task;
        const ruledOut = await this.#deps.groups.stayedBelow(payload, name);
        if (!ruledOut) ({ oomKilled } = await this.#deps.docker.inspect(containerId));
        if (!ruledOut && !oomKilled) oomKilled = await this.#lateWord(run, containerId);
      } catch {
        // Removed already: then it was not its limit.
      }
      run.dying.delete(containerId);
    }
    this.#update(run, (task) => {
      const next = withEvent(task, event);
      return oomKilled ? withContainer(next, name, (each) => ({ ...each, reason: outOfMemory })) : next;
    });
  }

  /** Whether the engine says yet, or has said since its end, that a container's memory ran out. */
  async #lateWord(run: Run, containerId: string): Promise<boolean> {
    if (!run.outOfMemory.has(containerId)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      run.lateWord.set(containerId, resolve);
      const cancel = this.#deps.clock.after(lateWordMs, resolve);
      await promise;
      cancel();
      run.lateWord.delete(containerId);
    }
    return run.outOfMemory.delete(containerId);
  }

  #add(task: TaskView): void {
    const run: Run = {
      task,
      told: nothingTold,
      busy: new Set(),
      attempts: new Map(),
      pulls: new AbortController(),
      outOfMemory: new Set(),
      lateWord: new Map(),
      dying: new Set(),
      queued: false,
      cancelTimer: () => {},
    };
    this.#runs.set(task.payload.arn, run);
    for (const { spec, bridge, phase } of task.containers) {
      if (bridge === undefined) continue;
      // A program runs only where its network hung on the bridge.
      const hangs = bridge.pause.phase === 'running' && (bridge.plugged || phase === 'running');
      const pid = hangs ? bridge.pause.pid : undefined;
      this.#deps.inner?.restore(leaseKey(task.payload, spec.name), bridge.lease, pid);
    }
    this.#update(run, (each) => each);
  }

  #update(run: Run, update: TaskUpdate): void {
    if (this.#closed) return;
    run.task = this.#derive(update(run.task), run.busy);
    if (isEnding(run.task)) run.pulls.abort();
    this.#followLogs(run);
    this.#report(run);
    if (run.task.removed) {
      this.#forget(run);
      return;
    }
    if (run.queued) return;
    run.queued = true;
    queueMicrotask(() => {
      run.queued = false;
      this.#advance(run);
    });
  }

  /** Fills in what follows from the rest. */
  #derive(task: TaskView, busy: ReadonlySet<string>): TaskView {
    let next = task;
    const now = this.#deps.clock.now();
    const mayBeOver = next.stoppedAt === undefined && isEnding(next);
    if (mayBeOver && planTask(next, busy, now).steps.some(({ kind }) => kind === 'conclude')) {
      // So that the end of the task is told together with that of its last container, as one change.
      next = { ...next, stoppedAt: now };
    }
    const eni = task.payload.elasticNetworkInterfaces[0];
    if (next.vpcId === undefined && eni !== undefined) {
      const vpcId = this.#deps.vpcOf(eni.ec2Id);
      if (vpcId !== undefined) next = { ...next, vpcId };
    }
    if (next.executionStoppedAt === undefined && isEnding(next)) {
      // As the genuine agent: when the first essential container stopped, or when all was over if none had run.
      const ends = next.containers.flatMap(({ spec, phase, finishedAt }) =>
        spec.essential && phase === 'exited' && finishedAt !== undefined ? [finishedAt] : [],
      );
      const at = ends.length > 0 ? Math.min(...ends) : next.stoppedAt;
      if (at !== undefined) next = { ...next, executionStoppedAt: at };
    }
    return next;
  }

  #advance(run: Run): void {
    if (this.#closed) return;
    const now = this.#deps.clock.now();
    const { steps, lookAt } = planTask(run.task, run.busy, now);
    for (const step of steps) {
      const done = this.#do(run, step);
      if (!makes(step)) continue;
      this.#making.add(done);
      void done.finally(() => this.#making.delete(done));
    }
    run.cancelTimer();
    if (lookAt !== undefined) {
      run.cancelTimer = this.#deps.clock.after(Math.max(0, lookAt - now), () => this.#update(run, (task) => task));
    }
  }

  async #do(run: Run, step: TaskStep): Promise<void> {
    const key = stepKey(step);
    run.busy.add(key);
    try {
      const update = await executeStep(step, run.task, this.#deps, run.pulls.signal, (now) => this.#update(run, now));
      run.busy.delete(key);
      run.attempts.delete(key);
      this.#update(run, update);
    } catch (error) {
      if (this.#closed || ((step.kind === 'pull' || step.kind === 'fetch') && run.pulls.signal.aborted)) {
        run.busy.delete(key);
        return;
      }
      await this.#retry(run, step, key, error);
    }
  }

  async #retry(run: Run, step: TaskStep, key: string, error: unknown): Promise<void> {
    const { clock, log, docker } = this.#deps;
    const attempt = (run.attempts.get(key) ?? 0) + 1;
    // The first failure is news, the hundredth is not.
    if (Number.isInteger(Math.log2(attempt))) {
      log.warn('step failed', { task: run.task.payload.arn, step: key, attempt, error: messageOf(error) });
    }
    if (step.kind === 'pull' && attempt >= maxPullAttempts) {
      // Whether it was the registry or the engine itself that did not answer, the engine tells.
      const alive = await docker.version().then(
        () => true,
        () => false,
      );
      if (alive) {
        run.busy.delete(key);
        return this.#update(run, (task) => pullFailed(step.container, error)({ ...task, pullStoppedAt: clock.now() }));
      }
    }
    // What is no driver's failure is a mistake of ours: it is tried again too, but it must not spin.
    const base = error instanceof DriverError ? firstRetryMs : 10 * firstRetryMs;
    run.attempts.set(key, attempt);
    const again = (): void => {
      cancel();
      this.#waiting.delete(again);
      run.busy.delete(key);
      this.#update(run, (task) => task);
    };
    const cancel = clock.after(Math.min(longestRetryMs, base * 2 ** Math.min(10, attempt - 1)), again);
    this.#waiting.add(again);
  }

  #followLogs(run: Run): void {
    const { task } = run;
    for (const { spec, id, phase } of task.containers) {
      if (id === undefined || (phase !== 'running' && phase !== 'exited') || task.removed) continue;
      const target = logTargetOf(task.payload, spec, id);
      if (target === undefined) continue;
      this.#deps.logs.follow(id, target, () => mayReturn(run.task, spec.name));
    }
  }

  #report(run: Run): void {
    // One that ended before the engine answered that it began is told of when that is answered: whether the task is over with it is
    // not known before, and its end would be told apart from the task's.
    const began = ({ phase, spec }: TaskView['containers'][number]): boolean =>
      phase !== 'exited' || !run.busy.has(stepKey({ kind: 'start', container: spec.name }));
    if (!run.task.containers.every(began)) return;
    const { change, health, told } = reportTask(run.task, run.told);
    if (health !== undefined && !this.#deps.send({ type: 'PublishHealthRequest', message: health })) return;
    if (change === undefined) {
      run.told = told;
      return;
    }
    if (!this.#deps.send({ type: 'SubmitTaskStateChange', message: change })) return;
    run.told = told;
    if (change.status === 'STOPPED') void this.#release(run);
  }

  /** Lets a stopped task's containers go once their last lines are stored. */
  async #release(run: Run): Promise<void> {
    // Of one that never ran, nobody reads any lines.
    const ids = run.task.containers.flatMap(({ id, phase }) => (id !== undefined && phase === 'exited' ? [id] : []));
    await Promise.all(ids.map((id) => this.#deps.logs.drained(id)));
    this.#update(run, (task) => (task.released ? task : { ...task, released: true }));
  }

  #reportEnded(payload: PayloadTask): void {
    this.#deps.send({
      type: 'SubmitTaskStateChange',
      message: {
        cluster: payload.taskClusterArn,
        task: payload.arn,
        status: 'STOPPED',
        reason: '',
        containers: payload.containers.map(({ name }) => ({ containerName: name, status: 'STOPPED' })),
      },
    });
  }

  #forget(run: Run): void {
    const { payload } = run.task;
    this.#runs.delete(payload.arn);
    this.#ended.set(payload.arn, payload);
    const oldest = this.#ended.keys().next();
    if (this.#ended.size > maxEnded && oldest.done !== true) this.#ended.delete(oldest.value);
  }
}

/**
 * Whether a container that the engine says has ended may run again. One whose end we have not heard of yet may: the event
 * decides, and it is on its way.
 */
function mayReturn(task: TaskView, name: string): boolean {
  const container = task.containers.find(({ spec }) => spec.name === name);
  if (container?.spec.restartPolicy === undefined || isEnding(task)) return false;
  return container.phase === 'running' || willRestart(container);
}

/** Whether a container names the pause container that it joins. */
function joins(state: ContainerState): boolean {
  return state.labels[labels.pause] !== undefined;
}

/** Whether something new stands once the step is done. */
function makes({ kind }: TaskStep): boolean {
  return (
    kind === 'create-group' ||
    kind === 'create-pause' ||
    kind === 'start-pause' ||
    kind === 'attach' ||
    kind === 'create-sandbox' ||
    kind === 'start-sandbox' ||
    kind === 'plug' ||
    kind === 'create' ||
    kind === 'start' ||
    kind === 'restart'
  );
}
