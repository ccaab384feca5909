import type { ServiceDeps } from '../deps.ts';
import { parseArn } from '../../base/arn.ts';
import { serviceArn, shortName } from '../../model/ecs/arns.ts';
import type { Task } from '../../model/ecs/task.ts';
import { services, tasks } from '../../store/tables/ecs.ts';
import { invalidParameter, serviceNotFound } from './errors.ts';
import { findTask, needCluster, taskArnOf } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';
import { checkOneOf } from './one-of.ts';
import { page } from './paging.ts';
import { runTask, type Started } from './run-task.ts';
import { startTask } from './start-task.ts';
import { taskOutput } from './task-output.ts';

/** Tasks: running, stopping, describing and listing them. */
export function taskHandlers(deps: ServiceDeps) {
  const { store } = deps;
  const answer = (started: Started) => ({
    tasks: started.tasks.map((row) => taskOutput(row, { tags: true })),
    failures: [...started.failures],
  });
  return {
    RunTask(input, ctx) {
      return answer(runTask(deps, input, ctx));
    },

    StartTask(input, ctx) {
      return answer(startTask(deps, input, ctx));
    },

    StopTask(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      if (input.task === undefined || input.task === '') throw invalidParameter('Task can not be blank.');
      if ((input.reason?.length ?? 0) > 1024) throw invalidParameter('reason can have at most 1024 characters.');
      const arn = findTask(store, cluster, input.task)?.arn;
      const stop = { code: 'UserInitiated', reason: input.reason ?? 'Task stopped by user' } as const;
      const row =
        arn === undefined
          ? undefined
          : store.transact((tx) =>
              tx.update(tasks, arn, (task): Task =>
                // The first reason wins, and a task that stops already is left alone.
                task.desiredStatus === 'STOPPED'
                  ? task
                  : { ...task, desiredStatus: 'STOPPED', stop: task.stop ?? stop },
              ),
            );
      if (row === undefined) throw invalidParameter('The referenced task was not found.');
      return { task: taskOutput(row, { tags: true }) };
    },

    DescribeTasks(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = input.tasks ?? [];
      if (asked.length === 0) throw invalidParameter('Tasks cannot be empty.');
      if (asked.length > 100) throw invalidParameter('taskIds can have at most 100 items.');
      const found = asked.map((task) => findTask(store, cluster, task));
      const options = { tags: input.include?.includes('TAGS') ?? false };
      return {
        tasks: found.flatMap((row) => (row === undefined ? [] : [taskOutput(row, options)])),
        failures: asked
          .filter((_, index) => found[index] === undefined)
          .map((task) => ({ arn: taskArnOf(cluster, task), reason: 'MISSING' })),
      };
    },

    ListTasks(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const { serviceName, containerInstance, family, startedBy, launchType, daemonName } = input;
      checkOneOf('desiredStatus', input.desiredStatus, ['RUNNING', 'PENDING', 'STOPPED']);
      checkOneOf('launchType', launchType, ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
      if (startedBy !== undefined && (serviceName ?? containerInstance ?? family ?? launchType) !== undefined) {
        throw invalidParameter('cannot specify startedBy with other arguments');
      }
      const serviceFilter =
        serviceName === undefined
          ? undefined
          : parseArn(serviceName) === undefined
            ? serviceArn(cluster, cluster.name, serviceName)
            : serviceName;
      if (serviceFilter !== undefined && store.get(services, serviceFilter)?.clusterArn !== cluster.arn) {
        throw serviceNotFound();
      }
      const desired = input.desiredStatus ?? 'RUNNING';
      const matches = (row: Task): boolean =>
        row.clusterArn === cluster.arn &&
        row.desiredStatus === desired &&
        // No daemon exists, so none has tasks.
        daemonName === undefined &&
        (serviceFilter === undefined || row.serviceArn === serviceFilter) &&
        (family === undefined || row.family === family) &&
        (startedBy === undefined || row.startedBy === startedBy) &&
        (launchType === undefined || row.launchType === launchType) &&
        (containerInstance === undefined ||
          (row.containerInstanceArn !== undefined &&
            shortName(row.containerInstanceArn) === shortName(containerInstance)));
      const live = store.keysBy(tasks, 'cluster', cluster.arn);
      const stopped =
        desired === 'STOPPED' ? store.keysBy(tasks, 'stopped', serviceFilter ?? family ?? cluster.arn) : [];
      const { items: taskArns, ...rest } = page([...live, ...stopped], (arn) => arn, input, {
        matches(arn) {
          const row = store.get(tasks, arn);
          return row !== undefined && matches(row);
        },
      });
      return { taskArns, ...rest };
    },
  } satisfies EcsHandlers;
}
