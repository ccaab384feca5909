import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand } from '../base/command.ts';
import { choosePublicPool } from '../drivers/network/public-pool.ts';
import { publicPoolOf } from './public-pool.ts';

it('is given to one of several installations that start at the same time and want the same', async () => {
  const ids = Array.from({ length: 400 }, (_, index) => index.toString(16).padStart(8, '0'));
  const wanted = choosePublicPool('00000000', []);
  const alike = ids.filter((id) => choosePublicPool(id, []) === wanted).slice(0, 4);
  const homes = alike.map(() => mkdtempSync(join(tmpdir(), 'stowage-pool-')));
  const pools = await Promise.all(alike.map((id, index) => publicPoolOf(homes[index] ?? '', id)));
  try {
    expect(alike).toHaveLength(4);
    expect(new Set(pools.map(({ cidr }) => cidr)).size).toBe(4);
    // What was chosen once stays, and is not given back by a later start that fails.
    const again = await publicPoolOf(homes[0] ?? '', alike[0] ?? '');
    await again.release();
    expect(again.cidr).toBe(pools[0]?.cidr);
    expect((await runCommand('ip', ['route'])).stdout).toContain(`unreachable ${again.cidr}`);
    await pools[0]?.release();
    expect((await runCommand('ip', ['route'])).stdout).not.toContain(`unreachable ${again.cidr}`);
  } finally {
    for (const { cidr } of pools) await runCommand('ip', ['route', 'delete', 'unreachable', cidr], { anyStatus: true });
    for (const home of homes) rmSync(home, { recursive: true });
  }
});
