import { runCommand } from '../../base/command.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Cgroups } from './cgroups.ts';
import { filesOf } from './files.ts';
import { slicesOf } from './slices.ts';

/** How the engine makes groups: as systemd's slices, or by itself, in the first or second hierarchy. */
export type CgroupKind = 'v1' | 'v2' | 'systemd';

export interface LinuxCgroupsOptions {
  readonly installationId: string;
  /** What the engine answers; asked once. */
  readonly kind: () => Promise<CgroupKind>;
  readonly log: Log;
  /** Where the kernel shows its groups; `/sys/fs/cgroup` unless given. */
  readonly root?: string;
  /** Runs `systemctl`. */
  readonly run?: (program: string, args: readonly string[]) => Promise<unknown>;
}

/** Groups of the same kind as the engine's own: by the kernel's file system, or systemd's slices where the engine uses those. */
export function linuxCgroups(options: LinuxCgroupsOptions): Cgroups {
  const { installationId, log, root = '/sys/fs/cgroup', run = runCommand } = options;
  let asked: Promise<CgroupKind> | undefined;
  const kindOf = async (): Promise<CgroupKind> => {
    // An engine changes it only with its configuration, which no container of before would survive.
    asked ??= options.kind();
    try {
      return await asked;
    } catch (error) {
      asked = undefined;
      throw error;
    }
  };
  const driver = async (): Promise<Cgroups> => {
    const kind = await kindOf();
    return kind === 'systemd' ? slicesOf(installationId, root, run) : filesOf(installationId, root, kind);
  };
  return {
    async ensure(path, limits) {
      const groups = await driver();
      try {
        return await groups.ensure(path, limits);
      } catch (error) {
        const group = path.join('/');
        log.warn('what runs in a control group is not held to its size', { group, error: messageOf(error) });
        return '';
      }
    },
    peak: async (path) => (await driver()).peak(path),
    use: async (path) => (await driver()).use(path),
    list: async (path) => (await driver()).list(path),
    remove: async (path) => (await driver()).remove(path),
    async removeAll() {
      // Whatever the engine uses now, or if it does not answer at all.
      await slicesOf(installationId, root, run).removeAll();
      await filesOf(installationId, root, 'v1').removeAll();
    },
  };
}
