import { join } from 'node:path';
import type { Cgroups, GroupPath } from './cgroups.ts';
import { childrenOf, peakIn, useIn, weightOf } from './files.ts';

/**
 * Groups as systemd's slices, for engines whose groups systemd makes. A slice's name is its path: `a-b-c.slice` is in
 * `a-b.slice`, which is in `a.slice` (systemd.slice(5)).
 */
export function slicesOf(
  installationId: string,
  root: string,
  run: (program: string, args: readonly string[]) => Promise<unknown>,
): Cgroups {
  const top = ['stowage', installationId];
  const stemOf = (path: GroupPath): string => [...top, ...path.map((name) => name.replaceAll('-', '_'))].join('-');
  const slice = (path: GroupPath): string => `${stemOf(path)}.slice`;
  /** Where systemd puts a slice: below those that its name says it is in. */
  const below = (path: GroupPath): string => {
    const parts = stemOf(path).split('-');
    return join(...parts.map((_, at) => `${parts.slice(0, at + 1).join('-')}.slice`));
  };
  const directory = (path: GroupPath): string => join(root, below(path));
  const list = (path: GroupPath): string[] => {
    const before = `${stemOf(path)}-`;
    return childrenOf(directory(path))
      .filter((name) => name.startsWith(before) && name.endsWith('.slice'))
      .map((name) => name.slice(before.length, -'.slice'.length).replaceAll('_', '-'));
  };
  const remove = async (path: GroupPath): Promise<void> => {
    for (const name of list(path)) await remove([...path, name]);
    await run('systemctl', ['stop', slice(path)]).catch(() => {});
    // What `set-property` wrote for it outlives it otherwise.
    await run('systemctl', ['revert', slice(path)]).catch(() => {});
  };
  return {
    async ensure(path, { cpus, cpuUnits, memoryMiB, swap }) {
      await run('systemctl', ['start', slice(path)]);
      await run('systemctl', [
        'set-property',
        '--runtime',
        slice(path),
        // It takes hundredths of a percent.
        `CPUQuota=${cpus === undefined ? '' : `${Number((cpus * 100).toFixed(2))}%`}`,
        ...(cpuUnits === undefined ? [] : [`CPUWeight=${weightOf(cpuUnits)}`]),
        `MemoryMax=${memoryMiB === undefined ? 'infinity' : memoryMiB * 2 ** 20}`,
        ...(swap ? [] : ['MemorySwapMax=0']),
      ]);
      return slice(path);
    },
    peak: (path) => Promise.resolve(peakIn(root, below(path))),
    use: (path) => Promise.resolve(useIn(root, below(path))),
    list: (path) => Promise.resolve(list(path)),
    remove,
    async removeAll() {
      if (childrenOf(join(root, 'stowage.slice')).length > 0) await remove([]);
    },
  };
}
