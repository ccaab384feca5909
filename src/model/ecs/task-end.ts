import type { Task, TaskContainer, TaskStopCode } from './task.ts';

/** Why a task is to stop: `stopCode` and `stoppedReason` of DescribeTasks. */
export interface TaskStop {
  readonly code: TaskStopCode;
  readonly reason: string;
}

/** The errors by which an agent says that a container never ran ("Stopped tasks error messages", ECS Developer Guide). */
const neverRan =
  /^(Cannot[A-Za-z]+Error|ResourceInitializationError|TaskFailedToStart|OutOfMemoryError: Container killed before)/;

/** Whether an essential container of the task has stopped, by which the whole task is to stop. */
export function essentialExited(task: Task): boolean {
  return task.containers.some((container) => container.essential && container.lastStatus === 'STOPPED');
}

/**
 * Why a task ended that nobody asked to: what its machine reported of the containers decides. Fargate's `stoppedReason`
 * holds the detail itself; elsewhere it is in the container's `reason`.
 */
export function endOf(task: Task): TaskStop {
  const culprit = task.containers.find((container) => failedToStart(container));
  const reason = culprit?.reason ?? task.reported.reason ?? '';
  if (culprit !== undefined) return { code: 'TaskFailedToStart', reason: forUsers(task, reason) };
  const exited = task.containers.some((container) => container.essential && container.exitCode !== undefined);
  if (exited || task.startedAt !== undefined) {
    return { code: 'EssentialContainerExited', reason: 'Essential container in task exited' };
  }
  return { code: 'TaskFailedToStart', reason: forUsers(task, reason) };
}

function failedToStart(container: TaskContainer): boolean {
  return container.exitCode === undefined && neverRan.test(container.reason ?? '');
}

function forUsers(task: Task, reason: string): string {
  return task.launchType === 'FARGATE' && reason !== '' ? reason : 'Task failed to start';
}
