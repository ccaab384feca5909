import type { Failure, RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { nextProvider, shared } from '../../model/ecs/capacity.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { needsOf, type PlacementRequest } from '../../model/ecs/needs.ts';
import { newTask, type TaskOrder } from '../../model/ecs/new-task.ts';
import { placeTasks, type Exclusion } from '../../model/ecs/placement.ts';
import type { Task } from '../../model/ecs/task.ts';
import { mayWait, providerOf } from '../../store/capacity-providers.ts';
import { candidatesBehindDaemons } from '../../store/daemon-reservations.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { zonesOf } from '../../store/subnet-zones.ts';
import { runTaskTokens, tasks } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { needCluster, needTaskDefinition } from './find.ts';
import { readLaunch } from './launch.ts';
import { checkPlatformIsThere } from './platform.ts';
import { noteRefusal } from './note-refusal.ts';
import { readConstraints, readStrategyOf } from './placement-input.ts';
import { orderOf } from './task-order.ts';

/** How long RunTask remembers a client token, milliseconds ("Ensuring idempotency", ECS API Reference). */
const tokenLifeMs = 24 * 60 * 60 * 1000;

/** What RunTask and StartTask answer. */
export interface Started {
  readonly tasks: readonly Task[];
  readonly failures: readonly Failure[];
}

/** RunTask: the rows of `count` new tasks; the loops do the rest. Tasks of instances are placed at once, or not made. */
export function runTask({ store, clock, ids }: ServiceDeps, input: RunTaskCommandInput, ctx: Ctx): Started {
  const cluster = needCluster(store, ctx, input.cluster);
  const now = clock.now();
  const token = readToken(input, cluster);
  if (token !== undefined) {
    const earlier = repeated(store, token, now);
    if (earlier !== undefined) return { tasks: earlier, failures: [] };
  }
  const { orders, failures, refused } = plan(store, cluster, input, ctx, () => ids.random());
  return store.transact((tx) => {
    if (refused !== undefined) noteRefusal(tx, 'RunTask', refused.order, refused, now);
    const made = orders.map((order) => newTask(order, ids, now));
    for (const task of made) tx.put(tasks, task);
    if (token !== undefined) remember(tx, token, made, now);
    return { tasks: made, failures };
  });
}

interface Planned {
  readonly orders: readonly TaskOrder[];
  readonly failures: readonly Failure[];
  /** On instances: how many tasks of which order found no place, and by what. */
  readonly refused?: { readonly order: TaskOrder; readonly count: number; readonly excluded: readonly Exclusion[] };
}

/** What each of the tasks is to be. Throws before anything is written. */
function plan(reader: Reader, cluster: Cluster, input: RunTaskCommandInput, ctx: Ctx, random: () => number): Planned {
  const definition = needTaskDefinition(reader, ctx, input.taskDefinition);
  const count = input.count ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.');
  const launch = readLaunch(input, cluster, definition);
  checkPlatformIsThere(reader, definition, launch);
  const order = orderOf(reader, cluster, definition, launch, input, ctx);
  if (launch.launchType !== 'FARGATE') {
    const placement = {
      group: order.group,
      placementConstraints: readConstraints(input.placementConstraints ?? []),
      placementStrategy: readStrategyOf(input.placementStrategy ?? []),
    };
    const strategy = launch.capacityProviderStrategy ?? [];
    return strategy.length === 0
      ? onInstances(reader, order, count, placement, random)
      : onProviders(reader, order, shared(strategy, new Map(), count), placement, random);
  }
  if ((input.placementConstraints?.length ?? 0) > 0) {
    throw invalidParameter('Placement constraints are not supported with FARGATE launch type.');
  }
  if ((input.placementStrategy?.length ?? 0) > 0) {
    throw invalidParameter('Placement strategies are not supported with FARGATE launch type.');
  }
  const placed = new Map<string, number>();
  const orders = Array.from({ length: count }, () => {
    const provider = nextProvider(launch.capacityProviderStrategy ?? [], placed);
    if (provider !== undefined) placed.set(provider, (placed.get(provider) ?? 0) + 1);
    return { ...order, ...given('capacityProviderName', provider) };
  });
  return { orders, failures: [] };
}

/** Tasks on instances of the cluster, as many as find a place. */
function onInstances(
  reader: Reader,
  order: TaskOrder,
  count: number,
  placement: PlacementRequest,
  random: () => number,
): Planned {
  const candidates = candidatesBehindDaemons(reader, order.clusterArn, order.launchType, { group: order.group });
  if (!candidates.some(({ instance }) => instance.status === 'ACTIVE')) {
    throw invalidParameter('No Container Instances were found in your cluster.');
  }
  const needs = needsOf(order.definition, order.overrides, zonesOf(reader, order.networkConfiguration), placement);
  const { placed, failures, excluded } = placeTasks(needs, candidates, count, random);
  return {
    orders: placed.map(({ instance, decision }) => ({ ...order, place: { instance, takes: needs, decision } })),
    failures: failures.map(({ instance, reason }) => ({ arn: instance.arn, reason })),
    refused: { order, count: count - placed.length, excluded },
  };
}

/** Tasks on the instances of capacity providers; those that find no place wait where ECS sizes the group. */
function onProviders(
  reader: Reader,
  order: TaskOrder,
  shares: ReadonlyMap<string, number>,
  placement: PlacementRequest,
  random: () => number,
): Planned {
  const all = candidatesBehindDaemons(reader, order.clusterArn, order.launchType, { group: order.group });
  const needs = needsOf(order.definition, order.overrides, zonesOf(reader, order.networkConfiguration), placement);
  const { placementConstraints = [], placementStrategy = [] } = placement;
  const found = [...shares].map(([provider, count]) => {
    const own = { ...order, capacityProviderName: provider };
    const candidates = all.filter(({ instance }) => providerOf(reader, instance) === provider);
    const { placed, failures, excluded } = placeTasks(needs, candidates, count, random);
    const orders = placed.map(({ instance, decision }) => ({ ...own, place: { instance, takes: needs, decision } }));
    const waiting = mayWait(reader, order.clusterArn, provider) ? count - placed.length : 0;
    const waiters = Array.from({ length: waiting }, () => ({
      ...own,
      placementRequest: { placementConstraints, placementStrategy },
    }));
    const missing = count - placed.length - waiting;
    return { orders: [...orders, ...waiters], failures: missing > 0 ? failures : [], excluded, missing };
  });
  const refused = found.find(({ missing }) => missing > 0);
  // A group without instances has none to blame.
  if (refused !== undefined && refused.failures.length === 0 && refused.orders.length === 0) {
    throw invalidParameter('No Container Instances were found in your capacity provider.');
  }
  return {
    orders: found.flatMap(({ orders }) => orders),
    failures: found.flatMap(({ failures }) => failures.map(({ instance, reason }) => ({ arn: instance.arn, reason }))),
    ...(refused === undefined ? {} : { refused: { order, count: refused.missing, excluded: refused.excluded } }),
  };
}

interface Token {
  readonly key: string;
  readonly clusterArn: string;
  readonly token: string;
  /** What was asked for, by which a repetition is told from another request. */
  readonly request: string;
}

function readToken(input: RunTaskCommandInput, cluster: Cluster): Token | undefined {
  const { clientToken: token, ...request } = input;
  if (token === undefined) return undefined;
  if (!/^[\u0021-\u007e]{1,64}$/.test(token)) {
    throw invalidParameter('clientToken must have 1 to 64 characters in the range of 33 to 126.');
  }
  return { key: `${cluster.arn} ${token}`, clusterArn: cluster.arn, token, request: JSON.stringify(request) };
}

/** The tasks that this very request made before; `undefined` when it is new. Throws `ConflictException`. */
function repeated(reader: Reader, { key, request }: Token, now: number): Task[] | undefined {
  const earlier = reader.get(runTaskTokens, key);
  if (earlier === undefined || earlier.usedAt + tokenLifeMs <= now) return undefined;
  if (earlier.request !== request) {
    throw new AwsError(
      'ConflictException',
      'The client token was already used for a request with other parameters. Use a new one and try again.',
      { members: { resourceIds: [...earlier.taskArns] } },
    );
  }
  return earlier.taskArns.flatMap((arn) => reader.get(tasks, arn) ?? []);
}

function remember(tx: Transaction, asked: Token, made: readonly Task[], now: number): void {
  const { clusterArn, token, request } = asked;
  for (const old of tx.by(runTaskTokens, 'cluster', clusterArn)) {
    if (old.usedAt + tokenLifeMs <= now) tx.delete(runTaskTokens, `${old.clusterArn} ${old.token}`);
  }
  tx.put(runTaskTokens, { clusterArn, token, request, taskArns: made.map((task) => task.arn), usedAt: now });
}
