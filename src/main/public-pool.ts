import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The range of public addresses that is an installation's own: chosen at its first start, then kept in the home.
 * `STOWAGE_PUBLIC_RANGE` says where to choose from.
 */
export async function publicPoolOf(home: string, id: string): Promise<string> {
  const file = join(home, 'public-pool');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // The first start, and the only one that needs the code to choose.
    const { runCommand } = await import('../base/command.ts');
    const { parseRoutedBlocks, routesCommand } = await import('../drivers/network/observe.ts');
    const { choosePublicPool } = await import('../drivers/network/public-pool.ts');
    const [program, ...args] = routesCommand;
    const { stdout } = await runCommand(program, args);
    const taken = parseRoutedBlocks(stdout).map(({ cidr }) => cidr);
    const chosen = choosePublicPool(id, taken, process.env['STOWAGE_PUBLIC_RANGE']);
    writeFileSync(file, `${chosen}\n`);
    return chosen;
  }
}
