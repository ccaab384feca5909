import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Store } from '../../store/store.ts';
import { natGateways } from '../../store/tables/ec2.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyNatGateway } from './apply.ts';
import { observeNatGateway } from './observe.ts';
import { endedLifeMs, planNatGateway } from './plan.ts';

/** Leads NAT gateways from pending to available or failed, and from deleting to deleted and out of sight. */
export function natGatewayLoop(deps: { readonly store: Store; readonly ids: Ids; readonly log: Log }): Loop {
  const { store, ids } = deps;
  return subjectLoop(
    {
      name: 'nat-gateways',
      sources: [source(natGateways, (nat) => [nat.id])],
      rescanMs: 60_000,
      all: () => store.list(natGateways).map((nat) => nat.id),
      reconcile(id, now) {
        store.transact((tx) => {
          const observed = observeNatGateway(tx, id);
          const step = observed === undefined ? undefined : planNatGateway(observed, now);
          if (step !== undefined) applyNatGateway(tx, { ids, now }, id, step);
        });
        const endedAt = store.get(natGateways, id)?.endedAt;
        return endedAt === undefined ? undefined : endedAt + endedLifeMs;
      },
    },
    deps.log,
  );
}
