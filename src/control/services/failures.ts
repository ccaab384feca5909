import type { ServiceThrottle } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';

/** The longest pause between attempts: 27 minutes ("Amazon ECS service throttle logic", ECS Developer Guide). */
const longestPauseMs = 27 * 60_000;

/** From so many failed attempts in a row on, the service says that it cannot start tasks. */
export const inconsistentAfter = 3;

/** How many tasks one attempt starts at most while the last attempt failed. */
export const tasksPerRetry = 10;

/** No failures known. */
export const noThrottle: ServiceThrottle = { consecutiveFailures: 0, retryAt: 0 };

/** The pause after so many failed attempts in a row: none after the first, then 1 s, doubling. */
export function pauseMs(failures: number): number {
  return failures < 2 ? 0 : Math.min(longestPauseMs, 1000 * 2 ** (failures - 2));
}

/** Whether a task that is over or about to end never got as far as running well, by no wish of ours or the user's. */
export function failedToStart(task: Task): boolean {
  if (task.scheduling?.healthyAt !== undefined) return false;
  return task.stop?.code === 'TaskFailedToStart' || task.stop?.code === 'EssentialContainerExited';
}

/**
 * The throttle after tasks failed to start. Tasks made before the last failure was noticed belong to the same attempt
 * and do not count again.
 */
export function throttled(throttle: ServiceThrottle, failed: readonly Task[], now: number): ServiceThrottle {
  if (!failed.some((task) => task.createdAt >= throttle.retryAt)) return throttle;
  const consecutiveFailures = throttle.consecutiveFailures + 1;
  return { ...throttle, consecutiveFailures, retryAt: now + pauseMs(consecutiveFailures) };
}
