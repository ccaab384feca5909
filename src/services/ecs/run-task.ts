import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { nextProvider } from '../../model/ecs/capacity.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { newTask, newTaskTags } from '../../model/ecs/new-task.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { runTaskTokens, tasks } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { readAwsvpc } from './awsvpc.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { needCluster, needTaskDefinition } from './find.ts';
import { readLaunch } from './launch.ts';
import { readTags } from './tag-rules.ts';
import { readOverrides } from './task-overrides.ts';

/** How long RunTask remembers a client token, milliseconds ("Ensuring idempotency", ECS API Reference). */
const tokenLifeMs = 24 * 60 * 60 * 1000;

/** RunTask: the rows of `count` new tasks, PROVISIONING; the loops do the rest. */
export function runTask({ store, clock, ids }: ServiceDeps, input: RunTaskCommandInput, ctx: Ctx): Task[] {
  const cluster = needCluster(store, ctx, input.cluster);
  const now = clock.now();
  const token = readToken(input, cluster);
  if (token !== undefined) {
    const earlier = repeated(store, token, now);
    if (earlier !== undefined) return earlier;
  }
  const make = plan(store, cluster, input, ctx);
  return store.transact((tx) => {
    const made = make.map((order) => newTask(order, ids, now));
    for (const task of made) tx.put(tasks, task);
    if (token !== undefined) remember(tx, token, made, now);
    return made;
  });
}

/** What each of the tasks is to be. Throws before anything is written. */
function plan(reader: Reader, cluster: Cluster, input: RunTaskCommandInput, ctx: Ctx) {
  const definition = needTaskDefinition(reader, ctx, input.taskDefinition);
  const count = input.count ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.');
  if (input.enableExecuteCommand === true) throw notSupported('enableExecuteCommand');
  if ((input.volumeConfigurations?.length ?? 0) > 0) throw notSupported('volumeConfigurations');
  if ((input.startedBy?.length ?? 0) > 128) throw invalidParameter('startedBy can have at most 128 characters.');
  if ((input.referenceId?.length ?? 0) > 1024) throw invalidParameter('referenceId can have at most 1024 characters.');
  if (input.group?.startsWith('service:') === true) {
    throw invalidParameter("Groups that begin with 'service:' are reserved for the tasks of services.");
  }
  if (input.propagateTags === 'SERVICE') {
    throw invalidParameter('The SERVICE value of propagateTags is only valid for services.');
  }
  const launch = readLaunch(input, cluster, definition);
  const awsvpc = readAwsvpc(reader, ctx, input.networkConfiguration, {
    networkMode: definition.document.networkMode,
    launchType: launch.launchType,
  });
  const overrides = readOverrides(input.overrides, definition, launch.launchType);
  const tags = newTaskTags({
    own: readTags(input.tags),
    propagateTags: input.propagateTags ?? 'NONE',
    enableECSManagedTags: input.enableECSManagedTags ?? false,
    definition: definition.tags,
    clusterName: cluster.name,
  });
  if (tags.length > 50) throw invalidParameter('tags can have at most 50 items.');
  if (launch.launchType === 'FARGATE') {
    if ((input.placementConstraints?.length ?? 0) > 0) {
      throw invalidParameter('Placement constraints are not supported with FARGATE launch type.');
    }
    if ((input.placementStrategy?.length ?? 0) > 0) {
      throw invalidParameter('Placement strategies are not supported with FARGATE launch type.');
    }
  } else {
    // No machine registers as a container instance yet.
    throw invalidParameter('No Container Instances were found in your cluster.');
  }
  const placed = new Map<string, number>();
  return Array.from({ length: count }, () => {
    const provider = nextProvider(launch.capacityProviderStrategy ?? [], placed);
    if (provider !== undefined) placed.set(provider, (placed.get(provider) ?? 0) + 1);
    return {
      scope: cluster,
      clusterArn: cluster.arn,
      definition,
      launchType: launch.launchType,
      ...given('capacityProviderName', provider),
      ...given('platformVersion', launch.platformVersion),
      group: input.group ?? `family:${definition.family}`,
      ...given('startedBy', input.startedBy),
      overrides,
      enableExecuteCommand: false,
      tags,
      ...given('networkConfiguration', awsvpc),
      loadBalancers: [],
    };
  });
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
