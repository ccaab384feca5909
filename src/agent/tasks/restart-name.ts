import type { ContainerState } from '../../drivers/docker/driver.ts';

// How often a container was started again no engine counts, and labels are as they were made. So its name tells it, which
// an engine changes at any time: `<name>.<how often>.<the end of the life before>`.

const restarted = /(?<=-[0-9a-f]{20})\.(\d+)\.([0-9a-z]+)$/;

/** The name of a container that has ended, for the life that it is about to have. */
export function restartName(ended: ContainerState): string {
  return `${ended.name.replace(restarted, '')}.${restartsOf(ended) + 1}.${endOf(ended)}`;
}

/**
 * How often a container was started again, by its name. One that was named for another life and still has the end of the one
 * before was not started: whoever named it was killed meanwhile.
 */
export function restartsOf(state: ContainerState): number {
  const [, count, end] = restarted.exec(state.name) ?? [];
  if (count === undefined) return 0;
  return Number(count) - (end === endOf(state) ? 1 : 0);
}

/** Only what has ended has an end. */
function endOf({ finishedAt }: ContainerState): string | undefined {
  return finishedAt?.toString(36);
}
