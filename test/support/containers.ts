import { must } from './clients.ts';
import type { TestInstallation } from './installation.ts';

/** A container of a task, as the engine tells it. */
export interface TaskContainer {
  readonly id: string;
  /** The task's ARN. */
  readonly task: string;
  /** Its name in the task, or that of the pause container. */
  readonly container: string;
  readonly startedAt: string;
  readonly pid: number;
}

interface Inspected {
  readonly Id: string;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
  readonly State: { readonly StartedAt: string; readonly Pid: number };
}

/** The running containers of an installation's tasks, by their ids; without the sandboxes that wait for a task. */
export async function taskContainers(installation: TestInstallation): Promise<TaskContainer[]> {
  const { installation: id } = JSON.parse(installation.stowage('status', '--json')) as { installation: string };
  const ids = await must('docker', ['ps', '--quiet', '--no-trunc', '--filter', `label=stowage.installation=${id}`]);
  if (ids === '') return [];
  const found = JSON.parse(await must('docker', ['inspect', ...ids.split('\n').sort()])) as Inspected[];
  const users = new Map(
    found.map(({ Config: { Labels } }) => [Labels['stowage.pause'], Labels['stowage.task']] as const),
  );
  return found.flatMap(({ Id, Config: { Labels }, State }) => {
    const task = Labels['stowage.task'] ?? users.get(Id);
    if (task === undefined) return [];
    return { id: Id, task, container: Labels['stowage.container'] ?? '', startedAt: State.StartedAt, pid: State.Pid };
  });
}
