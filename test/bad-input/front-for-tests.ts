import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFront } from '../../src/aws/front.ts';
import { serviceTable, type ServiceId } from '../../src/aws/service-table.ts';
import { serverOptions } from '../../src/aws/server-options.ts';
import { systemClock } from '../../src/base/clock.ts';
import { seededIds } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { makeServices } from '../../src/main/services.ts';
import { allTables } from '../../src/main/tables.ts';
import type { Blobs } from '../../src/store/blobs/blobs.ts';
import { Vault } from '../../src/store/keys/vault.ts';
import type { LogStore } from '../../src/store/logs/log-store.ts';
import type { MetricStore } from '../../src/store/metrics/metric-store.ts';
import { Store } from '../../src/store/store.ts';

/** A request as it goes over the wire; what is left out is as an SDK would send it. */
export interface RawRequest {
  readonly service: ServiceId;
  readonly operation: string;
  readonly body?: string | Buffer;
  /** Instead of the usual ones; an empty one is left out. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** An answer of any protocol: what clients make an error of, and the whole text. */
export interface RawAnswer {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly text: string;
}

/** The whole API over HTTP on a store in memory, without machines. Close it. */
export interface ApiServer {
  readonly endpoint: string;
  readonly store: Store;
  ask(request: RawRequest): Promise<RawAnswer>;
  /** Everything in the store, as one text. */
  contents(): string;
  close(): void;
}

/** Starts one. */
export async function startApi(): Promise<ApiServer> {
  const store = new Store(allTables);
  const deps = { store, clock: systemClock, ids: seededIds(7), log: silentLog };
  const server = createServer(
    serverOptions,
    createFront({
      ...deps,
      services: makeServices({
        ...deps,
        publicPool: '100.127.0.0/24',
        // What is refused never gets as far as these.
        blobs: {} as Blobs,
        logs: {} as LogStore,
        metrics: {} as MetricStore,
        vault: new Vault({ ids: deps.ids, root: new Uint8Array(32) }),
        authority: () => Promise.reject(new Error('nothing is issued here')),
      }),
      authentication: { verify: false, credential: () => undefined, account: '000000000000', region: 'us-east-1' },
      commits: store,
    }),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    store,
    async ask({ service, operation, body, headers, method = 'POST' }) {
      const response = await fetch(endpoint, {
        method,
        headers: Object.entries({ ...headersOf(service, operation), ...headers }).filter(([, value]) => value !== ''),
        ...(method === 'GET' ? {} : { body: body ?? '{}' }),
      });
      const text = await response.text();
      return { status: response.status, text, ...errorOf(text) };
    },
    contents: () => JSON.stringify(allTables.map((table) => store.list(table))),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function headersOf(service: ServiceId, operation: string): Record<string, string> {
  const row = serviceTable.find(({ id }) => id === service);
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${row?.scope}/aws4_request, SignedHeaders=host, Signature=00`;
  return row !== undefined && 'target' in row
    ? { authorization, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${row.target}.${operation}` }
    : { authorization, 'content-type': 'application/x-www-form-urlencoded' };
}

/** The code and message of an error in JSON or XML. */
function errorOf(text: string): { code: string | undefined; message: string | undefined } {
  if (text.startsWith('{')) {
    const { __type: type, message } = JSON.parse(text) as { __type?: string; message?: string };
    return { code: type?.slice(type.lastIndexOf('#') + 1), message };
  }
  const element = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return { code: element('Code'), message: element('Message')?.replaceAll('&apos;', "'") };
}
