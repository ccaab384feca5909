/** How many tasks one plan starts at most, so that a large service does not hold up everybody else. */
export const startsPerPlan = 100;

/** How long an agent whose connection ended is waited for before a task without a place is told of, milliseconds. */
export const awaitedMs = 30_000;

/** A service that stays steady says so again ("Amazon ECS service event messages", ECS Developer Guide), milliseconds. */
export const steadyAgainMs = 6 * 3_600_000;
