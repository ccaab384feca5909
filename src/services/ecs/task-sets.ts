import type { TaskSet } from '../../model/ecs/task-set.ts';
import { drainTaskSet, makePrimary } from '../../store/task-sets.ts';
import { taskSets } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { createTaskSet, readScale } from './create-task-set.ts';
import { invalidParameter } from './errors.ts';
import { needCluster } from './find.ts';
import { findTaskSet, needExternalService, needTaskSet, taskSetArnOf } from './find-task-set.ts';
import type { EcsHandlers } from './handler-types.ts';
import { taskSetOutput } from './task-set-output.ts';

/** Task sets of services whose deployments somebody else controls ("Deploy Amazon ECS services using a third-party controller"). */
export function taskSetHandlers(deps: ServiceDeps) {
  const { store, clock } = deps;
  return {
    CreateTaskSet(input, ctx) {
      return { taskSet: taskSetOutput(createTaskSet(deps, input, ctx), { tags: true }) };
    },

    DescribeTaskSets(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const service = needExternalService(store, cluster, input.service);
      const asked = input.taskSets ?? [];
      if (asked.length === 0) throw invalidParameter('TaskSets cannot be empty.');
      const arns = asked.map((name) => taskSetArnOf(cluster, service, name));
      const found = arns.map((arn) => findTaskSet(store, service, arn));
      const options = { tags: input.include?.includes('TAGS') ?? false };
      return {
        taskSets: found.flatMap((row) => (row === undefined ? [] : [taskSetOutput(row, options)])),
        failures: arns.filter((_, index) => found[index] === undefined).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },

    UpdateTaskSet(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      if (input.scale === undefined) throw invalidParameter('Scale can not be blank.');
      const scale = readScale(input.scale);
      return store.transact((tx) => {
        const service = needExternalService(tx, cluster, input.service);
        const row = needTaskSet(tx, cluster, service, input.taskSet);
        if (row.status === 'DRAINING') throw invalidParameter('Unable to update a task set that is DRAINING.');
        const scaled: TaskSet = { ...row, scale, updatedAt: clock.now() };
        tx.put(taskSets, scaled);
        return { taskSet: taskSetOutput(scaled, { tags: true }) };
      });
    },

    UpdateServicePrimaryTaskSet(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      return store.transact((tx) => {
        const service = needExternalService(tx, cluster, input.service);
        const row = needTaskSet(tx, cluster, service, input.primaryTaskSet);
        if (row.status === 'DRAINING')
          throw invalidParameter('A task set that is DRAINING can not be the primary one.');
        const primary = row.status === 'PRIMARY' ? row : makePrimary(tx, row, clock.now());
        return { taskSet: taskSetOutput(primary, { tags: true }) };
      });
    },

    DeleteTaskSet(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      return store.transact((tx) => {
        const service = needExternalService(tx, cluster, input.service);
        const row = needTaskSet(tx, cluster, service, input.taskSet);
        if (row.status === 'DRAINING') return { taskSet: taskSetOutput(row, { tags: true }) };
        if (input.force !== true) {
          if (row.status === 'PRIMARY') throw invalidParameter('The primary task set can only be deleted with force.');
          if (row.scale.value > 0) throw invalidParameter('The task set cannot be deleted while it is scaled above 0.');
        }
        return { taskSet: taskSetOutput(drainTaskSet(tx, row, clock.now()), { tags: true }) };
      });
    },
  } satisfies EcsHandlers;
}
