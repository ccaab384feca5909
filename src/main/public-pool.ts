import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';

/** The range of public addresses of an installation. */
export interface PublicPool {
  readonly cidr: string;
  /** Gives it back where it was chosen just now, by an installation that then could not start. */
  release(): Promise<void>;
}

/**
 * The range of public addresses that is an installation's own: chosen at its first start, then kept in the home.
 * `STOWAGE_PUBLIC_RANGE` says where to choose from. It is claimed by its route, which the kernel gives to one alone: of
 * installations that start at the same time no two get the same.
 */
export async function publicPoolOf(home: string, id: string): Promise<PublicPool> {
  const file = join(home, 'public-pool');
  try {
    return { cidr: readFileSync(file, 'utf8').trim(), release: async () => {} };
  } catch {
    // The first start, and the only one that needs the code to choose.
    const { runCommand } = await import('../base/command.ts');
    const { parseRoutedBlocks, routesCommand } = await import('../drivers/network/observe.ts');
    const { choosePublicPool } = await import('../drivers/network/public-pool.ts');
    const [program, ...args] = routesCommand;
    for (;;) {
      const { stdout } = await runCommand(program, args);
      const taken = parseRoutedBlocks(stdout).map(({ cidr }) => cidr);
      const chosen = choosePublicPool(id, taken, process.env['STOWAGE_PUBLIC_RANGE']);
      try {
        await runCommand('ip', ['route', 'add', 'unreachable', chosen]);
      } catch (error) {
        // Somebody was quicker: the next look at the routes says so. Who may set none is told by `stowage doctor`.
        if (messageOf(error).includes('File exists')) continue;
      }
      writeFileSync(file, `${chosen}\n`);
      return {
        cidr: chosen,
        async release() {
          rmSync(file);
          await runCommand('ip', ['route', 'delete', 'unreachable', chosen], { anyStatus: true });
        },
      };
    }
  }
}
