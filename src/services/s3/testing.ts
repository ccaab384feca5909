import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { serveFront } from '../../aws/continue.ts';
import { createFront } from '../../aws/front.ts';
import type { Services } from '../../aws/services.ts';
import { serverOptions } from '../../aws/server-options.ts';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { DiskBlobs } from '../../store/blobs/disk-blobs.ts';
import { Vault } from '../../store/keys/vault.ts';
import { Store } from '../../store/store.ts';
import { images, layers } from '../../store/tables/ecr.ts';
import { kmsAliases, kmsKeys } from '../../store/tables/kms.ts';
import { buckets, multipartUploads, objectVersions, uploadedParts } from '../../store/tables/s3.ts';
import type { S3Deps } from './deps.ts';
import { crossOriginRules } from './cross-origin.ts';
import { s3Handlers } from './handlers.ts';

/** A whole S3 on a port of its own, for tests, in front of an empty store. */
export interface S3Server {
  readonly endpoint: string;
  readonly deps: S3Deps & { readonly clock: FakeClock };
  /** The environment in which unmodified clients find it. */
  readonly env: NodeJS.ProcessEnv;
  /** The folder of the blobs. */
  readonly dir: string;
  /** A client of the SDK. */
  client(options?: { region?: string; accessKeyId?: string }): S3Client;
  close(): Promise<void>;
}

/** Starts one, with signatures checked or not, and with other services if a client needs them. Close it. */
export async function startS3(verify = false, also?: (deps: S3Deps) => Services): Promise<S3Server> {
  const dir = await mkdtemp(join(tmpdir(), 'stowage-s3-'));
  // Clients sign with the time they have, so that the server starts with the same.
  const clock = new FakeClock(systemClock.now());
  const store = new Store([
    buckets,
    objectVersions,
    multipartUploads,
    uploadedParts,
    images,
    layers,
    kmsKeys,
    kmsAliases,
  ]);
  const blobs = await DiskBlobs.open(dir, clock, systemIds, new Uint8Array(32));
  const vault = new Vault({ ids: systemIds, root: new Uint8Array(32) });
  const deps = { store, clock, ids: systemIds, log: silentLog, publicPool: '100.127.0.0/24', blobs, vault };
  const account = '000000000000';
  const server = createServer(serverOptions);
  serveFront(
    server,
    createFront({
      services: { s3: s3Handlers(deps), ...also?.(deps) },
      authentication: {
        verify,
        credential: (accessKeyId) =>
          verify && accessKeyId === 'test'
            ? {
                caller: { accessKeyId, account, arn: `arn:aws:iam::${account}:root`, userId: account },
                secretAccessKey: 'test',
              }
            : undefined,
        account,
        region: 'us-east-1',
      },
      clock,
      ids: systemIds,
      log: silentLog,
      commits: store,
      crossOrigin: crossOriginRules(store),
    }),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients: S3Client[] = [];
  return {
    endpoint,
    deps,
    dir,
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    client({ region = 'us-east-1', accessKeyId = 'test' } = {}) {
      const credentials = { accessKeyId, secretAccessKey: 'test' };
      const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      server.close();
      await rm(dir, { recursive: true });
    },
  };
}
