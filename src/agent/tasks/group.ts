import type { Cgroups, GroupLimits, GroupPath, GroupUse } from '../../drivers/cgroups/cgroups.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { taskIdOf } from './names.ts';

/** The control groups of one machine's tasks: what holds all containers of a task together to the task's size. */
export interface TaskGroups {
  /** Makes a task's group; answers the engine's parent for its containers, empty where the machine lets us make none. */
  ensure(task: PayloadTask): Promise<string>;
  /**
   * Whether everything in the task together has stayed so far below what a container of it may use, or the task, that no limit
   * can have killed it; false where that is unknown.
   */
  stayedBelow(task: PayloadTask, container: string): Promise<boolean>;
  /** What all of its containers use together; `undefined` where that is unknown. */
  use(task: PayloadTask): Promise<GroupUse | undefined>;
  /** Removes it once its containers are gone. */
  remove(task: PayloadTask): Promise<void>;
  /** Removes those of tasks that `tasks` does not name: a predecessor was killed between a task and its group. */
  keepOnly(tasks: () => readonly PayloadTask[]): Promise<void>;
}

/** The least weight that the kernel gives a container. */
const leastCpuUnits = 2;
/** Below this part of a limit nothing met it: the kernel refuses large pages, and what it counts in advance, a little before. */
const farFrom = 0.75;
const prefix = 'task-';

/** The groups of tasks in the group of their machine. */
export function taskGroups(cgroups: Cgroups, machine: GroupPath): TaskGroups {
  const nameOf = (task: PayloadTask): string => `${prefix}${taskIdOf(task.arn)}`;
  return {
    ensure: (task) => cgroups.ensure([...machine, nameOf(task)], limitsOf(task)),
    async stayedBelow(task, container) {
      const own = task.containers.find(({ name }) => name === container)?.memory;
      const limits = [own ?? 0, task.memory ?? 0].filter((each) => each > 0);
      const peak = await cgroups.peak([...machine, nameOf(task)]);
      return peak !== undefined && limits.length > 0 && peak < Math.min(...limits) * 2 ** 20 * farFrom;
    },
    use: (task) => cgroups.use([...machine, nameOf(task)]),
    remove: (task) => cgroups.remove([...machine, nameOf(task)]),
    async keepOnly(tasks) {
      const found = await cgroups.list(machine);
      const keep = new Set(tasks().map(nameOf));
      const stray = found.filter((name) => name.startsWith(prefix) && !keep.has(name));
      for (const name of stray) await cgroups.remove([...machine, name]);
    },
  };
}

/**
 * Whether an engine may say of a container that its memory ran out though another's did: that of a task of several tells all
 * of them in the first hierarchy of control groups. Then one that we ended is not believed to have met its limit.
 */
export function sharesLimit({ containers }: PayloadTask): boolean {
  return containers.length > 1;
}

/**
 * What a task's containers may use together: on Fargate what was asked for; on instances as the genuine agent has it
 * (`agent/api/task/task_linux.go`): a task without CPU units of its own weighs what its containers do, and neither the
 * processor nor memory is limited unless the definition says so.
 */
function limitsOf({ launchType, cpu, memory, containers }: PayloadTask): GroupLimits {
  const size = { ...(cpu === undefined ? {} : { cpus: cpu }), ...(memory === undefined ? {} : { memoryMiB: memory }) };
  if (launchType === 'FARGATE') return { ...size, ...(cpu === undefined ? {} : { cpuUnits: cpu * 1024 }), swap: false };
  const units = containers.reduce((sum, each) => sum + Math.max(leastCpuUnits, each.cpu), 0);
  return { ...size, ...(cpu === undefined ? { cpuUnits: units } : {}), swap: true };
}
