import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import {
  rollbackEvents,
  type AlarmWatch,
  type AutoRollback,
  type TargetGroupPair,
  type Waits,
} from '../../model/codedeploy/deployment-group.ts';
import { clusterArn, serviceArn } from '../../model/ecs/arns.ts';
import type { Service } from '../../model/ecs/service.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { services } from '../../store/tables/ecs.ts';
import { listeners, targetGroups } from '../../store/tables/elbv2.ts';
import { notHere, refused } from './errors.ts';

/** The longest that a deployment waits, minutes: two days. */
const longestMinutes = 2880;

/** The members that CreateDeploymentGroup and UpdateDeploymentGroup share. */
type Shared = Omit<sdk.CreateDeploymentGroupInput & sdk.UpdateDeploymentGroupInput, 'tags'>;

/** Refuses what is not for ECS's deployment groups, and what there is nothing here for yet. */
export function refuseOthers(input: Partial<Shared>): void {
  const none: readonly [string, string, unknown][] = [
    ['InvalidAutoScalingGroup', 'autoScalingGroups', input.autoScalingGroups],
    ['InvalidEC2Tag', 'ec2TagFilters', input.ec2TagFilters],
    ['InvalidTag', 'onPremisesInstanceTagFilters', input.onPremisesInstanceTagFilters],
    ['InvalidEC2TagCombination', 'ec2TagSet', input.ec2TagSet?.ec2TagSetList],
    ['InvalidOnPremisesTagCombination', 'onPremisesTagSet', input.onPremisesTagSet?.onPremisesTagSetList],
  ];
  for (const [code, member, value] of none) {
    if (Array.isArray(value) && value.length > 0) {
      throw refused(code, `For ECS deployment group, ${member} can not be specified`);
    }
  }
  if ((input.triggerConfigurations?.length ?? 0) > 0) throw notHere('InvalidTriggerConfig', 'triggerConfigurations');
  if (input.terminationHookEnabled === true) {
    throw refused('InvalidInput', 'For ECS deployment group, terminationHookEnabled can not be specified');
  }
  // What becomes of instances that a deployment did not reach is no matter of ECS's: either is as good.
  const { outdatedInstancesStrategy } = input;
  if (outdatedInstancesStrategy !== undefined && !['UPDATE', 'IGNORE'].includes(outdatedInstancesStrategy)) {
    throw refused('InvalidInput', `outdatedInstancesStrategy ${outdatedInstancesStrategy} is invalid`);
  }
}

/** The most alarms that a deployment group may have ("AWS CodeDeploy limits"). */
const mostAlarms = 10;

/** Which alarms stop a deployment; none unless it is said. */
export function readAlarms(asked: sdk.AlarmConfiguration | undefined): AlarmWatch {
  const { enabled = false, ignorePollAlarmFailure = false, alarms = [] } = asked ?? {};
  const names = alarms.map(({ name = '' }) => name);
  if (names.length > mostAlarms) {
    throw refused(
      'AlarmsLimitExceeded',
      `The maximum number of alarms for a deployment group (${mostAlarms}) was exceeded.`,
    );
  }
  if (names.includes('') || new Set(names).size < names.length || (enabled && names.length === 0)) {
    throw refused('InvalidAlarmConfig', 'The alarm configuration must name alarms, each once.');
  }
  return { enabled, ignoresUnknown: ignorePollAlarmFailure, names };
}

/** ECS's deployments are blue/green, with traffic control. */
export function checkStyle(asked: sdk.DeploymentStyle | undefined): void {
  if (asked?.deploymentType !== 'BLUE_GREEN' || asked.deploymentOption !== 'WITH_TRAFFIC_CONTROL') {
    throw refused(
      'InvalidDeploymentStyle',
      'For ECS deployment, the deployment type must be BLUE_GREEN, and deployment option must be WITH_TRAFFIC_CONTROL.',
    );
  }
}

/** When to roll back; never unless it is said. */
export function readAutoRollback(asked: sdk.AutoRollbackConfiguration | undefined): AutoRollback {
  const { enabled = false, events = [] } = asked ?? {};
  const unknown = events.find((event) => !(rollbackEvents as readonly string[]).includes(event));
  if (unknown !== undefined) {
    throw refused('InvalidAutoRollbackConfig', `The automatic rollback event ${unknown} is invalid`);
  }
  if (enabled && events.length === 0) {
    throw refused(
      'InvalidAutoRollbackConfig',
      'Automatic rollback configuration must contain at least one event type when it is enabled.',
    );
  }
  return { enabled, events };
}

/** How long to wait for what. */
export function readWaits(asked: sdk.BlueGreenDeploymentConfiguration | undefined): Waits {
  const invalid = (message: string) => refused('InvalidBlueGreenDeploymentConfiguration', message);
  if (asked === undefined)
    throw invalid('For ECS deployment group, blueGreenDeploymentConfiguration must be specified');
  const { deploymentReadyOption: ready, terminateBlueInstancesOnDeploymentSuccess: end } = asked;
  if (asked.greenFleetProvisioningOption !== undefined) {
    throw invalid('For ECS deployment group, greenFleetProvisioningOption can not be specified');
  }
  if (ready === undefined) throw invalid('For ECS deployment group, deploymentReadyOption must be specified');
  if (end === undefined) {
    throw invalid('For ECS deployment group, terminateBlueInstancesOnDeploymentSuccess must be specified');
  }
  const { actionOnTimeout = 'CONTINUE_DEPLOYMENT', waitTimeInMinutes = 0 } = ready;
  if (actionOnTimeout !== 'CONTINUE_DEPLOYMENT' && actionOnTimeout !== 'STOP_DEPLOYMENT') {
    throw invalid(`The action ${String(actionOnTimeout)} is invalid`);
  }
  if (actionOnTimeout === 'CONTINUE_DEPLOYMENT' && waitTimeInMinutes > 0) {
    throw invalid('waitTimeInMinutes can only be specified with the action STOP_DEPLOYMENT');
  }
  if (actionOnTimeout === 'STOP_DEPLOYMENT' && waitTimeInMinutes <= 0) {
    throw invalid('waitTimeInMinutes must be specified with the action STOP_DEPLOYMENT');
  }
  if ((end.action ?? 'TERMINATE') !== 'TERMINATE') {
    throw invalid(`For ECS deployment group, the action must be TERMINATE, but was ${end.action}`);
  }
  const { terminationWaitTimeInMinutes: terminationMinutes = 0 } = end;
  for (const minutes of [waitTimeInMinutes, terminationMinutes]) {
    if (minutes < 0 || minutes > longestMinutes) throw invalid(`A wait must take 0 to ${longestMinutes} minutes`);
  }
  return { onReadyTimeout: actionOnTimeout, readyMinutes: waitTimeInMinutes, terminationMinutes };
}

