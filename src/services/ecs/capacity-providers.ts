import type { CapacityProvider as ProviderOutput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { capacityProviderArn, shortName } from '../../model/ecs/arns.ts';
import { fargateCapacityProviders, isFargateProvider } from '../../model/ecs/capacity.ts';
import { drainingHook, type CapacityProvider } from '../../model/ecs/capacity-provider.ts';
import type { Scoped } from '../../model/tags.ts';
import { scopeOf } from '../../model/tags.ts';
import { findProvider } from '../../store/capacity-providers.ts';
import type { Reader } from '../../store/store.ts';
import { hookKey, lifecycleHooks } from '../../store/tables/autoscaling.ts';
import { capacityProviders, clusters } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { checkProtection, readGroup, readManagement, readProviderName } from './capacity-provider-rules.ts';
import { clientException, invalidParameter, notSupported } from './errors.ts';
import { needCluster } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';
import { page } from './paging.ts';
import { readTags } from './tag-rules.ts';

/** Capacity providers: Fargate's two, which every account has, and those of Auto Scaling groups. */
export function capacityProviderHandlers({ store, clock }: ServiceDeps) {
  return {
    CreateCapacityProvider(input, ctx) {
      const name = readProviderName(input.name);
      if (input.managedInstancesProvider !== undefined) throw notSupported('managedInstancesProvider');
      if (input.cluster !== undefined)
        throw invalidParameter('cluster is for capacity providers of managed instances.');
      const { autoScalingGroupProvider: asked } = input;
      if (asked === undefined) throw invalidParameter('autoScalingGroupProvider can not be blank.');
      const scope = { account: ctx.account, region: ctx.region };
      const row = store.transact((tx): CapacityProvider => {
        if (findProvider(tx, scope, name) !== undefined) {
          throw clientException(
            'The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.',
          );
        }
        const group = readGroup(tx, ctx, asked.autoScalingGroupArn);
        if (tx.countBy(capacityProviders, 'group', group.arn) > 0) {
          throw clientException(
            'The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto Scaling group ARN and try again.',
          );
        }
        const management = readManagement(asked);
        checkProtection(tx, group, management);
        const made: CapacityProvider = {
          ...scope,
          arn: capacityProviderArn(scope, name),
          name,
          groupArn: group.arn,
          ...management,
          tags: readTags(input.tags),
          createdAt: clock.now(),
        };
        tx.put(capacityProviders, made);
        return made;
      });
      return { capacityProvider: output(row, true) };
    },

    UpdateCapacityProvider(input, ctx) {
      if (input.managedInstancesProvider !== undefined) throw notSupported('managedInstancesProvider');
      if (input.cluster !== undefined)
        throw invalidParameter('cluster is for capacity providers of managed instances.');
      const { autoScalingGroupProvider: asked } = input;
      if (asked === undefined) throw invalidParameter('autoScalingGroupProvider can not be blank.');
      const row = store.transact((tx): CapacityProvider => {
        const before = needProvider(tx, ctx, input.name);
        const management = readManagement(asked, before);
        checkProtection(tx, readGroup(tx, ctx, before.groupArn), management);
        const next: CapacityProvider = { ...before, ...management };
        tx.put(capacityProviders, next);
        return next;
      });
      return { capacityProvider: { ...output(row, true), updateStatus: 'UPDATE_COMPLETE' } };
    },

    DeleteCapacityProvider(input, ctx) {
      if (input.cluster !== undefined)
        throw invalidParameter('cluster is for capacity providers of managed instances.');
      const row = store.transact((tx): CapacityProvider => {
        const found = needProvider(tx, ctx, input.capacityProvider);
        if (tx.by(clusters, 'scope', scopeOf(ctx)).some((cluster) => cluster.capacityProviders.includes(found.name))) {
          throw new AwsError(
            'ResourceInUseException',
            'The specified capacity provider is in use and cannot be removed.',
          );
        }
        tx.delete(capacityProviders, found.arn);
        tx.delete(lifecycleHooks, hookKey(found.groupArn, drainingHook));
        return found;
      });
      return {
        capacityProvider: { ...output(row, true), status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' },
      };
    },

    DescribeCapacityProviders(input, ctx) {
      const asked = (input.capacityProviders ?? []).map(shortName);
      const own = store.by(capacityProviders, 'scope', scopeOf(ctx));
      const names = asked.length === 0 ? [...fargateCapacityProviders, ...own.map(({ name }) => name)] : asked;
      const associated =
        input.cluster === undefined ? undefined : needCluster(store, ctx, input.cluster).capacityProviders;
      const isThere = (name: string): boolean =>
        isFargateProvider(name) || findProvider(store, ctx, name) !== undefined;
      const found = names.filter((name) => isThere(name) && associated?.includes(name) !== false);
      const { items, ...rest } = page(found, (name) => name, input);
      const tags = input.include?.includes('TAGS') ?? false;
      return {
        capacityProviders: items.map((name) => {
          const row = findProvider(store, ctx, name);
          return row === undefined ? fargateOutput(ctx, name) : output(row, tags);
        }),
        failures: names
          .filter((name) => !isThere(name))
          .map((name) => ({ arn: capacityProviderArn(ctx, name), reason: 'MISSING' })),
        ...rest,
      };
    },
  } satisfies EcsHandlers;
}

function fargateOutput(ctx: Ctx, name: string): ProviderOutput {
  return {
    capacityProviderArn: capacityProviderArn(ctx, name),
    name,
    status: 'ACTIVE',
    type: name === 'FARGATE' ? 'FARGATE' : 'FARGATE_SPOT',
    tags: [],
  };
}

function output(row: CapacityProvider, withTags: boolean): ProviderOutput {
  return {
    capacityProviderArn: row.arn,
    name: row.name,
    status: 'ACTIVE',
    type: 'EC2_AUTOSCALING',
    autoScalingGroupProvider: {
      autoScalingGroupArn: row.groupArn,
      managedScaling: { ...row.managedScaling },
      managedTerminationProtection: row.managedTerminationProtection,
      managedDraining: row.managedDraining,
    },
    tags: withTags ? row.tags.map((tag) => ({ ...tag })) : [],
  };
}

function needProvider(reader: Reader, scope: Scoped, name: string | undefined): CapacityProvider {
  const row = findProvider(reader, scope, shortName(name ?? ''));
  if (row !== undefined) return row;
  if (isFargateProvider(shortName(name ?? ''))) {
    throw clientException('The FARGATE and FARGATE_SPOT capacity providers cannot be changed or deleted.');
  }
  throw invalidParameter('The specified capacity provider does not exist. Specify a valid name or ARN and try again.');
}
