import type { Service as ServiceOutput } from '@aws-sdk/client-ecs';
import type { Service } from '../../model/ecs/service.ts';
import { hasTaskSets } from '../../model/ecs/task-set.ts';
import { taskSetsOf } from '../../store/task-sets.ts';
import { services } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { launchTypeOfService } from './cluster-statistics.ts';
import { createService } from './create-service.ts';
import { invalidParameter, serviceNotFound } from './errors.ts';
import { needCluster, needService, serviceArnOf } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';
import { page } from './paging.ts';
import { serviceOutput } from './service-output.ts';
import { updateService } from './update-service.ts';

/** Services: creating, changing, describing, listing and deleting them. */
export function serviceHandlers(deps: ServiceDeps) {
  const { store } = deps;
  const output = (row: Service, tags: boolean): ServiceOutput =>
    serviceOutput(row, { tags, taskSets: hasTaskSets(row) ? taskSetsOf(store, row.arn) : [] });
  return {
    CreateService(input, ctx) {
      return { service: output(createService(deps, input, ctx), true) };
    },

    UpdateService(input, ctx) {
      return { service: output(updateService(deps, input, ctx), true) };
    },

    DescribeServices(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = input.services ?? [];
      if (asked.length === 0) throw invalidParameter('Services cannot be empty.');
      if (asked.length > 10) throw invalidParameter('services can have at most 10 items.');
      const arns = asked.map((name) => serviceArnOf(cluster, name));
      const found = arns
        .map((arn) => store.get(services, arn))
        .map((row) => (row?.clusterArn === cluster.arn ? row : undefined));
      const tags = input.include?.includes('TAGS') ?? false;
      return {
        services: found.flatMap((row) => (row === undefined ? [] : [output(row, tags)])),
        failures: arns.filter((_, index) => found[index] === undefined).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },

    ListServices(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const matching = store.by(services, 'cluster', cluster.arn).filter(
        (row) =>
          row.status !== 'INACTIVE' &&
          (input.launchType === undefined || launchTypeOfService(row) === input.launchType) &&
          (input.schedulingStrategy === undefined || row.schedulingStrategy === input.schedulingStrategy) &&
          // Services that ECS itself manages are Express Mode's, which is not served.
          input.resourceManagementType !== 'ECS',
      );
      const { items, ...rest } = page(matching, (row) => row.arn, input, { defaultSize: 10 });
      return { serviceArns: items.map((row) => row.arn), ...rest };
    },

    DeleteService(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const service = needService(store, cluster, input.service);
      if (service.status === 'INACTIVE') throw serviceNotFound();
      if (service.desiredCount > 0 && service.schedulingStrategy === 'REPLICA' && input.force !== true) {
        throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
      }
      const draining: Service = { ...service, status: 'DRAINING', desiredCount: 0 };
      store.transact((tx) => tx.put(services, draining));
      return { service: output(draining, true) };
    },
  } satisfies EcsHandlers;
}
