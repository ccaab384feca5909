import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../support/installation.ts';

/** Registries that fail in every way a registry can, each under its own repository or host (loopback: plain http). */
export interface BadRegistries {
  /** `<host>/<repository>:1`, by how it fails. */
  readonly denied: string;
  readonly forbidden: string;
  readonly busy: string;
  readonly unknown: string;
  readonly foreign: string;
  readonly silent: string;
  /** Resolves once somebody waits for the silent one. */
  readonly silentAsked: Promise<void>;
  readonly closed: string;
  readonly locked: string;
  close(): Promise<void>;
}

const indexType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const digest = `sha256:${'0'.repeat(64)}`;

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  // With a detail, as Docker Hub answers: an engine shows no message that it takes for a code's usual one otherwise.
  answer(response, status, { errors: [{ code, message, detail: { repository: 'any' } }] });
}

/** Starts them. */
export async function startBadRegistries(): Promise<BadRegistries> {
  const silentAsked = Promise.withResolvers<void>();
  const open = await listen((path, response) => {
    switch (/^\/v2\/([a-z]*)/.exec(path)?.[1]) {
      case 'denied':
        return refuse(response, 403, 'DENIED', 'requested access to the resource is denied');
      case 'forbidden': {
        const who = 'arn:aws:sts::000000000000:assumed-role/execution/1';
        const what = 'ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:000000000000:repository/app';
        return refuse(response, 403, 'DENIED', `User: ${who} is not authorized to perform: ${what}`);
      }
      case 'busy':
        return refuse(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit.');
      case 'foreign': {
        const platform = { architecture: 's390x', os: 'linux' };
        const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
        const manifests = [{ mediaType, size: 1, digest, platform }];
        const index = { schemaVersion: 2, mediaType: indexType, manifests };
        return answer(response, 200, index, { 'content-type': indexType });
      }
      case 'unknown':
        return refuse(response, 404, 'MANIFEST_UNKNOWN', 'Requested image not found');
      case 'silent':
        return silentAsked.resolve();
      default:
        return answer(response, 200, {});
    }
  });
  const locked = await listen((_path, response) => {
    answer(response, 401, {}, { 'www-authenticate': 'Basic realm="registry"' });
  });
  const at = (server: Server, repository: string): string =>
    `127.0.0.1:${(server.address() as AddressInfo).port}/${repository}:1`;
  return {
    denied: at(open, 'denied'),
    forbidden: at(open, 'forbidden'),
    busy: at(open, 'busy'),
    foreign: at(open, 'foreign'),
    silent: at(open, 'silent'),
    silentAsked: silentAsked.promise,
    unknown: at(open, 'unknown'),
    closed: `127.0.0.1:${await freePort()}/closed:1`,
    locked: at(locked, 'locked'),
    async close() {
      await Promise.all([open, locked].map(shut));
    },
  };
}

function listen(handle: (path: string, response: ServerResponse) => void): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>();
  const server = createServer((request, response) => handle(request.url ?? '', response));
  server.listen(0, '127.0.0.1', () => resolve(server));
  return promise;
}

function shut(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
