import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import { shortName } from '../../model/ecs/arns.ts';
import { isFargateProvider } from '../../model/ecs/capacity.ts';
import type { Scoped } from '../../model/tags.ts';
import { findProvider } from '../../store/capacity-providers.ts';
import type { Reader } from '../../store/store.ts';
import { invalidParameter } from './errors.ts';

/** The capacity providers of a cluster as a request names them. Throws `InvalidParameterException`. */
export function readProviders(reader: Reader, scope: Scoped, names: readonly string[]): string[] {
  if (names.length > 20) throw invalidParameter('capacityProviders can have at most 20 items.');
  const unknown = names.find(
    (name) => !isFargateProvider(shortName(name)) && findProvider(reader, scope, shortName(name)) === undefined,
  );
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
  if (new Set(strategy.map((item) => isFargateProvider(item.capacityProvider))).size > 1) {
    throw invalidParameter(
      'The specified capacity provider strategy cannot contain both Fargate and Auto Scaling group capacity providers. Specify one kind and try again.',
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
