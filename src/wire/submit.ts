import type { TaskReport } from '../model/ecs/task-report.ts';

/** One container's part of a report. */
export type ContainerStateChange = TaskReport['containers'][number];

/** `SubmitTaskStateChange`: what an agent reports of a task, and of which. */
export interface TaskStateChange extends TaskReport {
  readonly cluster: string;
  readonly task: string;
  /** Of its network interface. */
  readonly attachments?: readonly { readonly attachmentArn: string; readonly status: 'ATTACHED' | 'DETACHED' }[];
}
