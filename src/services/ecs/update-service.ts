import type { UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { specOf, type DeploymentSpec, type Service } from '../../model/ecs/service.ts';
import { runs } from '../../model/ecs/task-set.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { beginDeployment } from '../../store/begin-deployment.ts';
import type { Reader } from '../../store/store.ts';
import { services, taskDefinitions } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { checkShifting } from './advanced-configuration.ts';
import { readAwsvpc } from './awsvpc.ts';
import { readDeploymentConfiguration } from './deployment-configuration.ts';
import { canonical, newSpec, sameSpec } from './deployments.ts';
import { refuseUpdates } from './controller-rules.ts';
import { clientException, invalidParameter, notSupported } from './errors.ts';
import { needTaskRole } from './exec-rules.ts';
import { needCluster, needService, needTaskDefinition } from './find.ts';
import { readLaunch } from './launch.ts';
import { readConstraints, readStrategyOf } from './placement-input.ts';
import { checkPlatformIsThere } from './platform.ts';
import { readRebalancing } from './rebalancing-rules.ts';
import { readLoadBalancers } from './service-load-balancers.ts';
import { checkDesiredCount, checkGracePeriod, checkPlacement, refuseUnsupportedService } from './service-rules.ts';

/**
 * UpdateService: changes what the service wants. Whatever changes what its tasks are (or `forceNewDeployment`) makes a
 * new PRIMARY deployment, and those before it become ACTIVE, to be drained; the rest takes effect on the ones there are.
 */
export function updateService({ store, clock, ids }: ServiceDeps, input: UpdateServiceCommandInput, ctx: Ctx): Service {
  const cluster = needCluster(store, ctx, input.cluster);
  return store.transact((tx) => {
    const service = needService(tx, cluster, input.service);
    if (service.status !== 'ACTIVE') throw new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
    const { deploymentController: controller } = service;
    if (input.deploymentController !== undefined && input.deploymentController.type !== controller) {
      throw notSupported('Changing deploymentController');
    }
    checkDesiredCount(input.desiredCount, service.schedulingStrategy);
    const [primary] = service.deployments;
    if (controller !== 'ECS' || primary === undefined) {
      if (controller !== 'ECS') refuseUpdates(input, controller);
      checkPlacement(input, { launchType: runs(service)?.launchType ?? 'EC2' }, service.schedulingStrategy);
      refuseUnsupportedService(input);
      checkGracePeriod(input.healthCheckGracePeriodSeconds, true);
      const changed = changedBy(service, input);
      tx.put(services, changed);
      return changed;
    }
    const spec = readUpdatedSpec(tx, cluster, service, primary, input, ctx);
    checkForced(input, spec, primary);
    refuseUnsupportedService(input);
    checkExec(tx, service, spec, input);
    checkGracePeriod(input.healthCheckGracePeriodSeconds, spec.loadBalancers.length > 0);

    const wanted = changedBy(service, input, spec.launchType);
    checkShifting(spec.loadBalancers, wanted.deploymentConfiguration.strategy);
    const redeploy =
      input.forceNewDeployment === true ||
      !sameSpec(spec, specOf(primary)) ||
      wanted.enableECSManagedTags !== service.enableECSManagedTags ||
      wanted.propagateTags !== service.propagateTags;
    if (redeploy) return beginDeployment(tx, wanted, spec, { ids, now: clock.now() });
    tx.put(services, wanted);
    return wanted;
  });
}

/** The service with what is asked for that is no matter of its deployments. */
function changedBy(
  service: Service,
  input: UpdateServiceCommandInput,
  launchType = runs(service)?.launchType,
): Service {
  const changed: Service = {
    ...service,
    desiredCount: input.desiredCount ?? service.desiredCount,
    deploymentConfiguration: readDeploymentConfiguration(
      input.deploymentConfiguration,
      service,
      service.deploymentConfiguration,
    ),
    ...given('healthCheckGracePeriodSeconds', input.healthCheckGracePeriodSeconds),
    ...given('platformVersion', input.platformVersion),
    // They are of new tasks, and no reason to replace those that run.
    placementConstraints: readConstraints(input.placementConstraints ?? service.placementConstraints),
    placementStrategy: readStrategyOf(input.placementStrategy ?? service.placementStrategy),
    enableECSManagedTags: input.enableECSManagedTags ?? service.enableECSManagedTags,
    propagateTags: input.propagateTags ?? service.propagateTags,
    // Of tasks that are made from now on: those that run stay as they are.
    enableExecuteCommand: input.enableExecuteCommand ?? service.enableExecuteCommand,
  };
  const { availabilityZoneRebalancing: before } = service;
  return {
    ...changed,
    availabilityZoneRebalancing: readRebalancing(input.availabilityZoneRebalancing, changed, launchType, before),
  };
}

function checkExec(reader: Reader, service: Service, spec: DeploymentSpec, input: UpdateServiceCommandInput): void {
  if (!(input.enableExecuteCommand ?? service.enableExecuteCommand)) return;
  const definition = reader.get(taskDefinitions, spec.taskDefinitionArn);
  if (definition !== undefined) needTaskRole(definition, {}, "The service couldn't be updated");
}

/** What the service's tasks shall be from now on: what its PRIMARY deployment or task set runs, with the changes asked for. */
export function readUpdatedSpec(
  reader: Reader,
  cluster: Cluster,
  service: Service,
  primary: DeploymentSpec,
  input: Omit<UpdateServiceCommandInput, 'service'>,
  ctx: Ctx,
): DeploymentSpec {
  const definition = readDefinition(reader, primary, input, ctx);
  // A service keeps its launch type unless a capacity provider strategy is asked for.
  const strategy = input.capacityProviderStrategy ?? primary.capacityProviderStrategy;
  const launch = readLaunch(
    {
      ...(strategy === undefined || strategy.length === 0
        ? { launchType: primary.launchType ?? 'FARGATE' }
        : { capacityProviderStrategy: strategy }),
      platformVersion: input.platformVersion ?? service.platformVersion,
    },
    cluster,
    definition,
  );
  checkPlatformIsThere(reader, definition, launch);
  const { placementConstraints = service.placementConstraints, placementStrategy = service.placementStrategy } = input;
  checkPlacement({ placementConstraints, placementStrategy }, launch, service.schedulingStrategy);
  const networkMode = definition.document.networkMode;
  const asked = input.networkConfiguration;
  const awsvpc =
    asked === undefined && primary.networkConfiguration !== undefined && networkMode === 'awsvpc'
      ? primary.networkConfiguration
      : readAwsvpc(reader, ctx, asked, { networkMode, launchType: launch.launchType });
  // Those kept are looked at again, too: the new definition may not have their container or port.
  const loadBalancers =
    input.loadBalancers === undefined && input.taskDefinition === undefined
      ? primary.loadBalancers
      : readLoadBalancers(reader, ctx, input.loadBalancers ?? primary.loadBalancers, definition);
  return newSpec(definition, launch, awsvpc, loadBalancers);
}

/** Other capacity is for other tasks, and they come with a deployment that is asked for. */
function checkForced(
  { capacityProviderStrategy, forceNewDeployment }: UpdateServiceCommandInput,
  wanted: DeploymentSpec,
  primary: DeploymentSpec,
): void {
  if (capacityProviderStrategy === undefined || forceNewDeployment === true) return;
  const [before, after] = [primary, wanted].map((one) => canonical(one.capacityProviderStrategy ?? []));
  if (before !== after) {
    throw invalidParameter(
      'When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.',
    );
  }
}

/** The definition asked for, ACTIVE; else the one in use, whatever became of it: a service outlives its deregistration. */
function readDefinition(
  reader: Reader,
  primary: DeploymentSpec,
  input: Pick<UpdateServiceCommandInput, 'taskDefinition'>,
  ctx: Ctx,
): TaskDefinition {
  if (input.taskDefinition !== undefined) return needTaskDefinition(reader, ctx, input.taskDefinition);
  const definition = reader.get(taskDefinitions, primary.taskDefinitionArn);
  if (definition === undefined) throw clientException('TaskDefinition not found.');
  return definition;
}
