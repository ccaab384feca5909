import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { openPlatform, removeAll } from '../platform.ts';

/** Removes what a machine that joined runs, while no agent of it does. */
export async function removeJoined(home: string, id: string, publicPool: string): Promise<void> {
  const platform = openPlatform({ home, id, publicPool, clock: systemClock, log: silentLog });
  try {
    await removeAll(platform);
  } finally {
    await platform.close();
  }
}
