/** A pause container made ahead that nobody has yet. */
export interface FreeSandbox {
  readonly id: string;
  /** What it was made for: `<VPC> <address>`. */
  readonly place: string;
  /** Since when its place is not wanted, epoch milliseconds. */
  readonly unwantedSince?: number;
}

/** What is known of a subnet. */
export interface SubnetDemand {
  /** The places of its next interfaces, in their order. */
  readonly upcoming: readonly string[];
  /** When tasks began in it lately, rising, epoch milliseconds. */
  readonly begins: readonly number[];
  /** Whether tasks run in it. */
  readonly inUse: boolean;
}

/** What the plan decides from. */
export interface SandboxDemand {
  readonly subnets: readonly SubnetDemand[];
  readonly free: readonly FreeSandbox[];
  /** How many there may be at most. */
  readonly most: number;
  /** Since when no task is being started, epoch milliseconds; `undefined` while one is. */
  readonly quietSince: number | undefined;
}

/** What to do now, and when to look again though nothing happens (epoch milliseconds). */
export interface SandboxPlan {
  /** The places to make one for, the most urgent first: one at a time, and planned again after each. */
  readonly make: readonly string[];
  /** The ids of those to give up. */
  readonly discard: readonly string[];
  /** The places that are wanted; to be noted of all others is since when they are not. */
  readonly wanted: ReadonlySet<string>;
  readonly lookAt?: number;
}

/** For how long a burst of starts is expected to come again. */
export const memoryMs = 10 * 60_000;
/** Starts within so long are one burst. */
const burstMs = 60_000;
/** How long no task may have been started before sandboxes are made: tasks that begin need the engine more. */
const quietMs = 2_000;
/** How long one stays whose place is not wanted: its task may be on its way. */
const graceMs = 30_000;
/** How often to look whether demand has faded. */
const fadeMs = 60_000;

/**
 * How many sandboxes there should be, and for which addresses: in each subnet as many as tasks began at once lately, one
 * where tasks run at all (whichever ends is replaced), none where nothing happens. They are made when the machine is quiet.
 */
export function planSandboxes({ subnets, free, most, quietSince }: SandboxDemand, now: number): SandboxPlan {
  const sizes = subnets.map(({ begins, inUse, upcoming }) =>
    Math.min(upcoming.length, Math.max(largestBurst(begins, now), inUse ? 1 : 0)),
  );
  const asked = sizes.reduce((sum, size) => sum + size, 0);
  const share = asked > most ? most / asked : 1;
  const places = subnets.flatMap(({ upcoming }, at) => upcoming.slice(0, Math.floor((sizes[at] ?? 0) * share)));
  const wanted = new Set(places);
  const there = new Set(free.map(({ place }) => place));
  const missing = places.filter((place) => !there.has(place));

  const unwanted = free.filter(({ place }) => !wanted.has(place));
  const overdue = (at: number | undefined): boolean => at !== undefined && now - at >= graceMs;
  const discard = unwanted.filter(({ unwantedSince }) => overdue(unwantedSince)).map(({ id }) => id);
  const room = Math.max(0, most - free.length);
  const quietAt = quietSince === undefined ? now + quietMs : quietSince + quietMs;
  const quiet = quietSince !== undefined && now >= quietAt;

  const looks = [
    ...(missing.length > 0 && !quiet ? [quietAt] : []),
    ...(discard.length < unwanted.length ? unwanted.map(({ unwantedSince = now }) => unwantedSince + graceMs) : []),
    ...(sizes.some((size) => size > 0) && subnets.some(({ begins }) => begins.length > 0) ? [now + fadeMs] : []),
  ].filter((at) => at > now);
  return {
    make: quiet ? missing.slice(0, room) : [],
    discard,
    wanted,
    ...(looks.length === 0 ? {} : { lookAt: Math.min(...looks) }),
  };
}

/** The most starts within `burstMs` of those that are remembered. */
function largestBurst(begins: readonly number[], now: number): number {
  let most = 0;
  let first = 0;
  for (const [at, begin] of begins.entries()) {
    if (begin <= now - memoryMs) {
      first = at + 1;
      continue;
    }
    while ((begins[first] ?? begin) <= begin - burstMs) first += 1;
    most = Math.max(most, at - first + 1);
  }
  return most;
}
