import type { CreateTaskSetCommandInput, Scale } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import { newTaskSet, type TaskSet, type TaskSetScale } from '../../model/ecs/task-set.ts';
import { taskSetsOf } from '../../store/task-sets.ts';
import { taskSets } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { readAwsvpc } from './awsvpc.ts';
import { canonical, newSpec } from './deployments.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { needTaskRole } from './exec-rules.ts';
import { needCluster, needTaskDefinition } from './find.ts';
import { needExternalService } from './find-task-set.ts';
import { readLaunch } from './launch.ts';
import { checkOneOf } from './one-of.ts';
import { checkPlatformIsThere } from './platform.ts';
import { readLoadBalancers } from './service-load-balancers.ts';
import { checkClientToken, checkPlacement } from './service-rules.ts';
import { readTags } from './tag-rules.ts';

/** "Amazon ECS service quotas": deployments, and so task sets, that a service may have at a time. */
const most = 5;

/** CreateTaskSet: the row of a new task set; the service loop does the rest. */
export function createTaskSet({ store, clock, ids }: ServiceDeps, input: CreateTaskSetCommandInput, ctx: Ctx): TaskSet {
  const cluster = needCluster(store, ctx, input.cluster);
  checkClientToken(input.clientToken);
  return store.transact((tx) => {
    const service = needExternalService(tx, cluster, input.service);
    const definition = needTaskDefinition(tx, ctx, input.taskDefinition);
    const { clientToken, ...asked } = input;
    const request = clientToken === undefined ? undefined : { clientToken, text: canonical(asked) };
    const before = taskSetsOf(tx, service.arn);
    const same = request && before.find((row) => row.request?.clientToken === request.clientToken);
    if (same !== undefined) {
      if (same.request?.text === request?.text) return same;
      throw invalidParameter('Creation of task set was not idempotent.');
    }
    if (before.length >= most) {
      throw invalidParameter(
        `${before.length} deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.`,
      );
    }
    const launch = readLaunch(input, cluster, definition);
    checkPlatformIsThere(tx, definition, launch);
    checkPlacement(service, launch, service.schedulingStrategy);
    const { networkMode } = definition.document;
    const awsvpc = readAwsvpc(tx, ctx, input.networkConfiguration, { networkMode, launchType: launch.launchType });
    if ((input.serviceRegistries?.length ?? 0) > 0) throw notSupported('serviceRegistries');
    const loadBalancers = readLoadBalancers(tx, ctx, input.loadBalancers ?? [], definition);
    if (loadBalancers.some(({ advancedConfiguration }) => advancedConfiguration !== undefined)) {
      throw invalidParameter('advancedConfiguration is not supported for task sets.');
    }
    if (service.enableExecuteCommand) needTaskRole(definition, {}, "The task set couldn't be created");
    const spec = newSpec(definition, launch, awsvpc, loadBalancers);
    const options = {
      ...given('externalId', input.externalId),
      scale: readScale(input.scale),
      ...given('request', request),
      tags: readTags(input.tags),
    };
    const created = newTaskSet(service, spec, options, ids, clock.now());
    tx.put(taskSets, created);
    return created;
  });
}

/** A scale as a request gives it; nothing at all unless it says so ("Scale", ECS API Reference). */
export function readScale({ value = 0, unit = 'PERCENT' }: Scale = {}): TaskSetScale {
  checkOneOf('scale.unit', unit, ['PERCENT']);
  if (!(value >= 0 && value <= 100)) throw invalidParameter('Scale value must be between 0 and 100.');
  return { value, unit };
}
