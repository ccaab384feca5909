import type { CapacityProvider, CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import { capacityProviderArn, shortName } from '../../model/ecs/arns.ts';
import { fargateCapacityProviders, isFargateProvider } from '../../model/ecs/capacity.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { needCluster } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';
import { page } from './paging.ts';

/** Capacity providers: Fargate's two, which every account has. */
export function capacityProviderHandlers({ store }: ServiceDeps) {
  return {
    DescribeCapacityProviders(input, ctx) {
      const asked = input.capacityProviders ?? [];
      const names = asked.length === 0 ? [...fargateCapacityProviders] : asked.map(shortName);
      const associated = input.cluster === undefined ? names : needCluster(store, ctx, input.cluster).capacityProviders;
      const found = names.filter((name) => isFargateProvider(name) && associated.includes(name));
      const { items, ...rest } = page(found, (name) => name, input);
      return {
        capacityProviders: items.map((name): CapacityProvider => ({
          capacityProviderArn: capacityProviderArn(ctx, name),
          name,
          status: 'ACTIVE',
          type: name === 'FARGATE' ? 'FARGATE' : 'FARGATE_SPOT',
          tags: [],
        })),
        failures: names
          .filter((name) => !isFargateProvider(name))
          .map((name) => ({ arn: capacityProviderArn(ctx, name), reason: 'MISSING' })),
        ...rest,
      };
    },
  } satisfies EcsHandlers;
}

/** The capacity providers of a cluster as a request names them. Throws `InvalidParameterException`. */
export function readProviders(names: readonly string[]): string[] {
  const unknown = names.find((name) => !isFargateProvider(shortName(name)));
  if (unknown !== undefined) {
    throw invalidParameter(
      `The specified capacity provider '${unknown}' does not exist. Specify a valid name or ARN and try again.`,
    );
  }
  return [...new Set(names.map(shortName))];
}

/** A capacity provider strategy, checked against the providers that the cluster has. Throws `InvalidParameterException`. */
export function readStrategy(
  items: readonly CapacityProviderStrategyItem[],
  clusterProviders: readonly string[],
): CapacityProviderStrategyItem[] {
  if (items.length === 0) return [];
  if (items.length > 20) throw invalidParameter('capacityProviderStrategy can have at most 20 items.');
  const strategy = items.map((item) => ({
    capacityProvider: shortName(item.capacityProvider ?? ''),
    weight: item.weight ?? 0,
    base: item.base ?? 0,
  }));
  if (strategy.some((item) => !clusterProviders.includes(item.capacityProvider))) {
    throw invalidParameter(
      'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.',
    );
  }
  if (new Set(strategy.map((item) => item.capacityProvider)).size < strategy.length) {
    throw invalidParameter('The specified capacity provider strategy contains a capacity provider more than once.');
  }
  for (const { weight, base } of strategy) {
    if (weight < 0 || weight > 1000) throw invalidParameter('weight must be between 0 and 1000.');
    if (base < 0 || base > 100_000) throw invalidParameter('base must be between 0 and 100000.');
  }
  if (strategy.filter((item) => item.base > 0).length > 1) {
    throw invalidParameter(
      'The specified capacity provider strategy contains multiple capacity providers with a base value defined.',
    );
  }
  if (strategy.every((item) => item.weight === 0)) {
    throw invalidParameter(
      'There are no capacity providers in the capacity provider strategy with a weight value greater than zero.',
    );
  }
  return strategy;
}
