import { given } from '../../base/given.ts';
import type { ContainerEvent, ContainerState } from '../../drivers/docker/driver.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { bridgedContainer, withBridgeState } from './bridge.ts';
import { labels, pauseName } from './names.ts';
import { restartsOf } from './restart-name.ts';
import {
  newTaskView,
  willRestart,
  type ContainerPhase,
  type ContainerView,
  type PauseView,
  type TaskView,
} from './view.ts';

const phases: readonly ContainerPhase[] = ['none', 'created', 'running', 'exited'];

/** The task view with one container changed. */
export function withContainer(
  task: TaskView,
  name: string,
  change: (container: ContainerView) => ContainerView,
): TaskView {
  const index = task.containers.findIndex((each) => each.spec.name === name);
  const old = task.containers[index];
  if (old === undefined) return task;
  const next = change(old);
  return next === old ? task : { ...task, containers: task.containers.with(index, next) };
}

/** A task as its containers on the engine tell it, `attached` aside; `undefined` when none carries its payload. */
export function adoptTask(states: readonly ContainerState[]): TaskView | undefined {
  const payload = states.map((state) => state.labels[labels.payload]).find((text) => text !== undefined);
  if (payload === undefined) return undefined;
  let task: TaskView = { ...newTaskView(JSON.parse(payload) as PayloadTask), fromLabel: true };
  for (const state of states) task = withState(task, state);
  return task;
}

/** A task after the engine started one of its containers again, as it then describes it: the former end is history. */
export function withRestart(task: TaskView, state: ContainerState): TaskView {
  const { startedAt } = state;
  return withContainer(task, state.labels[labels.container] ?? '', (container) => {
    if (startedAt === undefined || container.phase !== 'exited' || startedAt <= (container.startedAt ?? 0)) {
      return container;
    }
    const { finishedAt, exitCode, reason, health: _health, healthSince: _since, ...rest } = container;
    const next: ContainerView = { ...rest, phase: 'running', startedAt, restarts: container.restarts + 1 };
    // It may have ended once more, and that be known, before the engine answered.
    if (finishedAt === undefined || finishedAt <= startedAt) return next;
    return { ...next, phase: 'exited', finishedAt, ...given('exitCode', exitCode), ...given('reason', reason) };
  });
}

/** Takes over what the engine says of one container; what is known to be later stays. */
export function withState(before: TaskView, state: ContainerState): TaskView {
  const name = state.labels[labels.container];
  if (name === pauseName) return withPauseState(before, state);
  if (name === undefined) return before;
  const bridged = bridgedContainer(name);
  if (bridged !== undefined) return withContainer(before, bridged, (container) => withBridgeState(container, state));
  // A predecessor of ours may have asked for a restart.
  const known = before.containers.find(({ spec }) => spec.name === name);
  const task = known !== undefined && willRestart(known) ? withRestart(before, state) : before;
  return withContainer(task, name, (container) => {
    if (ofFormerLife(container, state.startedAt)) return container;
    const phase = laterPhase(container.phase, phaseOf(state));
    const health = phase === 'running' ? state.health : container.health;
    const next: ContainerView = {
      ...container,
      phase,
      id: state.id,
      pulled: true,
      restarts: Math.max(container.restarts, restartsOf(state)),
      ...(state.startedAt === undefined ? {} : { startedAt: container.startedAt ?? state.startedAt }),
      ...(health === undefined || health === container.health
        ? {}
        : { health, healthSince: state.startedAt ?? state.createdAt }),
    };
    return phase === 'exited' && container.phase !== 'exited' ? { ...next, ...endOf(state) } : next;
  });
}

/** Takes over an event; one of a container that is not (yet) known by its id is left to the step that made it. */
export function withEvent(task: TaskView, event: ContainerEvent): TaskView {
  const name = event.labels[labels.container];
  if (name === pauseName) {
    if (event.containerId !== task.pause.id) return task;
    return event.action === 'die' || event.action === 'destroy'
      ? { ...task, pause: { ...task.pause, phase: 'exited', pid: 0 } }
      : task;
  }
  if (name === undefined) return task;
  const bridged = bridgedContainer(name);
  if (bridged !== undefined) {
    const ended = event.action === 'die' || event.action === 'destroy';
    return withContainer(task, bridged, (container) =>
      ended && container.bridge?.pause.id === event.containerId ? withoutPause(container) : container,
    );
  }
  return withContainer(task, name, (container) => {
    if (container.id !== event.containerId || ofFormerLife(container, event.at)) return container;
    if (container.phase === 'exited') {
      // While it is being started again: the end of its new life, told before the answer to our request.
      const again = event.action === 'die' && willRestart(container) && event.at > (container.finishedAt ?? 0);
      return again ? { ...container, finishedAt: event.at, ...endOf(event) } : container;
    }
    switch (event.action) {
      case 'die':
        return { ...container, phase: 'exited', finishedAt: event.at, ...endOf(event) };
      case 'destroy':
        return vanished(container, event.at);
      case 'health':
        return event.health === undefined ? container : { ...container, health: event.health, healthSince: event.at };
      case 'start':
        // Mostly the answer to our own request tells first; but a predecessor of ours may have asked for it.
        return container.phase === 'created' ? { ...container, phase: 'running', startedAt: event.at } : container;
      case 'create':
      case 'oom':
        return container;
      default:
        return event.action satisfies never;
    }
  });
}

