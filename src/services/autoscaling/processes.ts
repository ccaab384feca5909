import { isSuspended } from '../../model/autoscaling/group.ts';
import { autoScalingGroups } from '../../store/tables/autoscaling.ts';
import type { ServiceDeps } from '../deps.ts';
import { needGroup } from './find.ts';
import { readProcesses } from './group-rules.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { isoOf } from '../../base/clock.ts';

/** SuspendProcesses and ResumeProcesses. */
export function processHandlers({ store, clock }: ServiceDeps) {
  return {
    SuspendProcesses(input, ctx) {
      const processes = readProcesses(input.ScalingProcesses);
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const reason = `User suspended at ${isoOf(clock.now()).slice(0, 19)}Z`;
        const added = processes.filter((process) => !isSuspended(group, process));
        tx.put(autoScalingGroups, {
          ...group,
          suspended: [...group.suspended, ...added.map((process) => ({ process, reason }))],
        });
      });
      return {};
    },

    ResumeProcesses(input, ctx) {
      const processes = readProcesses(input.ScalingProcesses);
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        tx.put(autoScalingGroups, {
          ...group,
          suspended: group.suspended.filter(({ process }) => !processes.includes(process)),
        });
      });
      return {};
    },
  } satisfies AutoScalingHandlers;
}
