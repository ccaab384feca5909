import { statfs } from 'node:fs/promises';
import { runCommand } from '../../base/command.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Disk } from './disk.ts';

/** The disks of the machine that this process runs on, measured by `du` at the lowest priority. */
export const linuxDisk: Disk = {
  async used(paths) {
    if (paths.length === 0) return 0;
    const args = ['-n', '19', 'du', '--summarize', '--one-file-system', '--block-size=1', '--total', '--', ...paths];
    // Files come and go meanwhile: it then counts the others, and says so by its status.
    const { stdout } = await runCommand('nice', args, { anyStatus: true });
    const total = /^(\d+)\ttotal$/m.exec(stdout)?.[1];
    if (total === undefined) throw new DriverError('retryable', `du said nothing of ${paths.join(' ')}`);
    return Number(total);
  },
  async taken(path) {
    try {
      const { blocks, bfree, bsize } = await statfs(path);
      return (blocks - bfree) * bsize;
    } catch (error) {
      throw new DriverError('gone', messageOf(error), { cause: error });
    }
  },
};
