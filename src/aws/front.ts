import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { authenticate, type Authentication } from './authenticate.ts';
import { readBody } from './body.ts';
import { fromForeignPage } from './browser.ts';
import type { Caller, Ctx } from './handlers.ts';
import { protocolNow, protocolOf } from './protocols/protocols.ts';
import { problemOf, type Protocol, type WireAnswer, type WireRequest } from './protocols/protocol.ts';
import { checkRequired } from './required.ts';
import { Router, type Asked } from './route.ts';
import type { Operation, ServiceModel } from './schema/model.ts';
import type { ProtocolName, ServiceId } from './service-table.ts';
import { handlersOf, servedBy, type ServiceSource } from './services.ts';

/** Paths that are no AWS operation: whoever handles them gets the request as Node has it. */
export interface RawRoute {
  /** `/v2/`: the path itself, with or without its last slash, and everything below it. */
  readonly prefix: string;
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/** What the front door is made from. */
export interface FrontOptions {
  readonly services: ServiceSource;
  readonly authentication: Authentication;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /**
   * What is written: `sequence` rises with every commit; `flushed` resolves once all of them are durable, and no request is
   * answered before. It rejects when that cannot be, but not when nothing was committed after `since`.
   */
  readonly commits: { readonly sequence: number; flushed(since: number): Promise<void> };
  readonly rawRoutes?: readonly RawRoute[];
}

type Handler = (input: unknown, ctx: Ctx) => unknown;
type Handlers = ReadonlyMap<string, Handler>;

/** The largest body of a request that does not say for which service it is. */
const UNSCOPED_LIMIT = 1024 * 1024;

/**
 * The front door, for `http.createServer`: parse, authenticate, dispatch, wait until durable, serialize. It knows no
 * behaviour: handlers take an operation's typed input and answer its typed output or throw `AwsError`.
 */
export function createFront(options: FrontOptions): RequestListener {
  const front = new Front(options);
  const { rawRoutes = [], log } = options;
  return (request, response) => {
    if (fromForeignPage(request.headers)) {
      response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
      response.end('{"message":"Pages of other sites may not call this endpoint."}\n');
      return undefined;
    }
    const url = request.url ?? '/';
    for (const route of rawRoutes) {
      if (url.startsWith(route.prefix) || url === route.prefix.slice(0, -1)) return route.handle(request, response);
    }
    front.serve(request, response).catch((error: unknown) => {
      // Nothing can be answered any more: the client went away, or the answer had begun.
      log.debug('a request was given up', { url, error });
      response.destroy();
    });
    return undefined;
  };
}

class Front {
  readonly #options: FrontOptions;
  readonly #router = new Router();
  readonly #handlers = new Map<ServiceId, Handlers>();
  readonly #loading = new Map<ServiceId, Promise<Handlers>>();

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = this.#options.ids.uuid();
    const answer = await this.#answer(request, response, requestId);
    const { headers, body } = answer;
    // A body that was refused halfway cannot be followed by another request.
    if (!request.complete) response.shouldKeepAlive = false;
    response.writeHead(answer.status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<WireAnswer> {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const query = mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1));
    const scoped = this.#router.scoped(request.headers, query);
    let asked: Asked = { service: scoped, protocol: scoped?.row.protocols[0] ?? guess(request), operation: '' };
    try {
      const body = await readBody(request, scoped?.row.bodyLimit ?? UNSCOPED_LIMIT);
      const wire: WireRequest = {
        method: request.method ?? 'GET',
        path: mark < 0 ? url : url.slice(0, mark),
        query,
        headers: request.headers,
        body,
      };
      asked = this.#router.route(wire, scoped);
      const operation = find(asked);
      const protocol = protocolNow(asked.protocol) ?? (await protocolOf(asked.protocol));
      const { authentication, clock } = this.#options;
      const { caller, region } = authenticate(authentication, clock, wire, operation.service, operation.name);
      const { id } = operation.service.row;
      const handler = (this.#handlers.get(id) ?? (await this.#loaded(operation.service))).get(operation.name);
      if (handler === undefined) throw notServed(operation.service, operation.name);
      const input = protocol.read(operation, wire);
      checkRequired(operation, input);
      const endpoint = `http://${request.headers.host ?? 'localhost'}`;
      const { commits } = this.#options;
      const since = commits.sequence;
      const output = await handler(input, new RequestCtx(caller, region, requestId, endpoint, response));
      await commits.flushed(since);
      return protocol.write(operation, (output ?? {}) as Record<string, unknown>, requestId);
    } catch (thrown) {
      return this.#failure(thrown, asked, requestId);
    }
  }

