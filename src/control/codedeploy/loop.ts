import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Store } from '../../store/store.ts';
import { alarms } from '../../store/tables/cloudwatch.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';
import { services, taskSets } from '../../store/tables/ecs.ts';
import { rules } from '../../store/tables/elbv2.ts';
import { applied } from '../../store/tables/fleet.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { applyDeployment } from './apply.ts';
import { observeDeployment } from './observe.ts';
import { planDeployment } from './plan.ts';

/** Takes CodeDeploy's deployments to ECS services through their lifecycle events. */
export function codeDeployLoop(deps: { readonly store: Store; readonly ids: Ids; readonly log: Log }): Loop {
  const { store, ids } = deps;
  const open = (): string[] => store.by(codeDeployments, 'life', 'open').map(({ id }) => id);
  const ofService = (arn: string): string[] => store.by(codeDeployments, 'openService', arn).map(({ id }) => id);
  return subjectLoop(
    {
      name: 'codedeploy',
      sources: [
        source(codeDeployments, ({ id }) => [id]),
        source(taskSets, ({ serviceArn }) => ofService(serviceArn)),
        source(services, ({ arn, deploymentController }) =>
          deploymentController === 'CODE_DEPLOY' ? ofService(arn) : [],
        ),
        // Traffic is shifted once the load balancer does as it was told.
        source(applied, ({ kind }) => (kind === 'balancer' ? open() : [])),
        source(rules, open),
        source(alarms, open),
      ],
      rescanMs: 60_000,
      all: open,
      reconcile(id, now) {
        const observed = observeDeployment(store, id);
        if (observed === undefined) return undefined;
        const { steps, lookAt } = planDeployment(observed, now, ids);
        applyDeployment(store, observed, steps, now);
        return lookAt;
      },
    },
    deps.log,
  );
}
