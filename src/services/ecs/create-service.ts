import type { CreateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { arn } from '../../base/arn.ts';
import { given } from '../../base/given.ts';
import { serviceArn } from '../../model/ecs/arns.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { specOf, type DeploymentSpec, type Service } from '../../model/ecs/service.ts';
import { newTaskSet, runs } from '../../model/ecs/task-set.ts';
import { beginDeployment } from '../../store/begin-deployment.ts';
import type { Reader } from '../../store/store.ts';
import { makePrimary } from '../../store/task-sets.ts';
import { services } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { checkShifting } from './advanced-configuration.ts';
import { readAwsvpc } from './awsvpc.ts';
import { checkCodeDeployService, checkControlled, checkExternalService, readController } from './controller-rules.ts';
import { readDeploymentConfiguration } from './deployment-configuration.ts';
import { canonical, newSpec } from './deployments.ts';
import { needTaskRole } from './exec-rules.ts';
import { invalidParameter } from './errors.ts';
import { checkOneOf } from './one-of.ts';
import { needCluster, needTaskDefinition } from './find.ts';
import { readLaunch } from './launch.ts';
import { readConstraints, readStrategyOf } from './placement-input.ts';
import { checkPlatformIsThere } from './platform.ts';
import { readRebalancing } from './rebalancing-rules.ts';
import { readLoadBalancers } from './service-load-balancers.ts';
import {
  checkClientToken,
  checkDesiredCount,
  checkGracePeriod,
  checkPlacement,
  refuseUnsupportedService,
} from './service-rules.ts';
import { readTags } from './tag-rules.ts';

/** CreateService: the row of a new service with its first deployment; the service loop does the rest. */
export function createService({ store, clock, ids }: ServiceDeps, input: CreateServiceCommandInput, ctx: Ctx): Service {
  const cluster = needCluster(store, ctx, input.cluster);
  const name = input.serviceName ?? '';
  if (!/^[a-zA-Z0-9\-_]{1,255}$/.test(name)) {
    throw invalidParameter(`ServiceName must match ^[a-zA-Z0-9\\-_]{1,255}$, but was ${name}`);
  }
  // A repeated request is known by its name and by what it asks for, with a token or without one.
  checkClientToken(input.clientToken);
  const deploymentController = readController(input);
  const schedulingStrategy = input.schedulingStrategy ?? 'REPLICA';
  checkOneOf('schedulingStrategy', schedulingStrategy, ['REPLICA', 'DAEMON']);
  checkDesiredCount(input.desiredCount, schedulingStrategy);
  if (deploymentController === 'CODE_DEPLOY') checkCodeDeployService(input);
  if (deploymentController !== 'ECS') checkControlled(input, deploymentController);
  const spec = deploymentController === 'EXTERNAL' ? undefined : readSpec(store, cluster, input, ctx);
  if (spec === undefined) checkExternalService(input);
  checkGracePeriod(input.healthCheckGracePeriodSeconds, spec === undefined || spec.loadBalancers.length > 0);
  refuseUnsupportedService(input);
  const loadBalanced = (spec?.loadBalancers.length ?? 0) > 0;
  const roleArn = readRole(
    input.role,
    spec?.networkConfiguration !== undefined || spec === undefined,
    loadBalanced,
    ctx,
  );
  const deploymentConfiguration = readDeploymentConfiguration(input.deploymentConfiguration, {
    schedulingStrategy,
    deploymentController,
  });
  checkShifting(spec?.loadBalancers ?? [], deploymentConfiguration.strategy);
  const now = clock.now();
  const rules = {
    deploymentController,
    schedulingStrategy,
    deploymentConfiguration,
    placementConstraints: readConstraints(input.placementConstraints ?? []),
    placementStrategy: readStrategyOf(input.placementStrategy ?? []),
  };
  const service: Service = {
    ...rules,
    account: ctx.account,
    region: ctx.region,
    arn: serviceArn(ctx, cluster.name, name),
    name,
    clusterArn: cluster.arn,
    status: 'ACTIVE',
    desiredCount: input.desiredCount ?? 0,
    deployments: [],
    serviceRegistries: [],
    ...given('healthCheckGracePeriodSeconds', input.healthCheckGracePeriodSeconds),
    ...(spec?.platformFamily === undefined ? {} : { platformVersion: input.platformVersion ?? 'LATEST' }),
    availabilityZoneRebalancing: readRebalancing(input.availabilityZoneRebalancing, rules, spec?.launchType),
    enableECSManagedTags: input.enableECSManagedTags ?? false,
    propagateTags: input.propagateTags ?? 'NONE',
    enableExecuteCommand: input.enableExecuteCommand ?? false,
    ...given('roleArn', roleArn),
    createdAt: now,
    createdBy: ctx.caller.arn,
    tags: readTags(input.tags),
    events: [],
    throttle: { consecutiveFailures: 0, retryAt: 0 },
  };
  return store.transact((tx) => {
    const existing = tx.get(services, service.arn);
    if (existing?.status === 'DRAINING') throw invalidParameter('Unable to Start a service that is still Draining.');
    if (existing?.status === 'ACTIVE') {
      const primary = existing.deploymentController === 'EXTERNAL' ? undefined : runs(existing);
      if (request(existing, primary && specOf(primary)) === request(service, spec)) return existing;
      throw invalidParameter('Creation of service was not idempotent.');
    }
    if (spec !== undefined && deploymentController === 'ECS') {
      return beginDeployment(tx, service, spec, { ids, now });
    }
    tx.put(services, service);
    if (spec === undefined) return service;
    // CodeDeploy's deployments go on from there.
    makePrimary(tx, newTaskSet(service, spec, { scale: { value: 100, unit: 'PERCENT' } }, ids, now), now);
    return tx.get(services, service.arn) ?? service;
  });
}

/** What the tasks of a new service are. */
function readSpec(reader: Reader, cluster: Cluster, input: CreateServiceCommandInput, ctx: Ctx): DeploymentSpec {
  const { schedulingStrategy = 'REPLICA' } = input;
  if (schedulingStrategy === 'REPLICA' && input.desiredCount === undefined) {
    throw invalidParameter('desiredCount can not be blank.');
  }
  const definition = needTaskDefinition(reader, ctx, input.taskDefinition);
  const launch = readLaunch(input, cluster, definition);
  checkPlatformIsThere(reader, definition, launch);
  checkPlacement(input, launch, schedulingStrategy);
  const awsvpc = readAwsvpc(reader, ctx, input.networkConfiguration, {
    networkMode: definition.document.networkMode,
    launchType: launch.launchType,
  });
  const loadBalancers = readLoadBalancers(reader, ctx, input.loadBalancers ?? [], definition);
  if (input.enableExecuteCommand === true) needTaskRole(definition, {}, "The service couldn't be created");
  return newSpec(definition, launch, awsvpc, loadBalancers);
}

/** What was asked for in a service, as one text: the same text is the same request. */
function request(service: Service, spec: DeploymentSpec | undefined): string {
  return canonical({
    spec,
    schedulingStrategy: service.schedulingStrategy,
    deploymentController: service.deploymentController,
    // A daemon's is the scheduler's.
    ...(service.schedulingStrategy === 'DAEMON' ? {} : { desiredCount: service.desiredCount }),
    deploymentConfiguration: service.deploymentConfiguration,
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    placementConstraints: service.placementConstraints,
    placementStrategy: service.placementStrategy,
    enableECSManagedTags: service.enableECSManagedTags,
    propagateTags: service.propagateTags,
    availabilityZoneRebalancing: service.availabilityZoneRebalancing,
    enableExecuteCommand: service.enableExecuteCommand,
  });
}

/** The role by which ECS calls ELB and EC2: the service-linked one, wherever the service needs any. */
function readRole(role: string | undefined, awsvpc: boolean, loadBalanced: boolean, ctx: Ctx): string | undefined {
  const linked = arn('iam', '', ctx.account, 'role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS');
  if (role !== undefined && role !== '' && shortRole(role) !== 'AWSServiceRoleForECS') {
    if (awsvpc) {
      throw invalidParameter('You cannot specify an IAM role for services that require a service linked role.');
    }
    if (!loadBalanced) {
      throw invalidParameter('IAM roles are only valid for services configured to use load balancers.');
    }
    return role.startsWith('arn:') ? role : arn('iam', '', ctx.account, `role/${role}`);
  }
  return awsvpc || loadBalanced ? linked : undefined;
}

function shortRole(role: string): string {
  return role.slice(role.lastIndexOf('/') + 1);
}
