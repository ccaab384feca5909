import type { Log } from '../../base/log.ts';
import type { Machine } from '../../model/fleet/machine.ts';
import type { Change } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { containerInstances, tasks } from '../../store/tables/ecs.ts';
import { targets } from '../../store/tables/elbv2.ts';
import { machines, members } from '../../store/tables/fleet.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyTask, type TaskDeps } from './apply.ts';
import { observeTask } from './observe.ts';
import { planTask, stoppedTaskLifeMs } from './plan.ts';

/** Brings every task through its life. */
export function taskLoop(deps: TaskDeps & { readonly log: Log }): Loop {
  const { store } = deps;
  const arnsBy = (
    index: 'address' | 'holding' | 'instance' | 'life' | 'machine' | 'unplaced',
    value: string,
  ): string[] => store.keysBy(tasks, index, value);
  /** Those that a machine has, or may still have though they are over. */
  const arnsOn = (machineId: string): string[] => [...arnsBy('machine', machineId), ...arnsBy('holding', machineId)];
  const holding = (): string[] => store.values(tasks, 'holding').flatMap((machineId) => arnsBy('holding', machineId));
  /** Those whose time to be forgotten has come, or did some seconds ago. */
  const stoppedLongAgo = (now: number): string[] =>
    store
      .values(tasks, 'stoppedAround')
      .filter((moment) => Number(moment) + stoppedTaskLifeMs <= now)
      .flatMap((moment) => store.keysBy(tasks, 'stoppedAround', moment));

  return subjectLoop(
    {
      name: 'tasks',
      sources: [
        source(tasks, (task) => [task.arn]),
        source(targets, (target) => arnsBy('address', target.id)),
        source(containerInstances, (instance) => arnsBy('instance', instance.arn)),
        source(instances, (instance) => arnsOn(instance.id)),
        source(members, (member) => arnsOn(member.id)),
        {
          table: machines,
          *subjectsOf(change: Change) {
            const [before, after] = [change.before, change.after] as (Machine | undefined)[];
            // Reserving sequence numbers changes a machine's row too, and concerns no task.
            if (before?.connected === after?.connected) return;
            yield* arnsBy('unplaced', 'yes');
            yield* arnsOn(change.key);
          },
        },
      ],
      rescanMs: 60_000,
      all: (now) => [...arnsBy('life', 'live'), ...holding(), ...stoppedLongAgo(now)],
      reconcile(taskArn, now) {
        const observed = observeTask(store, taskArn);
        if (observed === undefined) return undefined;
        const { step, lookAt } = planTask(observed, now);
        if (step !== undefined) applyTask(deps, taskArn, step, now);
        return lookAt;
      },
    },
    deps.log,
  );
}
