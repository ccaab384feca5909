import type { Failure, StartTaskCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { isExternal } from '../../model/ecs/container-instance.ts';
import { needsOf } from '../../model/ecs/needs.ts';
import { newTask, type TaskOrder } from '../../model/ecs/new-task.ts';
import { Exclusions, obstacle } from '../../model/ecs/placement.ts';
import { candidateOf } from '../../store/container-instances.ts';
import { zonesOf } from '../../store/subnet-zones.ts';
import { tasks } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { needCluster, needTaskDefinition } from './find.ts';
import { findInstance, instanceArnOf } from './find-instance.ts';
import { noteRefusal } from './note-refusal.ts';
import type { Started } from './run-task.ts';
import { orderOf } from './task-order.ts';

/**
 * StartTask: one task on each of the instances named, whatever placement would choose; also on one that is DRAINING.
 * Where it does not fit, a failure says why.
 */
export function startTask({ store, clock, ids }: ServiceDeps, input: StartTaskCommandInput, ctx: Ctx): Started {
  const cluster = needCluster(store, ctx, input.cluster);
  const definition = needTaskDefinition(store, ctx, input.taskDefinition);
  const asked = input.containerInstances ?? [];
  if (asked.length === 0) throw invalidParameter('Container instances cannot be empty.');
  if (asked.length > 10) throw invalidParameter('containerInstances can have at most 10 items.');
  // What an instance is decides on the launch type.
  const launchTypeOn = (name: string): 'EC2' | 'EXTERNAL' => {
    const instance = findInstance(store, cluster, name);
    return instance !== undefined && isExternal(instance) ? 'EXTERNAL' : 'EC2';
  };
  const unfit = asked.map(launchTypeOn).find((launchType) => !definition.compatibilities.includes(launchType));
  if (unfit !== undefined) throw invalidParameter(`Task definition does not support launch_type ${unfit}.`);
  const order: TaskOrder = orderOf(store, cluster, definition, { launchType: 'EC2' }, input, ctx);
  const needs = needsOf(definition, order.overrides, zonesOf(store, order.networkConfiguration));
  return store.transact((tx) => {
    const now = clock.now();
    const excluded = new Exclusions();
    const failures: Failure[] = [];
    const made = asked.flatMap((name) => {
      const instance = findInstance(tx, cluster, name);
      const obstructed =
        instance === undefined ? undefined : obstacle(candidateOf(tx, instance, { group: order.group }), needs);
      if (instance !== undefined && obstructed !== undefined) excluded.add(obstructed, instance);
      const reason = instance === undefined ? 'MISSING' : obstructed;
      if (instance === undefined || reason !== undefined) {
        failures.push({ arn: instanceArnOf(cluster, name), ...(reason === undefined ? {} : { reason }) });
        return [];
      }
      const task = newTask({ ...order, launchType: launchTypeOn(name), place: { instance, takes: needs } }, ids, now);
      tx.put(tasks, task);
      return [task];
    });
    noteRefusal(tx, 'StartTask', order, { count: failures.length, excluded: excluded.all() }, now);
    return { tasks: made, failures };
  });
}
