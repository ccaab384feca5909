import type { GroupInstance, LaunchOrigin, TerminationPolicy } from '../../model/autoscaling/group.ts';

/** What choosing the next instance to go stands on. */
export interface Choice {
  readonly members: readonly GroupInstance[];
  /** Those of the group. */
  readonly zones: readonly string[];
  readonly policies: readonly TerminationPolicy[];
  readonly madeAt: (origin: LaunchOrigin) => number;
  readonly now: number;
}

const hourMs = 3_600_000;

/**
 * The instance that goes when a group shrinks: one in a zone that the group has no more, else of the zones that have most instances and one that is not protected, by each policy
 * in turn until one is left ("Default termination policy", Amazon EC2 Auto Scaling User Guide). `undefined` when all are protected.
 */
export function chooseToTerminate({ members, zones, policies, madeAt, now }: Choice): GroupInstance | undefined {
  const free = members.filter((one) => !one.protectedFromScaleIn);
  const inZone = (zone: string): number =>
    zones.includes(zone) ? members.filter((one) => one.zone === zone).length : Infinity;
  const most = Math.max(0, ...free.map(({ zone }) => inZone(zone)));
  let left = free.filter(({ zone }) => inZone(zone) === most);
  for (const policy of policies.length === 0 ? (['Default'] as const) : policies) {
    left = narrowed(left, policy, madeAt, now);
  }
  // Any of the rest will do: AWS takes one at random, and the first is as good.
  return left[0];
}

function narrowed(
  members: readonly GroupInstance[],
  policy: TerminationPolicy,
  madeAt: Choice['madeAt'],
  now: number,
): GroupInstance[] {
  const sinceHour = ({ launchedAt }: GroupInstance): number => (now - launchedAt) % hourMs;
  switch (policy) {
    case 'OldestInstance':
      return leastOf(members, (one) => one.launchedAt);
    case 'NewestInstance':
      return leastOf(members, (one) => -one.launchedAt);
    case 'ClosestToNextInstanceHour':
      return leastOf(members, (one) => -sinceHour(one));
    case 'OldestLaunchConfiguration':
      return oldestOrigin(members, 'configuration', madeAt);
    case 'OldestLaunchTemplate':
      return oldestOrigin(members, 'template', madeAt);
    case 'Default': {
      // Configurations go before templates, which took their place.
      const old = oldestOrigin(oldestOrigin(members, 'configuration', madeAt), 'template', madeAt);
      return leastOf(old, (one) => -sinceHour(one));
    }
    default:
      return policy satisfies never;
  }
}

/** Those of the oldest launch configuration or template (of a template: of its oldest version); all, where none is of that kind. */
function oldestOrigin(
  members: readonly GroupInstance[],
  kind: LaunchOrigin['kind'],
  madeAt: Choice['madeAt'],
): GroupInstance[] {
  const of = members.filter(({ origin }) => origin?.kind === kind);
  if (of.length === 0) return [...members];
  const oldest = leastOf(of, ({ origin }) => (origin === undefined ? 0 : madeAt(origin)));
  return leastOf(oldest, ({ origin }) => (origin?.kind === 'template' ? origin.version : 0));
}

function leastOf(members: readonly GroupInstance[], of: (one: GroupInstance) => number): GroupInstance[] {
  const least = Math.min(...members.map(of));
  return members.filter((one) => of(one) === least);
}
