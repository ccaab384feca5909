import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { authenticate, type Authentication } from './authenticate.ts';
import { drain, readBody } from './body.ts';
import { fromForeignPage } from './browser.ts';
import { actual, preflight, type CrossOrigin, type CrossOriginRules } from './cross-origin.ts';
import { awaitsContinue, goOn } from './continue.ts';
import type { Caller, Ctx } from './handlers.ts';
import { protocolNow, protocolOf } from './protocols/protocols.ts';
import { problemOf, type Protocol, type WireAnswer, type WireRequest } from './protocols/protocol.ts';
import { requestHead } from './request-head.ts';
import { RequestStream, takesStream } from './request-stream.ts';
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
  /** Whether a connection is not of this machine's own programs: its signatures are checked, whatever `verify` says. */
  readonly isForeign?: (connection: Socket) => boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /**
   * What is written: `sequence` rises with every commit; `flushed` resolves once all of them are durable, and no request is
   * answered before. It rejects when that cannot be, but not when nothing was committed after `since`.
   */
  readonly commits: { readonly sequence: number; flushed(since: number): Promise<void> };
  readonly rawRoutes?: readonly RawRoute[];
  /** Which pages of other origins may use which bucket; none may unless given. */
  readonly crossOrigin?: CrossOriginRules;
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
  const isRaw = (url: string, { prefix }: RawRoute): boolean => url.startsWith(prefix) || url === prefix.slice(0, -1);
  return (request, response) => {
    const url = request.url ?? '/';
    const raw = rawRoutes.find((route) => isRaw(url, route));
    const page = raw === undefined ? front.crossOrigin(request) : undefined;
    const isPreflight = page !== undefined && request.method === 'OPTIONS';
    if (fromForeignPage(request.headers) && page?.headers === undefined && !isPreflight) {
      response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
      response.end('{"message":"Pages of other sites may not call this endpoint."}\n');
      return undefined;
    }
    if (raw !== undefined) {
      goOn(request, response);
      return raw.handle(request, response);
    }
    for (const [name, value] of Object.entries(page?.headers ?? {})) response.setHeader(name, value);
    const served = isPreflight ? front.servePreflight(request, response, page) : front.serve(request, response);
    served.catch((error: unknown) => {
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

  /** What a bucket says of a page that asks for it; `undefined` of all other requests. */
  crossOrigin(request: IncomingMessage): CrossOrigin | undefined {
    const { crossOrigin: rules } = this.#options;
    if (rules === undefined || request.headers.origin === undefined) return undefined;
    if (request.method === 'OPTIONS') return preflight(request, rules);
    // Whatever else it says of itself: a request that is signed for S3, or for nobody, goes to S3 alone.
    const isForS3 = this.#router.scoped(requestHead(request, false))?.row.id === 's3';
    return isForS3 ? actual(request, rules) : undefined;
  }

  async servePreflight(request: IncomingMessage, response: ServerResponse, page: CrossOrigin): Promise<void> {
    const requestId = this.#options.ids.uuid();
    if (page.refusal === undefined) return void response.writeHead(200, { 'content-length': 0 }).end();
    const service = this.#router.scoped({ ...requestHead(request, false), method: 'GET' });
    const asked: Asked = { service, protocol: service?.row.protocols[0] ?? guess(request), operation: '' };
    return this.#send(request, response, await this.#failure(page.refusal, asked, requestId, request.url ?? '/'));
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = this.#options.ids.uuid();
    return this.#send(request, response, await this.#answer(request, response, requestId));
  }

  async #send(request: IncomingMessage, response: ServerResponse, answer: WireAnswer): Promise<void> {
    const { status, headers, body } = answer;
    // A body that was refused halfway cannot be followed by another request.
    if (!request.complete) response.shouldKeepAlive = false;
    const { 'content-length': given, ...others } = headers;
    const length = given ?? (body instanceof Readable ? undefined : Buffer.byteLength(body));
    const hasLength = length !== undefined && status !== 204 && status !== 304;
    // The length comes last: behind it Node takes the bytes of a Content-Disposition for UTF-8, and refuses them.
    response.writeHead(status, { ...latin1(others), ...(hasLength ? { 'content-length': length } : {}) });
    const isBare = request.method === 'HEAD' || status === 304;
    if (!(body instanceof Readable)) return void response.end(isBare ? undefined : body);
    if (isBare) {
      body.destroy();
      return void response.end();
    }
    return pipeline(body, response);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<WireAnswer> {
    const scoped = this.#router.scoped(requestHead(request, false));
    const head = requestHead(request, scoped?.row.id === 's3');
    let asked: Asked = { service: scoped, protocol: scoped?.row.protocols[0] ?? guess(request), operation: '' };
    let stream: RequestStream | undefined;
    try {
      const early = this.#router.routeHead(head, scoped);
      asked = early ?? asked;
      if (early !== undefined && takesStream(find(early))) {
        stream = new RequestStream(request, () => goOn(request, response));
      } else goOn(request, response);
      const limit = scoped?.row.bodyLimit ?? UNSCOPED_LIMIT;
      const wire: WireRequest =
        stream === undefined ? { ...head, body: await readBody(request, limit) } : { ...head, body: noBody, stream };
      asked = early ?? this.#router.route(wire, scoped);
      const operation = find(asked);
      const protocol = protocolNow(asked.protocol) ?? (await protocolOf(asked.protocol));
      const { clock, isForeign } = this.#options;
      const verify = this.#options.authentication.verify || isForeign?.(request.socket) === true;
      const authentication = { ...this.#options.authentication, verify };
      const { caller, region, chunks } = authenticate(authentication, clock, wire, operation.service, operation.name);
      if (chunks !== undefined) stream?.checkChunks(chunks);
      const { id } = operation.service.row;
      if (id === 's3' && stream === undefined) (await import('./body-checks.ts')).checkBody(wire.headers, wire.body);
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
      // The client broke off: there is nobody to answer.
      if (thrown === request.errored && thrown !== null) throw thrown;
      // One that sends without waiting hears the answer only when it has been listened to.
      if (stream !== undefined && !awaitsContinue(request)) await drain(request);
      return this.#failure(thrown, asked, requestId, head.sentPath ?? head.path);
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

  async #failure(thrown: unknown, asked: Asked, requestId: string, resource: string): Promise<WireAnswer> {
    const { service } = asked;
    let problem = problemOf(thrown, service, resource);
    if (problem === undefined) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      const operation = `${service?.row.id ?? '?'}:${asked.operation}`;
      this.#options.log.error('a request failed', { operation, requestId, error: thrown, stack });
      const code = service?.row.internalCode ?? 'InternalFailure';
      const message = `The request failed because of a fault of the server; its log says more under ${requestId}`;
      problem = problemOf(new AwsError(code, message, { status: 500 }), service, resource);
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

const noBody = Buffer.alloc(0);

/** Headers are bytes; what does not fit goes as UTF-8. */
function latin1(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, text]): [string, string] => [
    name,
    /[^\u0000-\u00ff]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text,
  ]);
  return Object.fromEntries(entries);
}

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
