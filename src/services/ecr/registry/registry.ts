import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RawRoute } from '../../../aws/front.ts';
import { scopeOfHost, splitScope } from '../../../model/ecr/image-reference.ts';
import { scopeOf, type Scoped } from '../../../model/tags.ts';
import { readRegistryCredentials } from '../../../store/registry-credentials.ts';
import { repositories } from '../../../store/tables/ecr.ts';
import type { EcrDeps } from '../deps.ts';
import { deleteBlob, getBlob } from './blob-requests.ts';
import { registryError, RegistryError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { deleteManifest, getManifest, listing, listReferrers, listTags, pushManifest } from './manifest-requests.ts';
import { abortUpload, beginUpload, continueUpload, describeUpload, finishUpload } from './upload-requests.ts';

const PREFIX = '/v2/';

/**
 * The registry that `docker login`, `push` and `pull` talk to: the OCI distribution API (distribution-spec 1.1).
 *
 * Which account's and region's registry a request is for: the one that the path names in front of the repository
 * (`/v2/ACCT.dkr.ecr.REGION.amazonaws.com/<name>/…`), or that the Host header names in the same form; otherwise the
 * one for which the password was given out. So at `127.0.0.1:4566/<name>` the last `docker login` decides.
 */
export function registryRoute(deps: EcrDeps): RawRoute {
  return {
    prefix: PREFIX,
    handle(request, response) {
      serve(deps, request, response).catch((error: unknown) => {
        deps.log.debug('a request to the registry was given up', { url: request.url, error });
        response.destroy();
      });
    },
  };
}

async function serve(deps: EcrDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  try {
    const scope = authenticate(deps, request, url.searchParams);
    await route(deps, request, response, url, scope);
  } catch (thrown) {
    if (response.headersSent || response.destroyed) throw thrown;
    fail(deps, request, response, thrown);
  }
}

type Handle = (exchange: Exchange, last: string) => Promise<void>;

/** What stands after the repository's name; the last part, if any, is what the handler gets. */
const routes: readonly (readonly [path: RegExp, methods: Readonly<Record<string, Handle>>])[] = [
  [/^(.+)\/blobs\/uploads\/?$/, { POST: beginUpload }],
  [
    /^(.+)\/blobs\/uploads\/([^/]+)$/,
    { GET: describeUpload, PATCH: continueUpload, PUT: finishUpload, DELETE: abortUpload },
  ],
  [/^(.+)\/blobs\/([^/]+)$/, { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob }],
  [/^(.+)\/manifests\/([^/]+)$/, { GET: getManifest, HEAD: getManifest, PUT: pushManifest, DELETE: deleteManifest }],
  [/^(.+)\/tags\/list$/, { GET: listTags }],
  [/^(.+)\/referrers\/([^/]+)$/, { GET: listReferrers }],
];

async function route(
  deps: EcrDeps,
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, searchParams: query }: URL,
  login: Scoped,
): Promise<void> {
  const path = pathname.slice(PREFIX.length);
  const named = scopeOfHost((request.headers.host ?? '').replace(/:\d+$/, ''));
  const exchange = (repository: string): Exchange => {
    const { scope = named ?? login, name } = splitScope(repository);
    return new Exchange({ deps, request, response, query, scope, name, base: `${PREFIX}${repository}` });
  };
  if (path === '') return exchange('').json(200, {});
  if (path === '_catalog') {
    const all = exchange('');
    const names = deps.store.by(repositories, 'scope', scopeOf(all.scope)).map((row) => row.name);
    return listing(all, `${PREFIX}_catalog`, names, (page) => ({ repositories: page }));
  }
  for (const [form, methods] of routes) {
    const [, repository, last = ''] = form.exec(path) ?? [];
    if (repository === undefined) continue;
    const handle = methods[request.method ?? ''];
    if (handle !== undefined) return handle(exchange(repository), decodeURIComponent(last));
    const headers = { allow: Object.keys(methods).join(', ') };
    throw new RegistryError(405, 'UNSUPPORTED', `${request.method} is not possible here`, headers);
  }
  throw new RegistryError(404, 'UNSUPPORTED', `there is no ${pathname} in the registry's API`);
}

/** The registry that the credentials open: of a Basic header, or of a download URL's token. */
function authenticate(deps: EcrDeps, request: IncomingMessage, query: URLSearchParams): Scoped {
  const [, basic] = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const token = query.get('token');
  const [user = '', password = ''] =
    basic === undefined ? ['AWS', token ?? ''] : Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/s, 2);
  const scope = readRegistryCredentials(deps.store, deps.clock, user, password);
  if (scope !== undefined) return scope;
  const known = basic !== undefined || token !== null;
  const message = known
    ? 'Your authorization token is not good, or has expired. Reauthenticate: aws ecr get-login-password | docker login'
    : 'Not authorized: log in first with aws ecr get-login-password | docker login';
  const headers = {
    'www-authenticate': `Basic realm="http://${request.headers.host ?? ''}/",service="ecr.amazonaws.com"`,
  };
  throw new RegistryError(401, 'UNAUTHORIZED', message, headers);
}

function fail(deps: EcrDeps, request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = registryError(thrown) ?? new RegistryError(500, 'UNKNOWN', 'the request failed: the log says more');
  if (error.status === 500) deps.log.error('a request to the registry failed', { url: request.url, error: thrown });
  const body = JSON.stringify({ errors: [{ code: error.code, message: error.message, detail: {} }] });
  // What the client still sends of a refused body is let pass, so that it hears the answer.
  request.resume();
  response.writeHead(error.status, {
    'docker-distribution-api-version': 'registry/2.0',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...error.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
