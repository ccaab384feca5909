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
    expect(new Set(pools).size).toBe(4);
    // What was chosen once stays.
    expect(await publicPoolOf(homes[0] ?? '', alike[0] ?? '')).toBe(pools[0]);
  } finally {
    for (const pool of pools) await runCommand('ip', ['route', 'delete', 'unreachable', pool], { anyStatus: true });
    for (const home of homes) rmSync(home, { recursive: true });
  }
});
