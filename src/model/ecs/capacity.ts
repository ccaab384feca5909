import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';

/** The capacity providers that every account has, and no other can be named like. */
export const fargateCapacityProviders = ['FARGATE', 'FARGATE_SPOT'] as const;

/** Whether a capacity provider is one of Fargate's. */
export function isFargateProvider(name: string | undefined): boolean {
  return fargateCapacityProviders.some((provider) => provider === name);
}

/**
 * The provider that the next task goes to, when `placed` tells how many tasks each runs already: first the base is
 * filled, then weights share out the rest ("Capacity provider strategy considerations", ECS Developer Guide).
 * `undefined` when no provider has a weight and the base is full.
 */
export function nextProvider(
  strategy: readonly CapacityProviderStrategyItem[],
  placed: ReadonlyMap<string, number>,
): string | undefined {
  const shares = strategy.map((item) => {
    const name = item.capacityProvider ?? '';
    const base = item.base ?? 0;
    const over = (placed.get(name) ?? 0) - base;
    return { name, over, weight: item.weight ?? 0 };
  });
  const short = shares.find(({ over }) => over < 0);
  if (short !== undefined) return short.name;
  const weighted = shares.filter(({ weight }) => weight > 0);
  // The one whose share would be the smallest with one task more; the earlier of equals.
  return weighted.sort((a, b) => (a.over + 1) / a.weight - (b.over + 1) / b.weight)[0]?.name;
}
