import type { Log } from '../../base/log.ts';
import type { Machine } from '../../model/fleet/machine.ts';
import type { Change, Store } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { applied, machines } from '../../store/tables/fleet.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyInstance } from './apply.ts';
import { observeInstance } from './observe.ts';
import { planInstance } from './plan.ts';

/** Brings every EC2 instance through its life. */
export function instanceLoop(deps: { readonly store: Store; readonly log: Log }): Loop {
  const { store } = deps;
  return subjectLoop(
    {
      name: 'instances',
      sources: [
        source(instances, ({ id }) => [id]),
        source(applied, ({ kind, id }) => (kind === 'instance' ? [id] : [])),
        {
          table: machines,
          *subjectsOf({ before, after }: Change) {
            const [was, is] = [before, after] as (Machine | undefined)[];
            if (was?.connected === is?.connected) return;
            // Those that wait for a machine to stand on.
            for (const { id, hostId, state } of store.by(instances, 'life', 'live')) {
              if (hostId === undefined && state === 'pending') yield id;
            }
          },
        },
      ],
      rescanMs: 60_000,
      all: () => store.list(instances).map(({ id }) => id),
      reconcile(id, now) {
        const observed = observeInstance(store, id);
        if (observed === undefined) return undefined;
        const { step, lookAt } = planInstance(observed, now);
        if (step !== undefined) applyInstance(store, observed.instance, step, now);
        return lookAt;
      },
    },
    deps.log,
  );
}
