import { namesWhatIsFetched } from '../fetch/fetched.ts';
import { brokenVolumes, resolveDependencies } from './dependencies.ts';
import { planBridge, usesBridge } from './bridge.ts';
import { hasPause, isEnding, ownsNetwork, willRestart, type ContainerView, type TaskView } from './view.ts';

/** One thing to do for a task. Steps of one task run side by side; the same step never twice at a time. */
export type TaskStep =
  /** Make the control group that holds the task's containers to its size. */
  | { readonly kind: 'create-group' }
  | { readonly kind: 'create-pause' }
  | { readonly kind: 'start-pause' }
  | { readonly kind: 'attach'; readonly vpcId: string }
  /** Get what containers are made with and the payload only names: secrets. */
  | { readonly kind: 'fetch' }
  /** In bridge mode: make, start and connect what holds a container's own network. */
  | { readonly kind: 'create-sandbox' | 'start-sandbox' | 'plug'; readonly container: string }
  | { readonly kind: 'pull'; readonly container: string }
  | { readonly kind: 'open-log'; readonly container: string }
  | { readonly kind: 'create'; readonly container: string }
  | { readonly kind: 'start'; readonly container: string }
  /** Start an exited container again, as its restart policy says. */
  | { readonly kind: 'restart'; readonly container: string }
  | { readonly kind: 'stop'; readonly container: string }
  /** The task cannot go on; `container` when it is one container's fault. */
  | { readonly kind: 'fail'; readonly container?: string; readonly reason: string; readonly exitCode?: number }
  /** Everything has stopped: note the time, so that it is told. */
  | { readonly kind: 'conclude' }
  /** Take the interface away and the pause container with it. */
  | { readonly kind: 'release-network' }
  /** Remove the containers, and what they shared. */
  | { readonly kind: 'remove' };

/** What to do now, and when to look again though nothing happens (epoch milliseconds). */
export interface TaskPlan {
  readonly steps: readonly TaskStep[];
  readonly lookAt?: number;
}

/** How long a task waits for its VPC to stand on this machine. */
const networkTimeoutMs = 180_000;

/** The exit code that the genuine agent gives a container which its dependencies keep from starting: that of SIGTERM. */
const neverStarted = 143;

/**
 * How long a task that is over keeps its network: taking it away runs programs, whose start holds this process up for
 * longer than telling takes that the task has stopped.
 */
const tellFirstMs = 5;

/** How long the containers of a stopped task stay, for those who want to look at them. */
export const retentionMs = 30_000;

/**
 * The next steps of a task: containers start in the order of their `dependsOn`, and stop in the opposite one
 * ("Container dependency", ECS Developer Guide). `busy` holds the keys of steps under way (see `stepKey`).
 */
export function planTask(task: TaskView, busy: ReadonlySet<string>, now: number): TaskPlan {
  if (task.removed) return { steps: [] };
  const plan = isEnding(task) ? planEnd(task, busy, now) : planStart(task, busy, now);
  return { ...plan, steps: plan.steps.filter((step) => !busy.has(stepKey(step))) };
}

/** What tells one step of a task from another. */
export function stepKey(step: TaskStep): string {
  return 'container' in step && step.container !== undefined ? `${step.kind} ${step.container}` : step.kind;
}

function planStart(task: TaskView, busy: ReadonlySet<string>, now: number): TaskPlan {
  const steps: TaskStep[] = [];
  let lookAt = Infinity;
  if (task.group === undefined) steps.push({ kind: 'create-group' });
  if (hasPause(task)) {
    const { pause } = task;
    if (pause.phase === 'none') steps.push({ kind: 'create-pause' });
    else if (pause.phase === 'created') steps.push({ kind: 'start-pause' });
    else if (pause.phase === 'exited') {
      // The engine restarted, or somebody removed it, before anything had joined it.
      const inHand = [...busy].some((key) => /^(create|attach)\b/.test(key));
      if (!inHand) steps.push({ kind: 'release-network' });
    } else if (ownsNetwork(task) && !task.attached && task.vpcId !== undefined) {
      steps.push({ kind: 'attach', vpcId: task.vpcId });
    } else if (ownsNetwork(task) && !task.attached) {
      const until = (pause.startedAt ?? now) + networkTimeoutMs;
      const reason = 'ResourceInitializationError: failed to configure ENI: its VPC does not stand on this machine';
      if (now >= until) return { steps: [{ kind: 'fail', reason }] };
      lookAt = until;
    }
  }
  if (mustFetch(task)) steps.push({ kind: 'fetch' });
  for (const container of task.containers) {
    const { name } = container.spec;
    if (container.failed) {
      // The engine may have started it all the same, though its answer was a refusal.
      if (container.phase === 'running') steps.push({ kind: 'stop', container: name });
      continue;
    }
    if (usesBridge(task) && (container.phase === 'none' || container.phase === 'created')) {
      steps.push(...planBridge(container));
    }
    if (container.phase === 'none') {
      const broken = brokenVolumes(task, container);
      if (broken !== undefined) steps.push({ kind: 'fail', container: name, reason: broken, exitCode: neverStarted });
      else if (!container.pulled) {
        if (canPull(task, container)) steps.push({ kind: 'pull', container: name });
      } else if (canCreate(task, container)) steps.push({ kind: 'create', container: name });
    } else if (container.phase === 'created') {
      const wait = resolveDependencies(task, container, now);
      if (wait.broken !== undefined) {
        steps.push({ kind: 'fail', container: name, reason: wait.broken, exitCode: neverStarted });
        continue;
      }
      if (wait.lookAt !== undefined) lookAt = Math.min(lookAt, wait.lookAt);
      const sandbox = ownsNetwork(task) ? task.attached : !hasPause(task) || task.pause.phase === 'running';
      const network = sandbox && (!usesBridge(task) || container.bridge?.plugged === true);
      if (!container.logsReady) steps.push({ kind: 'open-log', container: name });
      else if (wait.met && network && task.group !== undefined) steps.push({ kind: 'start', container: name });
    } else if (willRestart(container)) {
      steps.push({ kind: 'restart', container: name });
    }
  }
  return { steps, ...(lookAt === Infinity ? {} : { lookAt }) };
}

