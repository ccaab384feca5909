import type { LoadBalancer as LoadBalancerInput } from '@aws-sdk/client-ecs';
import { given } from '../../base/given.ts';
import type { ServiceLoadBalancer } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { rules, targetGroupsOf } from '../../store/tables/elbv2.ts';
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
  const groupsOf = (member: string, arn: string): string[] => {
    if (/:listener\/net\//.test(arn)) throw notSupported(`${member} of a Network Load Balancer`);
    if (!arn.includes(':listener-rule/app/')) {
      throw invalidParameter(
        `${member} has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: ${arn}`,
      );
    }
    const rule = reader.get(rules, arn);
    if (rule === undefined) throw invalidParameter(`The specified listener rule does not exist. (${arn})`);
    return targetGroupsOf(rule.actions);
  };
  const produced = groupsOf('productionListenerRule', production);
  if (test !== undefined && test !== '') groupsOf('testListenerRule', test);
  if (test === production) {
    throw invalidParameter(
      `The following rules cannot be used as both production and test listener rules: ${production}`,
    );
  }
  if (!test && ![targetGroupArn, alternate].every((arn) => produced.includes(arn))) {
    throw invalidParameter(
      'For Application LoadBalancer, testListenerRule is required when productionListenerRule is not associated with both targetGroup and alternateTargetGroup',
    );
  }
  return {
    alternateTargetGroupArn: alternate,
    productionListenerRule: production,
    ...given('testListenerRule', test === '' ? undefined : test),
    ...given('roleArn', asked.roleArn),
  };
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