/**
 * A task after a listing of everything that exists: what is missing there is gone, if it was known (by its id, in
 * `known`) when the listing was asked for.
 */
export function withListing(
  task: TaskView,
  states: readonly ContainerState[],
  known: ReadonlySet<string>,
  at: number,
): TaskView {
  let next = task;
  const there = new Set(states.map(({ id }) => id));
  for (const state of states) next = withState(next, state);
  const missing = (id: string | undefined): boolean => id !== undefined && known.has(id) && !there.has(id);
  if (missing(next.pause.id) && next.pause.phase !== 'none') {
    next = { ...next, pause: { ...next.pause, phase: 'exited', pid: 0 } };
  }
  for (const { spec, bridge } of next.containers) {
    if (missing(bridge?.pause.id)) next = withContainer(next, spec.name, withoutPause);
  }
  for (const { spec, id, phase } of next.containers) {
    if (!missing(id) || phase === 'exited') continue;
    next = withContainer(next, spec.name, (container) => vanished(container, at));
  }
  return next;
}

/** Whether something that the engine said is of a life of the container that a restart has ended since. */
function ofFormerLife(container: ContainerView, at: number | undefined): boolean {
  return container.restarts > 0 && at !== undefined && container.startedAt !== undefined && at < container.startedAt;
}

function withoutPause(container: ContainerView): ContainerView {
  const { bridge } = container;
  if (bridge === undefined) return container;
  return { ...container, bridge: { ...bridge, pause: { ...bridge.pause, phase: 'exited', pid: 0 } } };
}

/** A container that somebody removed: how it ended nobody knows. */
function vanished(container: ContainerView, at: number): ContainerView {
  const reason = `CannotInspectContainerError: Error response from daemon: No such container: ${container.id ?? ''}`;
  return { ...container, phase: 'exited', finishedAt: at, reason: container.reason ?? reason };
}

function withPauseState(task: TaskView, state: ContainerState): TaskView {
  // A listing asked for earlier may still name one that another has taken the place of.
  if (task.pause.id !== undefined && task.pause.id !== state.id) return task;
  const pause: PauseView = {
    phase: laterPhase(task.pause.phase, phaseOf(state)),
    id: state.id,
    pid: state.pid,
    // One that was made ahead has been running for long: what counts is since when it is the task's.
    ...given('startedAt', task.pause.startedAt ?? state.startedAt),
  };
  return { ...task, pause };
}

function endOf(state: { exitCode?: number; finishedAt?: number; oomKilled?: boolean; error?: string }) {
  return {
    ...(state.exitCode === undefined ? {} : { exitCode: state.exitCode }),
    ...(state.finishedAt === undefined ? {} : { finishedAt: state.finishedAt }),
    ...(state.oomKilled === true && state.exitCode === 137 ? { reason: outOfMemory } : {}),
  };
}

/** The reason that ECS gives for a container that its memory limit ended. */
export const outOfMemory = 'OutOfMemoryError: Container killed due to memory usage';

/** What a failed step says of its container ("Stopped tasks error messages", ECS Developer Guide). */
export function failureReason(step: 'pull' | 'create' | 'start', error: unknown): string {
  const names = {
    pull: 'CannotPullContainerError',
    create: 'CannotCreateContainerError',
    start: 'CannotStartContainerError',
  };
  const message = error instanceof Error ? error.message : String(error);
  return `${names[step]}: ${step === 'pull' ? advice(message) : ''}${message}`;
}

/** The hint that goes before an engine's words on a failed pull (`agent/api/errormessages` of the genuine agent). */
function advice(message: string): string {
  const hints: readonly (readonly [RegExp, string])[] = [
    [
      /denied: User: .+ is not authorized to perform: ecr:BatchGetImage on resource/,
      'Check that the role has the permissions to pull images from the registry.',
    ],
    [/denied: requested access to the resource is denied/, 'Check whether the image exists.'],
    [/request canceled while waiting for connection/, 'Check your network configuration.'],
  ];
  const hint = hints.find(([words]) => words.test(message))?.[1];
  return hint === undefined ? '' : `The task can’t pull the image. ${hint} `;
}

function phaseOf(state: ContainerState): ContainerPhase {
  switch (state.status) {
    case 'created':
      return 'created';
    case 'running':
    case 'paused':
    case 'restarting':
      return 'running';
    case 'removing':
    case 'exited':
    case 'dead':
      return 'exited';
    default:
      return state.status satisfies never;
  }
}

function laterPhase(a: ContainerPhase, b: ContainerPhase): ContainerPhase {
  return phases.indexOf(a) >= phases.indexOf(b) ? a : b;
}