/** Whether something must be fetched, and the credentials to do it with are known. */
function mustFetch(task: TaskView): boolean {
  if (task.fetched !== undefined || task.fromLabel === true) return false;
  return task.containers.some(({ phase, spec }) => phase === 'none' && namesWhatIsFetched(spec));
}

/** Fargate pulls nothing for a task whose secrets cannot be had; an agent waits only with a registry that asks who pulls. */
function canPull(task: TaskView, container: ContainerView): boolean {
  if (task.fetched !== undefined) return true;
  if (task.payload.launchType === 'FARGATE') return !task.containers.some(({ spec }) => namesWhatIsFetched(spec));
  return container.spec.registryAuthentication?.type !== 'asm';
}

/** A log router is made with the secret options of those who log through it, too. */
function needsFetched(task: TaskView, { spec }: ContainerView): boolean {
  if (spec.firelensConfiguration === undefined) return namesWhatIsFetched(spec);
  return task.containers.some((each) => namesWhatIsFetched(each.spec));
}

/** A container can be made ahead of its start once everything exists that its creation names. */
function canCreate(task: TaskView, container: ContainerView): boolean {
  // Its environment names its credentials, which a label does not hold.
  if (task.fromLabel === true || task.group === undefined) return false;
  // The engine looks up `container:<pause>` when the container starts, but its id must be known.
  if (hasPause(task) && (task.pause.id === undefined || task.pause.phase === 'exited')) return false;
  if (usesBridge(task) && container.bridge?.pause.id === undefined) return false;
  if (task.fetched === undefined && needsFetched(task, container)) return false;
  return container.spec.volumesFrom.every(({ sourceContainer }) => find(task, sourceContainer)?.id !== undefined);
}

function planEnd(task: TaskView, busy: ReadonlySet<string>, now: number): TaskPlan {
  // What is being made must be there before it can be stopped.
  const making = (name: string): boolean =>
    busy.has(`create ${name}`) || busy.has(`start ${name}`) || busy.has(`restart ${name}`);
  const steps: TaskStep[] = [];
  let over = true;
  for (const container of task.containers) {
    const { name } = container.spec;
    if (making(name)) over = false;
    if (container.phase !== 'running') continue;
    over = false;
    const needed = task.containers.some(
      (other) =>
        (other.phase === 'running' || making(other.spec.name)) &&
        other.spec.dependsOn.some(({ containerName }) => containerName === name),
    );
    if (!needed) steps.push({ kind: 'stop', container: name });
  }
  if (!over) return { steps };
  if (task.stoppedAt === undefined) return { steps: [{ kind: 'conclude' }] };
  if (
    [...busy].some((key) =>
      /^(create-group|create-pause|start-pause|attach|create-sandbox|start-sandbox|plug)\b/.test(key),
    )
  ) {
    return { steps };
  }
  const networks = task.attached || task.pause.phase !== 'none' || task.containers.some(({ bridge }) => bridge);
  if (networks) {
    const releaseAt = task.stoppedAt + tellFirstMs;
    return now >= releaseAt ? { steps: [{ kind: 'release-network' }] } : { steps, lookAt: releaseAt };
  }
  const removeAt = task.stoppedAt + retentionMs;
  if (!task.released) return { steps };
  return now >= removeAt ? { steps: [{ kind: 'remove' }] } : { steps, lookAt: removeAt };
}

function find(task: TaskView, name: string): ContainerView | undefined {
  return task.containers.find((each) => each.spec.name === name);
}
