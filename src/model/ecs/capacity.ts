import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';

/** The capacity providers that every account has, and no other can be named like. */
export const fargateCapacityProviders = ['FARGATE', 'FARGATE_SPOT'] as const;

/** Whether a capacity provider is one of Fargate's. */
export function isFargateProvider(name: string | undefined): boolean {
  return fargateCapacityProviders.some((provider) => provider === name);
}

/** On what tasks of a specification run: its launch type, or that of its strategy's providers, which are all of one kind. */
export function launchTypeOf(spec: {
  readonly launchType?: 'FARGATE' | 'EC2' | 'EXTERNAL';
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[];
}): 'FARGATE' | 'EC2' | 'EXTERNAL' {
  const [first] = spec.capacityProviderStrategy ?? [];
  return spec.launchType ?? (first === undefined || isFargateProvider(first.capacityProvider) ? 'FARGATE' : 'EC2');
}

/** How many of some tasks each capacity provider has. */
export function sharesOf(tasks: readonly { readonly capacityProviderName?: string }[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const { capacityProviderName: name } of tasks) {
    if (name !== undefined) shares.set(name, (shares.get(name) ?? 0) + 1);
  }
  return shares;
}

/** How many of `count` new tasks go to each provider, while `placed` tells how many each has. */
export function shared(
  strategy: readonly CapacityProviderStrategyItem[],
  placed: ReadonlyMap<string, number>,
  count: number,
): Map<string, number> {
  const total = new Map(placed);
  const added = new Map<string, number>();
  for (let index = 0; index < count; index += 1) {
    const provider = nextProvider(strategy, total);
    if (provider === undefined) break;
    total.set(provider, (total.get(provider) ?? 0) + 1);
    added.set(provider, (added.get(provider) ?? 0) + 1);
  }
  return added;
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
