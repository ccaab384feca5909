import type { KeyValuePair } from '@aws-sdk/client-ecs';
import { launchTypeOf } from '../../model/ecs/capacity.ts';
import type { Service } from '../../model/ecs/service.ts';
import { runs } from '../../model/ecs/task-set.ts';
import { reached, type Task } from '../../model/ecs/task.ts';

const launchTypes = { EC2: 'EC2', FARGATE: 'Fargate', EXTERNAL: 'External' } as const;

/** How many tasks run, or are on their way to it. */
export function countTasks(tasks: readonly Task[], state: 'running' | 'pending'): number {
  return tasks.filter((task) =>
    state === 'running' ? task.lastStatus === 'RUNNING' : !reached(task.lastStatus, 'RUNNING'),
  ).length;
}

/** The statistics of DescribeClusters, by launch type, named and spelled as ECS does. */
export function clusterStatistics(tasks: readonly Task[], services: readonly Service[]): KeyValuePair[] {
  return Object.entries(launchTypes).flatMap(([launchType, name]) => {
    const here = tasks.filter((task) => task.launchType === launchType);
    const serving = services.filter((service) => launchTypeOfService(service) === launchType);
    const withStatus = (status: Service['status']): number =>
      serving.filter((service) => service.status === status).length;
    return [
      { name: `running${name}TasksCount`, value: String(countTasks(here, 'running')) },
      { name: `pending${name}TasksCount`, value: String(countTasks(here, 'pending')) },
      { name: `active${name}ServiceCount`, value: String(withStatus('ACTIVE')) },
      { name: `draining${name}ServiceCount`, value: String(withStatus('DRAINING')) },
    ];
  });
}

/** What a service runs on: its launch type, or that of its capacity providers; nothing without a PRIMARY task set. */
export function launchTypeOfService(service: Service): Task['launchType'] | undefined {
  const primary = runs(service);
  return primary === undefined ? undefined : launchTypeOf(primary);
}
