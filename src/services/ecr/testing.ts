import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFront } from '../../aws/front.ts';
import { serverOptions } from '../../aws/server-options.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededIds, systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { DiskBlobs } from '../../store/blobs/disk-blobs.ts';
import { Store } from '../../store/store.ts';
import { images, layers, registrySecrets, repositories } from '../../store/tables/ecr.ts';
import { objectVersions, uploadedParts } from '../../store/tables/s3.ts';
import type { EcrDeps } from './deps.ts';
import { ecrHandlers } from './handlers.ts';
import { registryRoute } from './registry/registry.ts';

/** A whole ECR on a port of its own, for tests: the API and the registry, in front of an empty store. */
export interface EcrServer {
  readonly endpoint: string;
  readonly deps: EcrDeps & { readonly clock: FakeClock };
  readonly dir: string;
  close(): Promise<void>;
}

/** Starts one. Close it. */
export async function startEcr(): Promise<EcrServer> {
  const dir = await mkdtemp(join(tmpdir(), 'stowage-ecr-'));
  const clock = new FakeClock();
  const deps = {
    store: new Store([repositories, images, layers, registrySecrets, objectVersions, uploadedParts]),
    clock,
    ids: systemIds,
    log: silentLog,
    publicPool: '100.127.0.0/24',
    blobs: await DiskBlobs.open(dir, clock, seededIds(1), new Uint8Array(32)),
  };
  const server = createServer(
    serverOptions,
    createFront({
      services: { ecr: ecrHandlers(deps) },
      authentication: {
        verify: false,
        credential: () => undefined,
        account: '000000000000',
        region: 'us-east-1',
      },
      clock,
      ids: deps.ids,
      log: deps.log,
      commits: deps.store,
      rawRoutes: [registryRoute(deps)],
    }),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    deps,
    dir,
    async close() {
      server.closeAllConnections();
      server.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** `sha256:<hex>` of some content. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
