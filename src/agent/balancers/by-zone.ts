import type { TargetGroupSpec } from '../../wire/balancer-spec.ts';

/**
 * The targets of a group as far as they stand in for one another: those of each zone where traffic stays in its zone, all of them
 * elsewhere. One without a zone is in every part; one of a zone that the load balancer does not have, in none.
 */
export function byZone<Each>(
  { zones }: Pick<TargetGroupSpec, 'zones'>,
  targets: readonly Each[],
  zoneOf: (target: Each) => string | undefined,
): readonly (readonly Each[])[] {
  if (zones === undefined) return [targets];
  return zones.map((zone) => targets.filter((each) => (zoneOf(each) ?? zone) === zone));
}
