import { AwsRestJsonProtocol, AwsRestXmlProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { describe, expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import type { Dump } from '../schema/dump.ts';
import { ServiceModel } from '../schema/model.ts';
import type { ServiceRow } from '../service-table.ts';
import { problemOf, type Protocol, type WireRequest } from './protocol.ts';
import { protocolOf } from './protocols.ts';
import { matchRoute } from './rest-routes.ts';

// No service that is served speaks REST or CBOR yet: a model made for the purpose, in the SDK's form and in ours, goes
// through the SDK's own protocols and back.

const ns = 'com.amazonaws.shop';
type Schema = readonly unknown[];

const item: Schema = [
  3,
  ns,
  'Item',
  0,
  ['name', 'at', 'data', 'tags', 'prices'],
  [0, 4, 21, [64, { xmlFlattened: 1, xmlName: 'tag' }], [2, ns, 'Prices', 0, 0, 1]].map((ref) =>
    Array.isArray(ref) && ref[0] === 2 ? () => ref : ref,
  ),
];
const input: Schema = [
  3,
  ns,
  'PutItemRequest',
  0,
  ['shop', 'key', 'limit', 'since', 'ids', 'meta', 'item', 'count'],
  [
    [0, 1],
    [0, 1],
    [1, { httpQuery: 'limit' }],
    [4, { httpHeader: 'X-Since' }],
    [64, { httpHeader: 'X-Ids' }],
    [128, { httpPrefixHeaders: 'x-meta-' }],
    () => item,
    1,
  ],
  2,
];
const output: Schema = [
  3,
  ns,
  'PutItemResponse',
  0,
  ['etag', 'item', 'items'],
  [[0, { httpHeader: 'ETag' }], () => item, () => [1, ns, 'Items', 0, [() => item, { xmlName: 'Item' }]]],
];
const operation: Schema = [
  9,
  ns,
  'PutItem',
  { http: ['PUT', '/shops/{shop}/items/{key+}?put', 201] },
  () => input,
  () => output,
];

const shapes: Dump['shapes'] = {
  Item: [
    3,
    {},
    ['name', 'at', 'data', 'tags', 'prices'],
    [0, 4, 21, [64, { xmlFlattened: 1, xmlName: 'tag' }], 'Prices'],
    0,
  ],
  Prices: [2, {}, 0, 1],
  Items: [1, {}, ['Item', { xmlName: 'Item' }]],
  NotFound: [-3, { error: 'client', httpError: 404 }, ['message', 'what'], [0, 0], 0],
  PutItemRequest: [
    3,
    {},
    ['shop', 'key', 'limit', 'since', 'ids', 'meta', 'item', 'count'],
    [
      [0, { httpLabel: 1 }],
      [0, { httpLabel: 1 }],
      [1, { httpQuery: 'limit' }],
      [4, { httpHeader: 'X-Since' }],
      [64, { httpHeader: 'X-Ids' }],
      [128, { httpPrefixHeaders: 'x-meta-' }],
      'Item',
      1,
    ],
    2,
  ],
  PutItemResponse: [3, {}, ['etag', 'item', 'items'], [[0, { httpHeader: 'ETag' }], 'Item', 'Items'], 0],
};

const row: ServiceRow & { id: 'ecs' } = {
  id: 'ecs',
  sdk: 'shop',
  scope: 'shop',
  protocols: ['rest-json'],
  version: '1',
  xmlns: 'http://shop/',
  bodyLimit: 1,
  missingCode: 'Missing',
  malformedCode: 'Malformed',
  internalCode: 'Internal',
};
const route = (uri: string): readonly [string, string, object] =>
  ['PutItemRequest', 'PutItemResponse', { http: ['PUT', uri, 201] }] as const;
const model = new ServiceModel(row, {
  license: '',
  service: 'shop',
  namespace: ns,
  names: ['PutItem'],
  shapes,
  operations: {
    PutItem: route('/shops/{shop}/items/{key+}?put'),
    PutAll: route('/shops/{shop}/items/{key+}'),
    PutSpecial: route('/shops/{shop}/items/special'),
    PutOne: route('/shops/{shop}/items/{key}'),
    PutShop: route('/{shop}'),
  },
});

const value = {
  name: 'a <b> & "c" ☃',
  at: new Date(1_700_000_000_500),
  data: Uint8Array.from([0, 255, 7]),
  tags: ['x', 'y z'],
  prices: { 'a b': 1.5, c: -3 },
};
const sent = {
  shop: 'my shop/1',
  key: 'path/to a/thing',
  limit: 5,
  since: new Date(1_700_000_000_000),
  ids: ['a', 'b, "c"'],
  meta: { one: '1', two: '2' },
  item: value,
  count: 7,
};
const received = { etag: '"abc"', item: value, items: [value, { name: 'second' }] };

interface SdkProtocol {
  serializeRequest(
    schema: unknown,
    input: object,
    context: object,
  ): Promise<{
    method: string;
    path: string;
    query: Record<string, string | string[]>;
    headers: Record<string, string>;
    body?: string | Uint8Array;
  }>;
  deserializeResponse(schema: unknown, context: object, response: object): Promise<Record<string, unknown>>;
}

const settings = {
  defaultNamespace: ns,
  xmlNamespace: 'http://shop/',
  version: '1',
  serviceTarget: 'Shop',
  errorTypeRegistries: [],
};
const context = {
  endpoint: () => Promise.resolve({ protocol: 'http:', hostname: 'localhost', path: '/' }),
  base64Encoder: (bytes: Uint8Array) => Buffer.from(bytes).toString('base64'),
  base64Decoder: (text: string) => Buffer.from(text, 'base64'),
  utf8Encoder: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  utf8Decoder: (text: string) => Buffer.from(text),
  streamCollector: (body: Uint8Array) => Promise.resolve(body),
};
const schema = { namespace: ns, name: 'PutItem', traits: operation[3], input: operation[4], output: operation[5] };

const sdkProtocols: Record<string, () => SdkProtocol> = {
  'rest-json': () => new AwsRestJsonProtocol(settings) as unknown as SdkProtocol,
  'rest-xml': () => new AwsRestXmlProtocol(settings) as unknown as SdkProtocol,
  'rpc-v2-cbor': () => new AwsSmithyRpcV2CborProtocol(settings) as unknown as SdkProtocol,
};

async function wireOf(sdk: SdkProtocol): Promise<WireRequest> {
  const request = await sdk.serializeRequest(schema, sent, context);
  const query = new URLSearchParams();
  for (const [name, text] of Object.entries(request.query))
    for (const each of [text].flat()) query.append(name, each ?? '');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, text]) => [name.toLowerCase(), text]));
  return { method: request.method, path: request.path, query, headers, body: Buffer.from(request.body ?? '') };
}

