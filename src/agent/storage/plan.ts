/** What is known of the storage of one task, in bytes and epoch milliseconds. */
export interface StorageView {
  readonly reserved: number;
  /** What it used when it was last measured; nothing yet, for one that just began. */
  readonly used: number;
  /** When that was; `undefined` for one that ran before anybody looked. */
  readonly measuredAt: number | undefined;
  /** How much its file system held then, and holds now. */
  readonly takenThen: number;
  readonly takenNow: number;
}

/** After so long a task is measured in any case: what another frees hides what it writes. */
const longestMs = 600_000;

/**
 * Whether a task must be measured now. Looking through its files costs the disk's time, asking how full the file system is costs
 * nothing: a task cannot have filled what it has left while the whole file system grew by less. Half of it is enough
 * to look, so that a task which writes much is looked at more and more often as its end comes near.
 */
export function isDue(view: StorageView, now: number): boolean {
  const { reserved, used, measuredAt, takenThen, takenNow } = view;
  if (measuredAt === undefined || now - measuredAt >= longestMs) return true;
  return takenNow - takenThen >= Math.max(0, reserved - used) / 2;
}
