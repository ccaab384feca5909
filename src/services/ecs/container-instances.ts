import type { ContainerInstanceStatus } from '@aws-sdk/client-ecs';
import { AwsError } from '../../base/errors.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import { countOn, isConnected } from '../../store/container-instances.ts';
import { containerInstances } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { clientException, invalidParameter } from './errors.ts';
import { needCluster } from './find.ts';
import { findInstance, instanceArnOf, needInstance } from './find-instance.ts';
import type { EcsHandlers } from './handler-types.ts';
import { instanceFilter } from './instance-filter.ts';
import { instanceOutput } from './instance-output.ts';
import { page } from './paging.ts';
import { registerContainerInstance } from './register-instance.ts';

/** Container instances: registering, describing, listing, draining and deregistering them. */
export function containerInstanceHandlers(deps: ServiceDeps) {
  const { store } = deps;
  return {
    RegisterContainerInstance(input, ctx) {
      return { containerInstance: instanceOutput(store, registerContainerInstance(deps, input, ctx), { tags: true }) };
    },

    DeregisterContainerInstance(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const row = needInstance(store, cluster, input.containerInstance);
      if (input.force !== true && countOn(store, row, 'running') + countOn(store, row, 'pending') > 0) {
        throw invalidParameter('Found running tasks on the instance.');
      }
      // Its tasks are no longer accounted for: the task loop ends them, and services replace theirs.
      const gone: ContainerInstance = {
        ...row,
        status: 'INACTIVE',
        deregistration: 'user',
        version: row.version + 1,
      };
      store.transact((tx) => tx.put(containerInstances, gone));
      return { containerInstance: instanceOutput(store, gone, { tags: true }) };
    },

    DescribeContainerInstances(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = input.containerInstances ?? [];
      if (asked.length === 0) throw invalidParameter('Container instances cannot be empty.');
      if (asked.length > 100) throw invalidParameter('containerInstances can have at most 100 items.');
      const found = asked.map((name) => findInstance(store, cluster, name));
      const options = {
        tags: input.include?.includes('TAGS') ?? false,
        health: input.include?.includes('CONTAINER_INSTANCE_HEALTH') ?? false,
      };
      return {
        containerInstances: found.flatMap((row) => (row === undefined ? [] : [instanceOutput(store, row, options)])),
        failures: asked
          .filter((_, index) => found[index] === undefined)
          .map((name) => ({ arn: instanceArnOf(cluster, name), reason: 'MISSING' })),
      };
    },

    ListContainerInstances(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const status = input.status;
      if (status !== undefined && !statuses.includes(status)) {
        throw invalidParameter(`status must be one of ${statuses.join(', ')}.`);
      }
      const matches = instanceFilter(store, input.filter);
      const rows = store
        .by(containerInstances, 'cluster', cluster.arn)
        // Without a status, all but the deregistered ("ListContainerInstances", ECS API Reference).
        .filter((row) => (status === undefined ? row.status !== 'INACTIVE' : row.status === status))
        .filter(matches);
      const { items, ...rest } = page(rows, (row) => row.arn, input);
      return { containerInstanceArns: items.map((row) => row.arn), ...rest };
    },

    UpdateContainerInstancesState(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const asked = input.containerInstances ?? [];
      if (asked.length === 0) throw invalidParameter('Container instances cannot be empty.');
      if (asked.length > 10) throw invalidParameter('containerInstances can have at most 10 items.');
      const status = input.status;
      if (status !== 'ACTIVE' && status !== 'DRAINING') {
        throw invalidParameter('Container instance status should be one of [ACTIVE, DRAINING].');
      }
      const failures = asked.flatMap((name) => {
        const row = findInstance(store, cluster, name);
        if (row === undefined) return [{ arn: instanceArnOf(cluster, name), reason: 'MISSING' }];
        return row.status === 'INACTIVE' ? [{ arn: row.arn, reason: 'INACTIVE' }] : [];
      });
      const failed = new Set(failures.map(({ arn }) => arn));
      const changed = store.transact((tx) =>
        asked
          .map((name) => instanceArnOf(cluster, name))
          .filter((arn) => !failed.has(arn))
          .flatMap((arn) => {
            const row = tx.update(containerInstances, arn, (before): ContainerInstance =>
              before.status === status ? before : { ...before, status, version: before.version + 1 },
            );
            return row ?? [];
          }),
      );
      return { containerInstances: changed.map((row) => instanceOutput(store, row, { tags: false })), failures };
    },

    UpdateContainerAgent(input, ctx) {
      const cluster = needCluster(store, ctx, input.cluster);
      const row = needInstance(store, cluster, input.containerInstance);
      if (!isConnected(store, row)) {
        throw clientException('The agent of the container instance is not connected.');
      }
      const { agentVersion } = row.versionInfo;
      if (agentVersion === undefined) {
        throw new AwsError(
          'MissingVersionException',
          'Amazon ECS is unable to determine the current version of the Amazon ECS container agent on the container instance.',
        );
      }
      // Our agent is part of the control plane's own program, and there is no store of other agents' versions here.
      throw new AwsError(
        'NoUpdateAvailableException',
        `There is no update available for your container agent. (agentVersion: ${agentVersion})`,
      );
    },
  } satisfies EcsHandlers;
}

const statuses: readonly ContainerInstanceStatus[] = [
  'ACTIVE',
  'DRAINING',
  'REGISTERING',
  'DEREGISTERING',
  'REGISTRATION_FAILED',
];
