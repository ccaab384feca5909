import { existsSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { openPlatform, removeAll, type Removed } from './platform.ts';
import { publicPoolOf } from './public-pool.ts';

/** Removes what an installation runs on this machine while no control plane of it does; its rows stay. */
export async function removeEverything(installation: { readonly home: string; readonly id: string }): Promise<Removed> {
  if (!existsSync(installation.home)) return { containers: 0, balancers: 0, vpcs: 0 };
  const { cidr: publicPool } = await publicPoolOf(installation.home, installation.id);
  const platform = openPlatform({ ...installation, publicPool, clock: systemClock, log: silentLog });
  try {
    return await removeAll(platform);
  } finally {
    await platform.close();
  }
}
