import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { Store } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { containerInstances, tasks } from '../../store/tables/ecs.ts';
import { machines, members } from '../../store/tables/fleet.ts';
import type { MemberStep } from './plan.ts';

/** Does one step of a machine that leaves, as one commit. */
export function applyMember(store: Store, id: string, step: MemberStep, now: number): void {
  store.transact((tx) => {
    switch (step.kind) {
      case 'drain':
        tx.update(containerInstances, step.containerInstanceArn, (row): ContainerInstance =>
          row.status === 'ACTIVE' ? { ...row, status: 'DRAINING', version: row.version + 1 } : row,
        );
        return;
      case 'stop':
        for (const arn of step.taskArns) {
          tx.update(tasks, arn, (task): Task => ({
            ...task,
            desiredStatus: 'STOPPED',
            stop: task.stop ?? { code: 'TerminationNotice', reason: `The machine ${id} left.` },
            version: task.version + 1,
          }));
        }
        return;
      case 'terminate': {
        const instance = tx.get(instances, step.instanceId);
        if (instance === undefined) return;
        const message = 'Client.UserInitiatedShutdown: User initiated shutdown';
        const ending = {
          ...instance,
          state: 'shutting-down',
          stateReason: { code: 'Client.UserInitiatedShutdown', message },
        } as const;
        const { hostId: _gone, ...abandoned } = ending;
        tx.put(instances, step.abandoned ? abandoned : ending);
        return;
      }
      case 'remove':
        tx.update(members, id, (member) => ({ ...member, removedAt: now }));
        tx.delete(machines, id);
        return;
      default:
        step satisfies never;
    }
  });
}
