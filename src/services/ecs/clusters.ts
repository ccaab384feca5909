import type { Cluster as ClusterOutput, ClusterConfiguration, ClusterField, ClusterSetting } from '@aws-sdk/client-ecs';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { clusterArn } from '../../model/ecs/arns.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import type { Scoped } from '../../model/tags.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { clusters, containerInstances, services, taskSets, tasks } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { effectiveSetting } from './account-settings.ts';
import { readProviders, readStrategy } from './capacity.ts';
import { clusterStatistics, countTasks } from './cluster-statistics.ts';
import { checkExecConfiguration } from './exec-rules.ts';
import type { EcsHandlers } from './handler-types.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { clusterArnOf, needCluster } from './find.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';

const everything: readonly ClusterField[] = ['CONFIGURATIONS', 'SETTINGS', 'TAGS'];

/** Clusters: creating, describing, changing and deleting them. */
export function clusterHandlers({ store, clock }: ServiceDeps) {
  return {
    CreateCluster(input, ctx) {
      const name = input.clusterName ?? 'default';
      if (!/^[a-zA-Z0-9\-_]{1,255}$/.test(name)) {
        throw invalidParameter('ClusterName must match ^[a-zA-Z0-9\\-_]{1,255}$');
      }
      if (input.serviceConnectDefaults !== undefined) throw notSupported('serviceConnectDefaults');
      const capacityProviders = readProviders(store, ctx, input.capacityProviders ?? []);
      const scope: Scoped = { account: ctx.account, region: ctx.region };
      const cluster: Cluster = {
        ...scope,
        arn: clusterArn(scope, name),
        name,
        status: 'ACTIVE',
        settings: readSettings(input.settings, effectiveSetting(store, ctx, ctx.caller.arn, 'containerInsights')),
        ...given('configuration', readConfiguration(input.configuration)),
        capacityProviders,
        defaultCapacityProviderStrategy: readStrategy(input.defaultCapacityProviderStrategy ?? [], capacityProviders),
        tags: readTags(input.tags),
        createdAt: clock.now(),
      };
      const existing = store.get(clusters, cluster.arn);
      // Creating a cluster that exists answers that cluster, as it is.
      if (existing?.status === 'ACTIVE') return { cluster: output(store, existing, everything) };
      store.transact((tx) => tx.put(clusters, cluster));
      return { cluster: output(store, cluster, everything) };
    },

    DescribeClusters(input, ctx) {
      const names = input.clusters === undefined || input.clusters.length === 0 ? ['default'] : input.clusters;
      if (names.length > 100) throw invalidParameter('clusters can have at most 100 items.');
      const arns = names.map((name) => clusterArnOf(ctx, name));
      const found = arns.map((arn) => store.get(clusters, arn));
      return {
        clusters: found.flatMap((row) => (row === undefined ? [] : [output(store, row, input.include ?? [])])),
        failures: arns.filter((_, index) => found[index] === undefined).map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },

    ListClusters(input, ctx) {
      const active = store.by(clusters, 'scope', scopeOf(ctx)).filter((row) => row.status === 'ACTIVE');
      const { items, ...rest } = page(active, (row) => row.arn, input);
      return { clusterArns: items.map((row) => row.arn), ...rest };
    },

    UpdateCluster(input, ctx) {
      const { arn } = needCluster(store, ctx, input.cluster);
      if (input.serviceConnectDefaults !== undefined) throw notSupported('serviceConnectDefaults');
      const configuration = readConfiguration(input.configuration);
      const changed = store.transact((tx) =>
        tx.update(clusters, arn, (row) => ({
          ...row,
          ...(input.settings === undefined ? {} : { settings: readSettings(input.settings, insightsOf(row)) }),
          ...given('configuration', configuration),
        })),
      );
      return { cluster: changed && output(store, changed, everything) };
    },

    UpdateClusterSettings(input, ctx) {
      const { arn } = needCluster(store, ctx, input.cluster);
      if (input.settings === undefined || input.settings.length === 0) {
        throw invalidParameter('settings can not be empty.');
      }
      const changed = store.transact((tx) =>
        tx.update(clusters, arn, (row) => ({ ...row, settings: readSettings(input.settings, insightsOf(row)) })),
      );
      return { cluster: changed && output(store, changed, everything) };
    },

    PutClusterCapacityProviders(input, ctx) {
      const { arn } = needCluster(store, ctx, input.cluster);
      const capacityProviders = readProviders(store, ctx, input.capacityProviders ?? []);
      const strategy = readStrategy(input.defaultCapacityProviderStrategy ?? [], capacityProviders);
      const inUse = store
        .by(services, 'cluster', arn)
        .filter((row) => row.status !== 'INACTIVE')
        .flatMap((row) => [...row.deployments, ...store.by(taskSets, 'service', row.arn)])
        .flatMap(({ capacityProviderStrategy = [] }) => capacityProviderStrategy)
        .find((item) => !capacityProviders.includes(item.capacityProvider ?? ''));
      if (inUse !== undefined) {
        throw new AwsError(
          'ResourceInUseException',
          'The specified capacity provider is in use and cannot be removed.',
        );
      }
      const changed = store.transact((tx) =>
        tx.update(clusters, arn, (row) => ({ ...row, capacityProviders, defaultCapacityProviderStrategy: strategy })),
      );
      return { cluster: changed && output(store, changed, [...everything, 'ATTACHMENTS']) };
    },

    DeleteCluster(input, ctx) {
      const arn = clusterArnOf(ctx, input.cluster);
      const row = store.get(clusters, arn);
      if (row === undefined) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
      if (store.by(services, 'cluster', arn).some((service) => service.status !== 'INACTIVE')) {
        throw new AwsError(
          'ClusterContainsServicesException',
          'The Cluster cannot be deleted while Services are active.',
        );
      }
      if (store.by(containerInstances, 'cluster', arn).some((instance) => instance.status !== 'INACTIVE')) {
        throw new AwsError(
          'ClusterContainsContainerInstancesException',
          'The Cluster cannot be deleted while Container Instances are active or draining.',
        );
      }
      if (store.countBy(tasks, 'cluster', arn) > 0) {
        throw new AwsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
      }
      const deleted: Cluster = {
        ...row,
        status: 'INACTIVE',
        capacityProviders: [],
        defaultCapacityProviderStrategy: [],
      };
      store.transact((tx) => tx.put(clusters, deleted));
      return { cluster: output(store, deleted, []) };
    },
  } satisfies EcsHandlers;
}

function insightsOf(cluster: Cluster): string {
  return cluster.settings.find((setting) => setting.name === 'containerInsights')?.value ?? 'disabled';
}

function readSettings(settings: readonly ClusterSetting[] | undefined, insights: string): Cluster['settings'] {
  let value = insights;
  for (const setting of settings ?? []) {
    if (setting.name !== 'containerInsights') {
      throw invalidParameter(
        `The cluster setting '${setting.name}' does not exist. The setting is 'containerInsights'.`,
      );
    }
    if (!['enabled', 'disabled', 'enhanced'].includes(setting.value ?? '')) {
      throw invalidParameter(
        `The value '${setting.value}' of the setting 'containerInsights' is not valid. Use enabled, enhanced or disabled.`,
      );
    }
    value = setting.value ?? value;
  }
  return [{ name: 'containerInsights', value }];
}

function readConfiguration(configuration: ClusterConfiguration | undefined): ClusterConfiguration | undefined {
  if (configuration?.managedStorageConfiguration !== undefined) {
    throw notSupported('configuration.managedStorageConfiguration');
  }
  checkExecConfiguration(configuration?.executeCommandConfiguration);
  return configuration;
}

function output(reader: Reader, row: Cluster, include: readonly ClusterField[]): ClusterOutput {
  const has = (field: ClusterField): boolean => include.includes(field);
  const here = reader.by(tasks, 'cluster', row.arn);
  const serving = reader.by(services, 'cluster', row.arn);
  return {
    clusterArn: row.arn,
    clusterName: row.name,
    status: row.status,
    registeredContainerInstancesCount: reader
      .by(containerInstances, 'cluster', row.arn)
      .filter(({ status }) => status !== 'INACTIVE').length,
    runningTasksCount: countTasks(here, 'running'),
    pendingTasksCount: countTasks(here, 'pending'),
    activeServicesCount: serving.filter((service) => service.status === 'ACTIVE').length,
    statistics: has('STATISTICS') ? clusterStatistics(here, serving) : [],
    tags: has('TAGS') ? [...row.tags] : [],
    settings: has('SETTINGS') ? row.settings.map(({ value }) => ({ name: 'containerInsights', value })) : [],
    capacityProviders: [...row.capacityProviders],
    defaultCapacityProviderStrategy: [...row.defaultCapacityProviderStrategy],
    ...(has('CONFIGURATIONS') ? given('configuration', row.configuration) : {}),
    ...(has('ATTACHMENTS') ? { attachments: [] } : {}),
  };
}
