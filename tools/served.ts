import { serviceTable } from '../src/aws/service-table.ts';
import { handlersOf, type Services } from '../src/aws/services.ts';
import { systemClock } from '../src/base/clock.ts';
import { seededIds } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { makeServices } from '../src/main/services.ts';
import type { Blobs } from '../src/store/blobs/blobs.ts';
import type { Vault } from '../src/store/keys/vault.ts';
import type { LogStore } from '../src/store/logs/log-store.ts';
import type { MetricStore } from '../src/store/metrics/metric-store.ts';
import { Store } from '../src/store/store.ts';

/** The handlers as the server has them, on an empty store: for asking what is served, not for calling. */
export async function servedHandlers(): Promise<Services> {
  const source = makeServices({
    store: new Store([]),
    clock: systemClock,
    ids: seededIds(1),
    log: silentLog,
    publicPool: '100.127.0.0/24',
    blobs: {} as Blobs,
    logs: {} as LogStore,
    metrics: {} as MetricStore,
    vault: {} as Vault,
    authority: () => Promise.reject(new Error('for asking, not for calling')),
  });
  const loaded = serviceTable.map(async ({ id }) => [id, await handlersOf(source, id)] as const);
  return Object.fromEntries(await Promise.all(loaded)) as Services;
}