/** Bytes as hexadecimal digits, so that a Buffer and an array of the same bytes are equal. */
function plain(tree: unknown): unknown {
  if (tree instanceof Uint8Array) return Buffer.from(tree).toString('hex');
  if (Array.isArray(tree)) return tree.map(plain);
  if (typeof tree !== 'object' || tree === null || tree instanceof Date) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, each]) => [key, plain(each)]));
}

describe.each(['rest-json', 'rest-xml', 'rpc-v2-cbor'] as const)('%s', (name) => {
  const sdk = sdkProtocols[name]?.() as SdkProtocol;
  const theOperation = model.operation('PutItem');
  const protocol = (): Promise<Protocol> => protocolOf(name);
  if (theOperation === undefined) throw new Error('the model has the operation');

  test('reads what the SDK writes', async () => {
    const read = (await protocol()).read(theOperation, await wireOf(sdk));
    expect(plain(read)).toEqual(plain(sent));
  });

  test('writes what the SDK reads', async () => {
    const { status, headers, body } = (await protocol()).write(theOperation, received, 'r-1');
    const response = { statusCode: status, headers: { ...headers }, body: Buffer.from(body as string) };
    const { $metadata, ...read } = await sdk.deserializeResponse(schema, context, response);
    expect($metadata).toMatchObject({ requestId: 'r-1' });
    expect(status).toBe(name === 'rpc-v2-cbor' ? 200 : 201);
    expect(plain(read)).toEqual(plain(received));
  });

  test('tells errors as the SDK expects them', async () => {
    const problem = problemOf(new AwsError('NotFound', 'no <such> thing', { members: { what: 'it' } }), model);
    if (problem === undefined) throw new Error('an AwsError is always a problem');
    const { status, headers, body } = (await protocol()).fail(problem, 'r-1');
    expect(status).toBe(404);
    const response = { statusCode: status, headers: { ...headers }, body: Buffer.from(body as string) };
    const thrown = await sdk.deserializeResponse(schema, context, response).catch((reason: unknown) => reason);
    expect(thrown).toMatchObject({ message: 'no <such> thing' });
    if (name === 'rest-json') expect(headers['x-amzn-errortype']).toBe('NotFound');
  });
});

describe('routes', () => {
  test.each([
    ['/shops/a/items/b?put', 'PutItem', { shop: 'a', key: 'b' }],
    ['/shops/a/items/special', 'PutSpecial', { shop: 'a' }],
    ['/shops/a/items/b', 'PutOne', { shop: 'a', key: 'b' }],
    ['/shops/a/items/b/c', 'PutAll', { shop: 'a', key: 'b/c' }],
    ['/shops/a%2Fb/items/c%20d', 'PutOne', { shop: 'a/b', key: 'c d' }],
    ['/bucket/', 'PutShop', { shop: 'bucket' }],
    ['/shops/a/items', undefined, {}],
    ['/%E0%A4%A', undefined, {}],
  ])('%s is %s', (url, name, labels) => {
    const [path = '', search = ''] = url.split('?');
    const found = matchRoute(model, 'PUT', path, new URLSearchParams(search));
    expect(found?.operation.name).toBe(name);
    expect(Object.fromEntries(found?.labels ?? [])).toEqual(labels);
  });
});
