import { reached, type Task } from '../../model/ecs/task.ts';
import type { TaskTarget } from '../../store/task-targets.ts';

/** A target to register afresh, or to begin draining. */
export interface TargetStep {
  readonly kind: 'register' | 'drain';
  readonly target: TaskTarget;
}

/**
 * What a task's state asks of its targets: registered once its containers run, deregistered when it is to stop.
 * A target that somebody else deregisters while the task is RUNNING is left alone: the service replaces the task.
 */
export function planTargets(task: Task, targets: readonly TaskTarget[]): TargetStep[] {
  if (task.lastStatus === 'STOPPED') return [];
  if (task.desiredStatus === 'STOPPED' || reached(task.lastStatus, 'DEACTIVATING')) {
    return targets.filter(({ state }) => state === 'registered').map((target) => ({ kind: 'drain', target }));
  }
  if (task.lastStatus !== 'ACTIVATING') return [];
  // One that drains under the same address belonged to a task before this one: registering it again ends the draining.
  return targets
    .filter(({ state }) => state === 'absent' || state === 'draining')
    .map((target) => ({ kind: 'register', target }));
}
