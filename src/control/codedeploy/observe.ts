import { given } from '../../base/given.ts';
import { isOver, type CodeDeployment } from '../../model/codedeploy/deployment.ts';
import type { AlarmState } from '../../model/cloudwatch/alarm.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { TaskSet } from '../../model/ecs/task-set.ts';
import type { Rule } from '../../model/elbv2/load-balancing.ts';
import type { Applied } from '../../model/fleet/machine.ts';
import type { Reader } from '../../store/store.ts';
import { alarmArn, alarms } from '../../store/tables/cloudwatch.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';
import { services } from '../../store/tables/ecs.ts';
import { listeners, rules } from '../../store/tables/elbv2.ts';
import { applied } from '../../store/tables/fleet.ts';
import { taskSetsOf } from '../../store/task-sets.ts';
import { shiftedRules } from './routes.ts';

/** What the judgement of one deployment stands on. */
export interface ObservedDeployment {
  readonly deployment: CodeDeployment;
  /** The service that it is for, while it is ACTIVE. */
  readonly service?: Service;
  /** That service's task sets, the oldest first. */
  readonly taskSets: readonly TaskSet[];
  /** The rules of the listeners that forward to the deployment's target groups. */
  readonly production: readonly Rule[];
  readonly test: readonly Rule[];
  /** How the alarms stand that are watched; one that there is not has no state. */
  readonly alarms: readonly { readonly name: string; readonly state?: AlarmState }[];
  /** What machines said of the load balancers of those listeners. */
  readonly served: readonly Applied[];
}

/** Reads what `planDeployment` needs; `undefined` when the deployment is gone or over. */
export function observeDeployment(store: Reader, id: string): ObservedDeployment | undefined {
  const deployment = store.get(codeDeployments, id);
  if (deployment === undefined || isOver(deployment)) return undefined;
  const service = store.get(services, deployment.serviceArn);
  const { route } = deployment.work ?? {};
  const taskSets = taskSetsOf(store, deployment.serviceArn);
  const original =
    taskSets.find(({ arn }) => arn === deployment.originalArn) ?? taskSets.find(({ status }) => status === 'PRIMARY');
  const serving = original?.loadBalancers[0]?.targetGroupArn;
  const rulesOf = (listenerArn: string | undefined, served: readonly string[]): Rule[] =>
    listenerArn === undefined || route === undefined
      ? []
      : shiftedRules(store.by(rules, 'listener', listenerArn), route.targetGroups, served);
  const balancers = [route?.productionListenerArn, route?.testListenerArn].flatMap(
    (arn) => store.get(listeners, arn ?? '')?.loadBalancerArn ?? [],
  );
  return {
    deployment,
    ...given('service', service?.status === 'ACTIVE' ? service : undefined),
    taskSets,
    production: rulesOf(route?.productionListenerArn, serving === undefined ? [] : [serving]),
    test: rulesOf(route?.testListenerArn, route?.targetGroups ?? []),
    alarms: deployment.alarms.enabled
      ? deployment.alarms.names.map((name) => ({
          name,
          ...given('state', store.get(alarms, alarmArn(deployment, name))?.status.value),
        }))
      : [],
    served: [...new Set(balancers)].flatMap((arn) => store.by(applied, 'subject', arn)),
  };
}