/** The two target groups and the listeners before them: all of one Application Load Balancer. */
export function readPair(reader: Reader, scope: Scoped, asked: sdk.LoadBalancerInfo | undefined): TargetGroupPair {
  const invalid = (message: string) => refused('InvalidLoadBalancerInfo', message);
  if (asked === undefined) throw invalid('For ECS deployment group, loadBalancerInfo must be specified');
  if ((asked.elbInfoList?.length ?? 0) > 0) {
    throw invalid('For ECS deployment group, loadBalancerInfo must not contain elbInfo list');
  }
  if ((asked.targetGroupInfoList?.length ?? 0) > 0) {
    throw invalid('For ECS deployment group, loadBalancerInfo must not contain targetGroupInfo list');
  }
  const [pair, ...more] = asked.targetGroupPairInfoList ?? [];
  if (pair === undefined || more.length > 0) {
    throw invalid('For ECS deployment group, loadBalancerInfo must contain exactly one targetGroupPairInfo');
  }
  const wrong = (message: string) => refused('InvalidTargetGroupPair', message);
  const [one, other, ...others] = (pair.targetGroups ?? []).map(({ name = '' }) => name);
  if (one === undefined || other === undefined || others.length > 0 || one === other) {
    throw wrong('A target group pair must contain exactly two different target groups');
  }
  for (const name of [one, other]) {
    if (findTargetGroup(reader, scope, name) === undefined) throw wrong(`The target group ${name} could not be found`);
  }
  const production = readListener(reader, scope, 'prodTrafficRoute', pair.prodTrafficRoute);
  if (production === undefined) throw wrong('prodTrafficRoute must contain exactly one listener ARN');
  const test = readListener(reader, scope, 'testTrafficRoute', pair.testTrafficRoute);
  if (test === production) throw wrong('The production listener and the test listener must not be the same');
  const balancers = [production, ...(test === undefined ? [] : [test])].map(
    (arn) => reader.get(listeners, arn)?.loadBalancerArn,
  );
  if (new Set(balancers).size > 1) throw wrong('The listeners must be of one load balancer');
  return { targetGroups: [one, other], productionListenerArn: production, ...given('testListenerArn', test) };
}

function readListener(
  reader: Reader,
  scope: Scoped,
  member: string,
  route: sdk.TrafficRoute | undefined,
): string | undefined {
  const [arn, ...more] = route?.listenerArns ?? [];
  if (arn === undefined) return undefined;
  if (more.length > 0) throw refused('InvalidTargetGroupPair', `${member} must contain exactly one listener ARN`);
  const listener = reader.get(listeners, arn);
  if (listener === undefined || scopeOf(listener) !== scopeOf(scope)) {
    throw refused('InvalidTargetGroupPair', `The listener ${arn} could not be found`);
  }
  if (!arn.includes(':listener/app/')) {
    throw notHere('InvalidTargetGroupPair', `${member} of a Network Load Balancer`);
  }
  return arn;
}

/** The ARN of a target group by its name. */
export function findTargetGroup(reader: Reader, scope: Scoped, name: string): string | undefined {
  return reader.by(targetGroups, 'scope', scopeOf(scope)).find((group) => group.name === name)?.arn;
}

/** The one service of a deployment group: ACTIVE, and with CodeDeploy's controller. */
export function readService(
  reader: Reader,
  ctx: Ctx,
  asked: readonly sdk.ECSService[] | undefined,
): { readonly clusterName: string; readonly serviceName: string } {
  const [one, ...more] = asked ?? [];
  if (one === undefined) throw refused('InvalidECSService', 'For ECS deployment group, ecsServices must be specified');
  if (more.length > 0) {
    throw refused('InvalidECSService', 'For ECS deployment group, ecsServices must contain exactly one service');
  }
  const { clusterName = 'default', serviceName = '' } = one;
  needService(reader, ctx, clusterName, serviceName);
  return { clusterName, serviceName };
}

/** An ACTIVE service that CodeDeploy deploys. */
export function needService(reader: Reader, scope: Scoped, clusterName: string, serviceName: string): Service {
  const service = reader.get(services, serviceArn(scope, clusterName, serviceName));
  if (service?.status !== 'ACTIVE' || service.clusterArn !== clusterArn(scope, clusterName)) {
    throw refused(
      'InvalidECSService',
      `Could not find ECS service: ${serviceName} in cluster: ${clusterName}, or it is not ACTIVE.`,
    );
  }
  if (service.deploymentController !== 'CODE_DEPLOY') {
    throw refused(
      'InvalidECSService',
      "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.",
    );
  }
  return service;
}
