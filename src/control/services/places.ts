import type { Ids } from '../../base/ids.ts';
import { shared, sharesOf } from '../../model/ecs/capacity.ts';
import { placeTasks, type PlacementFailure } from '../../model/ecs/placement.ts';
import type { DeploymentSpec } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { NewTasks } from './create.ts';
import type { Places } from './observe.ts';

/** Tasks that can be made: with a place on an instance each, or to wait for one. */
export type Found = Pick<NewTasks, 'count' | 'places' | 'provider' | 'waiting'>;

/**
 * Where `count` new tasks are to stand: on any of the instances, or shared among capacity providers, each on its own. Those of a provider
 * whose group ECS sizes wait for an instance; what is left over otherwise has failures.
 */
export function findPlaces(
  places: Places,
  { capacityProviderStrategy: strategy = [] }: DeploymentSpec,
  { count, placed, ids }: { count: number; placed: readonly Task[]; ids: Ids },
): { readonly found: readonly Found[]; readonly failures?: readonly PlacementFailure[] } {
  const { needs, candidates } = places;
  const on = (its: number, own: typeof candidates) => placeTasks(needs, own, its, () => ids.random());
  if (strategy.length === 0) {
    const { placed: found, failures } = on(count, candidates);
    return {
      found: [{ count: found.length, places: { found, takes: needs } }],
      ...(found.length < count ? { failures } : {}),
    };
  }
  const missed: PlacementFailure[][] = [];
  const found = [...shared(strategy, sharesOf(placed), count)].flatMap(([provider, its]): Found[] => {
    const { placed: onIts, failures } = on(
      its,
      candidates.filter((candidate) => places.isOf(candidate, provider)),
    );
    const left = its - onIts.length;
    const waits = left > 0 && places.waitsFor(provider);
    if (left > 0 && !waits) missed.push([...failures]);
    return [
      { count: onIts.length, provider, places: { found: onIts, takes: needs } },
      ...(waits ? [{ count: left, provider, waiting: true }] : []),
    ];
  });
  return { found, ...(missed.length > 0 ? { failures: missed.flat() } : {}) };
}
