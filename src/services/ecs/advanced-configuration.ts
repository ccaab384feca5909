import type { LoadBalancer as LoadBalancerInput } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import { preservesClients } from '../../model/elbv2/attributes-of.ts';
import type { Rule } from '../../model/elbv2/load-balancing.ts';
import { takesFrom } from '../../model/elbv2/network-protocols.ts';
import type { ServiceLoadBalancer } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { isNetworkListener, shiftingRule } from '../../store/shifting-rule.ts';
import { listeners, targetGroups, targetGroupsOf } from '../../store/tables/elbv2.ts';
import { clientException, invalidParameter, notSupported } from './errors.ts';
import { checkTargetGroup } from './target-group-rules.ts';

/**
 * The two target groups of a load balancer entry and the listener rules that share traffic between them ("Troubleshooting
 * Amazon ECS blue/green deployments" has the refusals). Throws `InvalidParameterException`.
 */
export function readAdvanced(
  reader: Reader,
  { targetGroupArn = '', advancedConfiguration: asked }: LoadBalancerInput,
  definition: TaskDefinition,
): ServiceLoadBalancer['advancedConfiguration'] {
  if (asked === undefined) return undefined;
  const { alternateTargetGroupArn: alternate, productionListenerRule: production, testListenerRule: test } = asked;
  if (!alternate) throw invalidParameter('alternateTargetGroupArn can not be blank.');
  if (!production) throw invalidParameter('productionListenerRule can not be blank.');
  if (alternate === targetGroupArn) throw invalidParameter(`Duplicate targetGroupArn found: ${alternate}`);
  checkTargetGroup(reader, alternate, definition);
  const produced = readRule(reader, 'productionListenerRule', production);
  if (test === production) {
    throw invalidParameter(
      `The following rules cannot be used as both production and test listener rules: ${production}`,
    );
  }
  const tested = test === undefined || test === '' ? undefined : readRule(reader, 'testListenerRule', test);
  const ofNetwork = isNetworkListener(production);
  if (tested !== undefined && isNetworkListener(test ?? '') !== ofNetwork) {
    throw invalidParameter(
      'productionListenerRule and testListenerRule must belong to load balancers of the same type.',
    );
  }
  const groups = [targetGroupArn, alternate];
  if (tested === undefined && !groups.every((arn) => targetGroupsOf(produced.actions).includes(arn))) {
    throw invalidParameter(
      `For ${ofNetwork ? 'Network' : 'Application'} LoadBalancer, testListenerRule is required when productionListenerRule is not associated with both targetGroup and alternateTargetGroup`,
    );
  }
  if (ofNetwork) for (const rule of [produced, tested]) checkBothFit(reader, rule, groups);
  return {
    alternateTargetGroupArn: alternate,
    productionListenerRule: production,
    ...given('testListenerRule', test === '' ? undefined : test),
    ...given('roleArn', asked.roleArn),
  };
}

/** The rule of an ARN; of a network load balancer's listener, the one that it has. */
function readRule(reader: Reader, member: string, arn: string): Rule {
  const kind = isNetworkListener(arn) ? 'listener' : 'listener rule';
  if (kind === 'listener rule' && !arn.includes(':listener-rule/app/')) {
    throw invalidParameter(
      `${member} has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: ${arn}`,
    );
  }
  const rule = shiftingRule(reader, arn);
  if (rule === undefined) throw invalidParameter(`The specified ${kind} does not exist. (${arn})`);
  return rule;
}

/** A listener of a network load balancer passes everything on in one way, so that both target groups have to take that. */
function checkBothFit(reader: Reader, rule: Rule | undefined, groups: readonly string[]): void {
  const protocol = reader.get(listeners, rule?.listenerArn ?? '')?.protocol;
  if (protocol === undefined) return;
  const rows = groups.flatMap((arn) => reader.get(targetGroups, arn) ?? []);
  const unfit = rows.find((row) => !takesFrom(protocol, row.protocol));
  if (unfit !== undefined) {
    throw invalidParameter(
      `The target group with targetGroupArn ${unfit.arn} has the protocol ${unfit.protocol}, to which a listener of the protocol ${protocol} does not forward.`,
    );
  }
  if (new Set(rows.map(preservesClients)).size > 1) {
    throw notSupported('Shifting traffic between target groups that differ in preserve_client_ip.enabled');
  }
}

/** Whether the entries are fit for the deployment strategy. Throws `ClientException`. */
export function checkShifting(loadBalancers: readonly ServiceLoadBalancer[], strategy: string | undefined): void {
  const advanced = loadBalancers.filter(({ advancedConfiguration }) => advancedConfiguration !== undefined);
  if (advanced.length > 0 && advanced.length < loadBalancers.length) {
    throw clientException('Either all or none of the provided loadBalancers must have advancedConfiguration defined');
  }
  const named: Readonly<Record<string, string>> = {
    BLUE_GREEN: 'a non-ROLLING',
    LINEAR: 'the linear',
    CANARY: 'the canary',
  };
  const name = named[strategy ?? 'ROLLING'];
  if (name !== undefined && advanced.length < loadBalancers.length) {
    throw clientException(
      `advancedConfiguration field is required for all loadBalancers when using ${name} deployment strategy`,
    );
  }
  const groups = loadBalancers.flatMap(({ targetGroupArn = '', advancedConfiguration }) =>
    advancedConfiguration === undefined ? [] : [targetGroupArn, advancedConfiguration.alternateTargetGroupArn],
  );
  const twice = groups.find((arn, index) => groups.indexOf(arn) < index);
  if (twice !== undefined) throw invalidParameter(`Duplicate targetGroupArn found: ${twice}`);
}
