/** Something that happens to a row at its time, though nobody asks again. */
export type Deadline =
  /** A KMS key goes for good: its waiting period is over. */
  | { readonly kind: 'delete-key'; readonly key: string; readonly at: number }
  /** A KMS key gets its next material. */
  | { readonly kind: 'rotate-key'; readonly key: string; readonly at: number }
  /** A parameter's Expiration policy deletes it. */
  | { readonly kind: 'expire-parameter'; readonly key: string; readonly at: number }
  /** A secret goes for good: its recovery window is over. */
  | { readonly kind: 'delete-secret'; readonly key: string; readonly at: number };

/** What is due, and when the next will be. */
export interface DeadlinePlan {
  readonly due: readonly Deadline[];
  readonly next?: number;
}

/** Decides what is due now, the earliest first. */
export function planDeadlines(deadlines: readonly Deadline[], now: number): DeadlinePlan {
  const sorted = deadlines.toSorted((a, b) => a.at - b.at);
  const due = sorted.filter(({ at }) => at <= now);
  const next = sorted[due.length]?.at;
  return { due, ...(next === undefined ? {} : { next }) };
}
