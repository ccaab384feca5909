import type { Log } from '../../base/log.ts';
import { instances } from '../../store/tables/ec2.ts';
import { containerInstances, tasks } from '../../store/tables/ecs.ts';
import { machines, members } from '../../store/tables/fleet.ts';
import type { Store } from '../../store/store.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyMember } from './apply.ts';
import { observeMember } from './observe.ts';
import { planMember } from './plan.ts';

/** Sees machines off that leave. */
export function memberLoop(deps: { readonly store: Store; readonly log: Log }): Loop {
  const { store } = deps;
  const ofInstance = (id: string | undefined): string[] =>
    id === undefined ? [] : store.by(members, 'instance', id).map((member) => member.id);
  return subjectLoop(
    {
      name: 'members',
      sources: [
        source(members, ({ id }) => [id]),
        source(machines, ({ id }) => (store.get(members, id) === undefined ? [] : [id])),
        source(instances, ({ id }) => ofInstance(id)),
        source(containerInstances, ({ ec2InstanceId }) => ofInstance(ec2InstanceId)),
        // A task's machine is the one that joined, or the instance that this one is.
        source(tasks, ({ machineId }) =>
          machineId === undefined || store.count(members) === 0
            ? []
            : [...(store.get(members, machineId) === undefined ? [] : [machineId]), ...ofInstance(machineId)],
        ),
      ],
      rescanMs: 60_000,
      all: () => store.list(members).map(({ id }) => id),
      reconcile(id, now) {
        const observed = observeMember(store, id);
        if (observed === undefined) return undefined;
        const { step, lookAt } = planMember(observed, now);
        if (step !== undefined) applyMember(store, id, step, now);
        return lookAt;
      },
    },
    deps.log,
  );
}
