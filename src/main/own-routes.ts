import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RawRoute } from '../aws/front.ts';
import { AwsError, messageOf } from '../base/errors.ts';

/** What answers under `/_stowage/`: JSON by path and method. */
export interface OwnRoutes {
  /** Answers the value to send, or `undefined` while it is too early to say anything (503). An `AwsError` is the asker's fault. */
  readonly get: Readonly<Record<string, (query: URLSearchParams) => unknown>>;
  readonly post: Readonly<Record<string, (query: URLSearchParams) => Promise<unknown>>>;
  /** Whether a connection may ask at all: those of tasks may not. */
  readonly admits: (connection: Socket) => boolean;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function answer(response: ServerResponse, work: () => Promise<unknown>): void {
  work().then(
    (value) => (value === undefined ? send(response, 503, { status: 'starting' }) : send(response, 200, value)),
    (error: unknown) => send(response, error instanceof AwsError ? error.status : 500, { message: messageOf(error) }),
  );
}

/** The control plane's own paths, for the CLI and for CI scripts. */
export function ownRoutes(routes: OwnRoutes): RawRoute {
  return {
    prefix: '/_stowage/',
    handle(request: IncomingMessage, response: ServerResponse) {
      request.resume();
      if (!routes.admits(request.socket)) {
        return send(response, 403, { message: 'these paths are for programs of the machine itself' });
      }
      const url = new URL(request.url ?? '/', 'http://localhost');
      const path = url.pathname.replace('/_stowage/', '');
      const get = Object.hasOwn(routes.get, path) ? routes.get[path] : undefined;
      const post = Object.hasOwn(routes.post, path) ? routes.post[path] : undefined;
      if (request.method === 'GET' && get !== undefined) {
        answer(response, async () => get(url.searchParams));
        return undefined;
      }
      if (request.method === 'POST' && post !== undefined) {
        answer(response, () => post(url.searchParams));
        return undefined;
      }
      if (get !== undefined || post !== undefined)
        return send(response, 405, { message: `use ${get ? 'GET' : 'POST'}` });
      const known = [...Object.keys(routes.get), ...Object.keys(routes.post)].map((name) => `/_stowage/${name}`);
      return send(response, 404, { message: `there is no ${request.url}: there are ${known.join(', ')}` });
    },
  };
}
