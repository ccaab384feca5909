import { AwsError } from '../base/errors.ts';
import { bucketOfHost } from './bucket-hosts.ts';
import type { RequestHead, WireRequest } from './protocols/protocol.ts';
import { formOnce } from './protocols/form.ts';
import { matchRoute } from './protocols/rest-routes.ts';
import { isSignedV2 } from './sigv2.ts';
import { loadModel, type ServiceModel } from './schema/model.ts';
import { serviceTable, type ProtocolName, type ServiceId, type ServiceRow } from './service-table.ts';

/** What a request asks for; the operation may be one that the model or we do not have. */
export interface Asked {
  readonly service: ServiceModel | undefined;
  readonly protocol: ProtocolName;
  readonly operation: string;
}

/** Services under some name of theirs, each model loaded when the service is first asked for. */
class Models {
  readonly #ids = new Map<string, ServiceId>();
  readonly #loaded: Map<ServiceId, ServiceModel>;

  constructor(loaded: Map<ServiceId, ServiceModel>, nameOf: (row: ServiceRow) => string | undefined) {
    this.#loaded = loaded;
    for (const row of serviceTable) {
      const name = nameOf(row);
      if (name !== undefined) this.#ids.set(name, row.id);
    }
  }

  get(name: string): ServiceModel | undefined {
    const id = this.#ids.get(name);
    if (id === undefined) return undefined;
    let model = this.#loaded.get(id);
    if (model === undefined) this.#loaded.set(id, (model = loadModel(id)));
    return model;
  }
}

/** Finds out which operation of which service a request asks for, and in which protocol. */
export class Router {
  readonly #loaded = new Map<ServiceId, ServiceModel>();
  readonly #byTarget = new Models(this.#loaded, ({ target }) => target);
  readonly #byVersion = new Models(this.#loaded, ({ version }) => version);
  readonly #byScope = new Models(this.#loaded, ({ scope }) => scope);

  /** The service of the credential scope, or of the address, as far as they tell: before the body is read. */
  scoped(head: RequestHead): ServiceModel | undefined {
    const credential = head.headers.authorization ?? head.query.get('X-Amz-Credential') ?? '';
    const end = credential.indexOf('/aws4_request');
    if (end >= 0) return this.#byScope.get(credential.slice(credential.lastIndexOf('/', end - 1) + 1, end));
    return isForS3(head) ? this.#byScope.get('s3') : undefined;
  }

  /** What a request asks of a service that speaks REST, which is told by its head. `undefined` for other services. */
  routeHead(head: RequestHead, scoped: ServiceModel | undefined): Asked | undefined {
    const protocol = scoped?.row.protocols[0];
    if (scoped === undefined || protocol?.startsWith('rest-') !== true) return undefined;
    const found = matchRoute(scoped, head.method, head.path, head.query, head.headers);
    if (found === undefined) throw scoped.row.id === 's3' ? methodNotAllowed(head) : unknownRequest(head);
    return { service: scoped, protocol, operation: found.operation.name };
  }

  /** Throws an `AwsError` when the request does not say what it wants. */
  route(request: WireRequest, scoped: ServiceModel | undefined): Asked {
    const { headers } = request;
    if (headers['smithy-protocol'] === 'rpc-v2-cbor') {
      const [, target = '', operation = ''] = /\/service\/([^/]+)\/operation\/([^/]+)$/.exec(request.path) ?? [];
      return { service: this.#byTarget.get(target) ?? scoped, protocol: 'rpc-v2-cbor', operation };
    }
    const target = headers['x-amz-target'];
    if (typeof target === 'string') {
      const dot = target.lastIndexOf('.');
      const service = this.#byTarget.get(target.slice(0, dot));
      const protocol = headers['content-type']?.includes('json-1.0') === true ? 'aws-json-1.0' : 'aws-json-1.1';
      return { service, protocol, operation: target.slice(dot + 1) };
    }
    const form = formOnce(request);
    const action = form.get('Action');
    if (action !== null) {
      // EC2 answers to every version it ever had, so the scope tells it where the version does not.
      const service = this.#byVersion.get(form.get('Version') ?? '') ?? scoped;
      const isEc2 = service?.row.protocols.includes('ec2-query') === true;
      return { service, protocol: isEc2 ? 'ec2-query' : 'query', operation: action };
    }
    throw unknownRequest(request);
  }
}

/** Whether a request without a signature of today is for S3: by its host, an old signature, or because it names a path. */
function isForS3({ method, path, query, headers }: RequestHead): boolean {
  if (bucketOfHost(headers.host, false) !== undefined || isSignedV2(query)) return true;
  const isOthers = headers['x-amz-target'] !== undefined || headers['smithy-protocol'] !== undefined;
  return path !== '/' && s3Methods.has(method) && !isOthers && !query.has('Action');
}

const s3Methods = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** "Error responses", S3 API Reference. */
function methodNotAllowed({ method }: RequestHead): AwsError {
  const members = { Method: method, ResourceType: 'SERVICE' };
  return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    status: 405,
    members,
  });
}

function unknownRequest({ method, path }: RequestHead): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `${method} ${path} names no operation: it has neither an X-Amz-Target header nor an Action parameter, and no ` +
      'service that is served has such a route',
    { status: 404 },
  );
}
