import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { backendName, placesOf } from './names.ts';

/**
 * Makes the servers in rotation, as `backend/server`, those of a specification: targets that are gone or drain have none, and one that takes
 * requests takes them in every backend of its group. There may be others than before: by zone or for all of them, or for another listener.
 */
export function followRotation(inRotation: Set<string>, { targetGroups }: Pick<BalancerSpec, 'targetGroups'>): void {
  const before = [...inRotation];
  inRotation.clear();
  for (const group of targetGroups) {
    const name = backendName(group.targetGroupArn);
    const own = new Set(
      before
        .filter((each) => each.startsWith(`${name}/`) || each.startsWith(`${name}.`))
        .map((each) => each.slice(each.indexOf('/') + 1)),
    );
    for (const target of group.targets.filter(({ draining }) => !draining)) {
      for (const { backend, server } of placesOf(group, target)) {
        if (own.has(server)) inRotation.add(`${backend}/${server}`);
      }
    }
  }
}
