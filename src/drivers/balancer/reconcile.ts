import { given } from '../../base/given.ts';
import type { BalancerSpec, TargetGroupSpec, TargetSpec, WaySpec } from '../../wire/balancer-spec.ts';
import type { ObservedServer } from './master-cli.ts';
import { placesOf } from './names.ts';
import { isForwarded } from './render-network.ts';

/** What to do at run time so that the worker's servers are those of the specification. */
export type ServerStep =
  | {
      readonly kind: 'add';
      readonly backend: string;
      readonly server: string;
      readonly group: TargetGroupSpec;
      readonly target: TargetSpec;
      readonly way?: WaySpec;
    }
  | { readonly kind: 'take-out'; readonly backend: string; readonly server: string }
  | { readonly kind: 'delete'; readonly backend: string; readonly server: string };

/**
 * Plans the change of servers. A target that drains leaves the rotation and stays; one that is gone leaves it and is deleted. Rotation
 * of all others is not touched: that is `rotate`'s.
 */
export function planServers(spec: BalancerSpec, observed: readonly ObservedServer[]): ServerStep[] {
  const steps: ServerStep[] = [];
  const wanted = new Set<string>();
  const seen = new Map(observed.map((server) => [`${server.backend}/${server.name}`, server]));
  for (const group of spec.targetGroups.filter((each) => !isForwarded(each))) {
    for (const target of group.targets) {
      for (const { backend, server, way } of placesOf(group, target)) {
        wanted.add(`${backend}/${server}`);
        const is = seen.get(`${backend}/${server}`);
        if (is === undefined) steps.push({ kind: 'add', backend, server, group, target, ...given('way', way) });
        else if (target.draining && is.inRotation) steps.push({ kind: 'take-out', backend, server });
      }
    }
  }
  for (const [key, { backend, name, inRotation }] of seen) {
    if (!backend.startsWith('tg_') || wanted.has(key)) continue;
    if (inRotation) steps.push({ kind: 'take-out', backend, server: name });
    steps.push({ kind: 'delete', backend, server: name });
  }
  return steps;
}
