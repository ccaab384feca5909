import type { Task, TaskStopCode } from './task.ts';

/** Why a task is to stop: `stopCode` and `stoppedReason` of DescribeTasks. */
export interface TaskStop {
  readonly code: TaskStopCode;
  readonly reason: string;
}

/** The errors by which an agent says that a container never ran ("Stopped tasks error messages", ECS Developer Guide). */
const neverRan =
  /^(Cannot(Pull|Create|Start)[A-Za-z]*Error|ResourceInitializationError|TaskFailedToStart|OutOfMemoryError: Container killed before)/;

/** Whether an essential container of the task has stopped, by which the whole task is to stop. */
export function essentialExited(task: Task): boolean {
  return task.containers.some((container) => container.essential && container.lastStatus === 'STOPPED');
}

/**
 * Why a task ended that nobody asked to: what its machine reported of the containers decides. Fargate's `stoppedReason`
 * holds the detail itself; elsewhere it is in the container's `reason`.
 */
export function endOf(task: Task): TaskStop {
  const exited = { code: 'EssentialContainerExited', reason: 'Essential container in task exited' } as const;
  // Of a task that ran its machine says nothing, unless it ended it for a reason of its own.
  if (task.startedAt !== undefined || task.reported.ran === true) {
    return { ...exited, reason: task.reported.reason ?? exited.reason };
  }
  const culprit = task.containers.find((container) => neverRan.test(container.reason ?? ''));
  if (culprit === undefined && task.containers.some(({ essential, exitCode }) => essential && exitCode !== undefined)) {
    return exited;
  }
  const { launchType, reported } = task;
  // What an agent says of the task as a whole is shown whatever its launch type.
  const reason = culprit === undefined || launchType === 'FARGATE' ? (culprit?.reason ?? reported.reason) : undefined;
  return { code: 'TaskFailedToStart', reason: reason ?? 'Task failed to start' };
}
