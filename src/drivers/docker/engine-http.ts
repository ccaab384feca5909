import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { DriverError, messageOf } from '../../base/errors.ts';
import { Agent, request } from '../../base/http.ts';

/** Where the engine listens. */
export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/**
 * Reads a `DOCKER_HOST` value ("Docker Engine: Daemon socket option"): `unix:///path` or `tcp://host[:port]`; absent or
 * empty means `/var/run/docker.sock`. Other schemes (ssh, npipe) are a `fatal` `DriverError`.
 */
export function engineAddress(dockerHost: string | undefined): EngineAddress {
  if (dockerHost === undefined || dockerHost === '') return { socketPath: '/var/run/docker.sock' };
  const unix = /^unix:\/\/(\/.+)$/.exec(dockerHost);
  if (unix?.[1] !== undefined) return { socketPath: unix[1] };
  const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(dockerHost);
  if (tcp?.[1] !== undefined) return { host: tcp[1].replace(/^\[|\]$/g, ''), port: Number(tcp[2] ?? 2375) };
  throw new DriverError('fatal', `DOCKER_HOST ${dockerHost} is not supported: use unix:///path or tcp://host:port`);
}

/** One request to the engine. */
export interface EngineRequest {
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON, or as it is when it is bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** A thin client of the engine's HTTP API: keep-alive, negotiated version, failures as `DriverError`s. */
export interface EngineHttp {
  /** The version in use, such as `1.41`; asks the engine the first time. */
  apiVersion(): Promise<string>;
  /** Sends a request and parses the JSON answer; an empty body answers `undefined`. */
  json<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options?: EngineRequest): Promise<T>;
  /** Sends a request and answers the body as it arrives. The stream is the caller's to read or destroy. */
  stream(method: 'GET' | 'POST', path: string, options?: EngineRequest): Promise<IncomingMessage>;
  /** Hijacks the connection ("Stream details" of the Engine API's attach and exec). */
  upgrade(path: string, body: unknown): Promise<Duplex>;
  close(): void;
}

/** The newest API version this client was written for; an older engine's own version is used instead. */
const newestVersion = '1.47';

export function createEngineHttp(address: EngineAddress): EngineHttp {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 8 });
  let version: Promise<string> | undefined;

  const open = (
    method: string,
    path: string,
    options: EngineRequest,
    extra: { headers?: Record<string, string> } = {},
  ): { sent: ClientRequest; payload: Buffer | undefined } => {
    const payload = payloadOf(options.body);
    const sent = request({
      ...address,
      agent,
      method,
      path,
      headers: {
        host: 'docker',
        ...(payload === undefined
          ? {}
          : {
              'content-type': options.body instanceof Uint8Array ? 'application/x-tar' : 'application/json',
              'content-length': String(payload.length),
            }),
        ...options.headers,
        ...extra.headers,
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return { sent, payload };
  };

  const exchange = async (method: string, path: string, options: EngineRequest): Promise<IncomingMessage> => {
    for (let attempt = 0; ; attempt++) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const { sent, payload } = open(method, path, options);
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(payload);
      try {
        return await promise;
      } catch (error) {
        options.signal?.throwIfAborted();
        // The engine may close an idle connection just as it is taken up again: that request was never read.
        if (sent.reusedSocket && attempt < 3) continue;
        throw new DriverError('retryable', `Cannot connect to the Docker daemon: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
  };

  const apiVersion = (): Promise<string> => {
    version ??= ask();
    return version;
  };
  const ask = async (): Promise<string> => {
    try {
      const answer = await exchange('GET', '/_ping', {});
      await textOf(answer);
      const offered = answer.headers['api-version'];
      if (typeof offered !== 'string') return '1.24';
      return older(offered, newestVersion) ? offered : newestVersion;
    } catch (error) {
      version = undefined;
      throw error;
    }
  };
  const fullPath = async (path: string, query: EngineRequest['query']): Promise<string> => {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, value);
    return `/v${await apiVersion()}${path}${search.size === 0 ? '' : `?${search.toString()}`}`;
  };
  const checked = async (answer: IncomingMessage): Promise<IncomingMessage> => {
    const status = answer.statusCode ?? 0;
    if (status >= 400) throw refusal(status, await textOf(answer));
    return answer;
  };

  return {
    apiVersion,
    async json<T>(method: string, path: string, options: EngineRequest = {}): Promise<T> {
      const answer = await checked(await exchange(method, await fullPath(path, options.query), options));
      const text = await textOf(answer);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async stream(method, path, options = {}) {
      return checked(await exchange(method, await fullPath(path, options.query), options));
    },
    async upgrade(path, body) {
      const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
      const { sent, payload } = open(
        'POST',
        await fullPath(path, undefined),
        { body },
        { headers: { connection: 'Upgrade', upgrade: 'tcp' } },
      );
      sent.on('upgrade', (_answer, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.on('response', (answer) => {
        textOf(answer).then((text) => reject(refusal(answer.statusCode ?? 0, text)), reject);
      });
      sent.on('error', (error) =>
        reject(new DriverError('retryable', `Cannot connect to the Docker daemon: ${error.message}`, { cause: error })),
      );
      sent.end(payload);
      return promise;
    },
    close: () => agent.destroy(),
  };
}

function payloadOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
}

/** Reads a whole body; a connection that breaks meanwhile is `retryable`. */
async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of answer) text += chunk as string;
  } catch (error) {
    throw new DriverError('retryable', `The Docker daemon broke off: ${messageOf(error)}`, { cause: error });
  }
  return text;
}

/** The engine's refusal with the words of Docker's own client, which are those that ECS shows in reasons. */
function refusal(status: number, text: string): DriverError {
  let message = text.trim();
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? message;
  } catch {
    // A proxy's own page, or an empty body: the text is all there is.
  }
  const kind = status === 404 ? 'gone' : status === 429 || status === 502 || status === 503 ? 'retryable' : 'fatal';
  const error = new DriverError(kind, `Error response from daemon: ${message}`);
  return Object.assign(error, { status });
}

/** The HTTP status of a refusal, when the error is one. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof DriverError ? (error as { status?: number }).status : undefined;
}

function older(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor === bMajor ? aMinor < bMinor : aMajor < bMajor;
}