  /** Loads a service once, however many ask for it meanwhile. What cannot be loaded is tried again at the next request. */
  #loaded(service: ServiceModel): Promise<Handlers> {
    const { id } = service.row;
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = this.#load(service).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    return loading;
  }

  async #load({ row: { id }, dumped }: ServiceModel): Promise<Handlers> {
    const loaded = (await handlersOf(this.#options.services, id)) ?? {};
    const served = servedBy({ [id]: loaded }, id);
    const missing = served.find((name) => !dumped.includes(name));
    if (missing !== undefined) throw new Error(`${id}:${missing} has no schema: run \`npm run generate\``);
    const byName = loaded as Readonly<Record<string, Handler>>;
    const handlers = new Map(served.flatMap((name) => (byName[name] ? [[name, byName[name].bind(loaded)]] : [])));
    this.#handlers.set(id, handlers);
    return handlers;
  }

  async #failure(thrown: unknown, asked: Asked, requestId: string): Promise<WireAnswer> {
    const { service } = asked;
    let problem = problemOf(thrown, service);
    if (problem === undefined) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      const operation = `${service?.row.id ?? '?'}:${asked.operation}`;
      this.#options.log.error('a request failed', { operation, requestId, error: thrown, stack });
      const code = service?.row.internalCode ?? 'InternalFailure';
      const message = `The request failed because of a fault of the server; its log says more under ${requestId}`;
      problem = problemOf(new AwsError(code, message, { status: 500 }), service);
    }
    const protocol: Protocol = protocolNow(asked.protocol) ?? (await protocolOf(asked.protocol));
    if (problem === undefined) throw thrown;
    return protocol.fail(problem, requestId);
  }
}

/** The operation asked for. Throws what a client is told of one that nobody has, or that we do not. */
function find(asked: Asked): Operation {
  const { service, operation: name } = asked;
  if (service === undefined || !service.names.has(name)) throw unknownOperation(asked);
  const operation = service.operation(name);
  if (operation === undefined) throw notServed(service, name);
  return operation;
}

const noQuery = new URLSearchParams();

/** The protocol in which a request is refused that does not get as far as being routed. */
function guess(request: IncomingMessage): ProtocolName {
  return request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
    ? 'query'
    : 'aws-json-1.1';
}

/** A handler's context; its signal is made only for those who look at it. */
class RequestCtx implements Ctx {
  readonly caller: Caller;
  readonly region: string;
  readonly requestId: string;
  readonly endpoint: string;
  readonly #response: ServerResponse;
  #aborted: AbortController | undefined;

  constructor(caller: Caller, region: string, requestId: string, endpoint: string, response: ServerResponse) {
    this.caller = caller;
    this.region = region;
    this.requestId = requestId;
    this.endpoint = endpoint;
    this.#response = response;
  }

  get account(): string {
    return this.caller.account;
  }

  get signal(): AbortSignal {
    if (this.#aborted === undefined) {
      const controller = new AbortController();
      this.#aborted = controller;
      if (this.#response.destroyed) controller.abort();
      else this.#response.once('close', () => controller.abort());
    }
    return this.#aborted.signal;
  }
}

function unknownOperation({ service, protocol, operation }: Asked): AwsError {
  const what = service === undefined ? `${operation}: the service it belongs to` : `${service.row.id}:${operation}`;
  switch (protocol) {
    case 'ec2-query':
      return new AwsError('InvalidAction', `The action ${operation} is not valid for this web service.`);
    case 'query':
      return new AwsError(
        'InvalidAction',
        service === undefined
          ? `Could not find operation ${operation}: no service of that version is served by Stowage yet: see docs/coverage.md`
          : `Could not find operation ${operation} for version ${service.row.version}`,
      );
    default:
      return new AwsError(
        'UnknownOperationException',
        service === undefined
          ? `${what} is not served by Stowage yet: see docs/coverage.md`
          : `${what} is not an operation of the service`,
        { status: service === undefined ? 404 : 400 },
      );
  }
}

function notServed(service: ServiceModel, operation: string): AwsError {
  return new AwsError(
    'NotImplemented',
    `${service.row.id}:${operation} is not served by Stowage yet: see docs/coverage.md`,
    { status: 501 },
  );
}
