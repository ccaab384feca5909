import type { Failure, ProtectedTask } from '@aws-sdk/client-ecs';
import { dateOf } from '../../base/clock.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { isProtected, type Task } from '../../model/ecs/task.ts';
import type { Reader } from '../../store/store.ts';
import { services, tasks } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { findTask, needCluster, taskArnOf } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';

const minuteMs = 60_000;
/** How long a task is protected unless the request says ("UpdateTaskProtection", ECS API Reference). */
const defaultMinutes = 120;
const longestMinutes = 2_880;
/** How many tasks a request may name. */
const readAtOnce = 100;
const writtenAtOnce = 10;

/** Scale-in protection of tasks: those of services only. The service scheduler stops no task that is protected. */
export function taskProtectionHandlers({ store, clock }: ServiceDeps) {
  return {
    GetTaskProtection(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = readTasks(input.tasks, readAtOnce);
      const now = clock.now();
      const found = asked.map((task) => needServiceTask(store, cluster, task));
      return {
        protectedTasks: found.flatMap((one) => ('task' in one ? [shown(one.task, now)] : [])),
        failures: found.flatMap((one) => ('task' in one ? [] : [one])),
      };
    },

    UpdateTaskProtection(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = readTasks(input.tasks, writtenAtOnce);
      const { protectionEnabled, expiresInMinutes = defaultMinutes } = input;
      if (protectionEnabled === undefined) throw invalidParameter('protectionEnabled can not be blank.');
      if (!Number.isInteger(expiresInMinutes) || expiresInMinutes < 1 || expiresInMinutes > longestMinutes) {
        throw invalidParameter(`expiresInMinutes must be between 1 and ${longestMinutes}.`);
      }
      const now = clock.now();
      const protectedUntil = now + expiresInMinutes * minuteMs;
      return store.transact((tx) => {
        const protectedTasks: ProtectedTask[] = [];
        const failures: Failure[] = [];
        for (const name of asked) {
          const found = needServiceTask(tx, cluster, name);
          if (!('task' in found)) {
            failures.push(found);
            continue;
          }
          const { task } = found;
          if (protectionEnabled && isBlocked(tx, task, now)) {
            failures.push({ arn: task.arn, reason: 'DEPLOYMENT_BLOCKED', detail: 'Reached protection limit' });
            continue;
          }
          const { protectedUntil: _before, ...bare } = task;
          const next: Task = protectionEnabled ? { ...bare, protectedUntil } : bare;
          tx.put(tasks, next);
          protectedTasks.push(shown(next, now));
        }
        return { protectedTasks, failures };
      });
    },
  } satisfies EcsHandlers;
}

function readTasks(asked: readonly string[] | undefined, most: number): readonly string[] {
  if (asked === undefined || asked.length === 0) throw invalidParameter('Tasks cannot be empty.');
  if (asked.length > most) throw invalidParameter(`tasks can have at most ${most} items.`);
  return asked;
}

/** A task of a service that is to run, or why there is none ("API failure reasons", ECS Developer Guide). */
function needServiceTask(reader: Reader, cluster: Cluster, name: string): { readonly task: Task } | Failure {
  const task = findTask(reader, cluster, name);
  if (task === undefined) return { arn: taskArnOf(cluster, name), reason: 'MISSING' };
  const runs = task.serviceArn !== undefined && task.desiredStatus === 'RUNNING';
  return runs ? { task } : { arn: task.arn, reason: 'TASK_NOT_VALID' };
}

/** A service may not have more protected tasks than it is to have tasks, or its deployments could never end. */
function isBlocked(reader: Reader, task: Task, now: number): boolean {
  const { serviceArn = '' } = task;
  const others = reader.by(tasks, 'concern', serviceArn).filter((one) => one.arn !== task.arn && isProtected(one, now));
  return others.length >= (reader.get(services, serviceArn)?.desiredCount ?? 0);
}

function shown(task: Task, now: number): ProtectedTask {
  const until = isProtected(task, now) ? task.protectedUntil : undefined;
  return {
    taskArn: task.arn,
    protectionEnabled: until !== undefined,
    ...(until === undefined ? {} : { expirationDate: dateOf(until) }),
  };
}
