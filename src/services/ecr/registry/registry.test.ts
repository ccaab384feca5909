import { request as httpRequest } from 'node:http';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintRegistryCredentials } from '../../../store/registry-credentials.ts';
import { digestOf, startEcr, type EcrServer } from '../testing.ts';

let server: EcrServer;
let authorization: string;

beforeAll(async () => {
  server = await startEcr();
  authorization = basic('us-east-1');
  const client = new ECRClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  for (const repositoryName of ['app', 'team/other', 'empty']) {
    await client.send(new CreateRepositoryCommand({ repositoryName }));
  }
});
afterAll(() => server.close());

function basic(region: string, account = '000000000000'): string {
  const { store, clock, ids } = server.deps;
  const { username, password } = mintRegistryCredentials(store, clock, ids, { account, region });
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function call(method: string, path: string, init: { body?: string; headers?: Record<string, string> } = {}) {
  const url = path.startsWith('/v2') ? server.endpoint + path : `${server.endpoint}/v2/${path}`;
  return fetch(url, {
    method,
    headers: { authorization, ...init.headers },
    ...(init.body === undefined ? {} : { body: init.body }),
  });
}

async function errorOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return `${response.status} ${errors[0]?.code ?? ''}`;
}

async function push(content: string, name = 'app'): Promise<{ digest: string; size: number; mediaType: string }> {
  const digest = digestOf(content);
  const response = await call('POST', `${name}/blobs/uploads/?digest=${digest}`, { body: content });
  expect(response.status).toBe(201);
  return { digest, size: content.length, mediaType: 'application/vnd.oci.image.config.v1+json' };
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

async function manifest(more: object = {}): Promise<string> {
  const [config, layer] = [await push('{}'), await push('layer')];
  return JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer], ...more });
}

const put = (reference: string, body: string, type = MANIFEST): Promise<Response> =>
  call('PUT', `app/manifests/${reference}`, { body, headers: { 'content-type': type } });

describe('who may come in', () => {
  test('nobody without a password', async () => {
    const response = await fetch(`${server.endpoint}/v2/`);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="http:\/\/127/);
    expect(await errorOf(response)).toBe('401 UNAUTHORIZED');
  });

  test.each([
    ['a wrong one', 'AWS:nonsense'],
    ['a forged one', `AWS:${Buffer.from('["1","us-east-1",9e15]').toString('base64url')}.AAAA`],
    ['another user', 'root:x'],
    ['no colon', 'AWS'],
  ])('nobody with %s', async (_case, text) => {
    const headers = { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
    expect(await errorOf(await call('GET', '/v2/', { headers }))).toBe('401 UNAUTHORIZED');
  });

  test('nobody after 12 hours', async () => {
    const old = basic('us-east-1');
    await server.deps.clock.advance(12 * 3600_000);
    expect((await call('GET', '/v2/', { headers: { authorization: old } })).status).toBe(401);
    authorization = basic('us-east-1');
    const response = await call('GET', '/v2/');
    expect(response.status).toBe(200);
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  });

  test('the password, or the name in front of the repository, says which registry it is', async () => {
    const headers = { authorization: basic('eu-west-1') };
    expect(await errorOf(await call('GET', 'app/tags/list', { headers }))).toBe('404 NAME_UNKNOWN');
    const named = '000000000000.dkr.ecr.us-east-1.amazonaws.com/app/tags/list';
    expect((await call('GET', named, { headers })).status).toBe(200);
  });
});

describe('blobs', () => {
  test('arrive in pieces', async () => {
    const begun = await call('POST', 'app/blobs/uploads/');
    expect(begun.status).toBe(202);
    const location = begun.headers.get('location') ?? '';
    const piece = (body: string, range: string): Promise<Response> =>
      call('PATCH', location, { body, headers: { 'content-range': range } });
    const first = await piece('hello ', '0-5');
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-5']);
    expect((await piece('too far', '9-15')).status).toBe(416);
    expect((await piece('again ', '0-5')).status).toBe(416);
    const status = await call('GET', location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-5']);
    const digest = digestOf('hello world');
    const done = await call('PUT', `${location}?digest=${digest}`, {
      body: 'world',
      headers: { 'content-range': '6-10' },
    });
    expect(done.status).toBe(201);
    expect(await (await call('GET', done.headers.get('location') ?? '')).text()).toBe('hello world');
    expect(await errorOf(await call('GET', location))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });

  test('are given in ranges', async () => {
    const { digest } = await push('0123456789');
    const range = async (range: string): Promise<unknown[]> => {
      const response = await call('GET', `app/blobs/${digest}`, { headers: { range } });
      return [response.status, response.headers.get('content-range'), await response.text()];
    };
    expect(await range('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await range('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await range('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await range('bytes=5-99')).toEqual([206, 'bytes 5-9/10', '56789']);
    expect((await range('bytes=10-'))[0]).toBe(416);
    const head = await call('HEAD', `app/blobs/${digest}`);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  });

  test('of nothing are blobs too', async () => {
    const { digest } = await push('');
    expect(await (await call('GET', `app/blobs/${digest}`)).text()).toBe('');
  });

  test('are mounted from one repository into another', async () => {
    const { digest } = await push('mount me');
    expect((await call('HEAD', `team/other/blobs/${digest}`)).status).toBe(404);
    const mounted = await call('POST', `team/other/blobs/uploads/?mount=${digest}&from=app`);
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/team/other/blobs/${digest}`]);
    expect((await call('HEAD', `team/other/blobs/${digest}`)).status).toBe(200);
    const unknown = await call('POST', `team/other/blobs/uploads/?mount=${digestOf('no')}&from=app`);
    expect(unknown.status).toBe(202);
  });

  test('that are not what their digest says are not there', async () => {
    const digest = digestOf('right');
    const response = await call('POST', `app/blobs/uploads/?digest=${digest}`, { body: 'wrong' });
    expect(await errorOf(response)).toBe('400 DIGEST_INVALID');
    expect((await call('HEAD', `app/blobs/${digest}`)).status).toBe(404);
  });

  test('are not there when the client goes away half-way, and the upload can be continued', async () => {
    const location = (await call('POST', 'app/blobs/uploads/')).headers.get('location') ?? '';
    const { promise, resolve } = Promise.withResolvers<void>();
    const request = httpRequest(server.endpoint + location, {
      method: 'PATCH',
      headers: { authorization, 'content-length': 100 },
    });
    request.on('error', () => resolve());
    request.write('half');
    const arrived = async (): Promise<boolean> => (await call('GET', location)).headers.get('range') === '0-3';
    while (!(await arrived()));
    request.destroy();
    await promise;
    const digest = digestOf('half and half');
    const finish = (): Promise<Response> => call('PUT', `${location}?digest=${digest}`, { body: ' and half' });
    let done = await finish();
    // Until the server has noticed that the first client is gone, the upload is taken.
    while (done.status === 409) done = await finish();
    expect(done.status).toBe(201);
  });

  test('go, unless an image needs them', async () => {
    const { digest } = await push('unused');
    expect((await call('DELETE', `app/blobs/${digest}`)).status).toBe(202);
    expect(await errorOf(await call('GET', `app/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN');
    expect(await server.deps.blobs.size(digest)).toBeUndefined();
    await put('needs', await manifest());
    expect(await errorOf(await call('DELETE', `app/blobs/${digestOf('layer')}`))).toBe('403 DENIED');
  });
});

describe('manifests', () => {
  test('are found by tag and by digest, and ECR knows of them', async () => {
    const body = await manifest({ annotations: { n: '1' } });
    const digest = digestOf(body);
    const done = await put('v1', body);
    expect([done.status, done.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect((await put('v1', body)).status).toBe(201);
    for (const reference of ['v1', digest]) {
      const response = await call('GET', `app/manifests/${reference}`);
      expect(response.headers.get('content-type')).toBe(MANIFEST);
      expect(await response.text()).toBe(body);
      const head = await call('HEAD', `app/manifests/${reference}`);
      expect(head.headers.get('content-length')).toBe(String(body.length));
    }
    const client = new ECRClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const imageIds = [{ imageTag: 'v1' }];
    const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName: 'app', imageIds }));
    expect(imageDetails).toMatchObject([
      { imageDigest: digest, lastRecordedPullTime: new Date(server.deps.clock.now()) },
    ]);
  });

  test('are indexes too', async () => {
    const child = await manifest({ annotations: { n: 'child' } });
    const index = (digest: string): string =>
      JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ mediaType: MANIFEST, digest, size: 3 }] });
    expect(await errorOf(await put('multi', index(digestOf('none')), INDEX))).toBe('404 MANIFEST_BLOB_UNKNOWN');
    expect((await put(digestOf(child), child)).status).toBe(201);
    expect((await put('multi', index(digestOf(child)), INDEX)).status).toBe(201);
    expect(await errorOf(await call('DELETE', `app/manifests/${digestOf(child)}`))).toBe('403 DENIED');
  });

  test('refer to one another', async () => {
    const subject = await manifest({ annotations: { n: 'subject' } });
    const digest = digestOf(subject);
    await put('subject', subject);
    const artifactType = 'application/spdx+json';
    const sbom = await manifest({
      artifactType,
      annotations: { n: 'sbom' },
      subject: { mediaType: MANIFEST, digest, size: 1 },
    });
    expect((await put(digestOf(sbom), sbom)).headers.get('oci-subject')).toBe(digest);
    const referrers = async (query: string): Promise<unknown> =>
      (await call('GET', `app/referrers/${digest}${query}`)).json();
    expect(await referrers('')).toEqual({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [
        { mediaType: MANIFEST, digest: digestOf(sbom), size: sbom.length, artifactType, annotations: { n: 'sbom' } },
      ],
    });
    expect(await referrers('?artifactType=other')).toMatchObject({ manifests: [] });
    const filtered = await call('GET', `app/referrers/${digest}?artifactType=${artifactType}`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await (await call('GET', `app/referrers/${digestOf('nobody')}`)).json()).toMatchObject({ manifests: [] });
  });

  test.each([
    ['no JSON', 'latest', '{', MANIFEST, '400 MANIFEST_INVALID'],
    ['schema 1', 'latest', '{"schemaVersion":1}', MANIFEST, '400 MANIFEST_INVALID'],
    [
      'another type than it says',
      'latest',
      `{"schemaVersion":2,"mediaType":"${INDEX}"}`,
      MANIFEST,
      '400 MANIFEST_INVALID',
    ],
    ['a type nobody knows', 'latest', '{"schemaVersion":2}', 'text/plain', '400 MANIFEST_INVALID'],
    ['another digest', `sha256:${'0'.repeat(64)}`, '', MANIFEST, '400 MANIFEST_INVALID'],
    ['a bad tag', '-bad', '{}', MANIFEST, '400 TAG_INVALID'],
    ['a bad digest', 'sha256:12', '{}', MANIFEST, '400 DIGEST_INVALID'],
  ])('of %s are refused', async (_case, reference, body, type, error) => {
    expect(await errorOf(await put(reference, body, type))).toBe(error);
  });

  test('that are too large are refused', async () => {
    expect(await errorOf(await put('large', ' '.repeat(5 * 1024 * 1024)))).toBe('413 SIZE_INVALID');
  });

  test('go by tag and by digest', async () => {
    const body = await manifest({ annotations: { n: 'gone' } });
    await put('gone-1', body);
    await put('gone-2', body);
    expect((await call('DELETE', 'app/manifests/gone-1')).status).toBe(202);
    expect(await errorOf(await call('GET', 'app/manifests/gone-1'))).toBe('404 MANIFEST_UNKNOWN');
    expect((await call('DELETE', `app/manifests/${digestOf(body)}`)).status).toBe(202);
    expect((await call('HEAD', 'app/manifests/gone-2')).status).toBe(404);
  });
});

describe('listings', () => {
  test('of tags come in pages', async () => {
    const body = await manifest({ annotations: { n: 'tags' } });
    for (const tag of ['zz-b', 'zz-a', 'zz-c']) await put(tag, body);
    const first = await call('GET', 'app/tags/list?n=2&last=zz');
    expect(await first.json()).toEqual({ name: 'app', tags: ['zz-a', 'zz-b'] });
    const [, next = ''] = /^<(.*)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? [];
    const second = await call('GET', next);
    expect(await second.json()).toEqual({ name: 'app', tags: ['zz-c'] });
    expect(second.headers.get('link')).toBeNull();
    expect(await (await call('GET', 'empty/tags/list')).json()).toEqual({ name: 'empty', tags: [] });
  });

  test('of repositories', async () => {
    expect(await (await call('GET', '_catalog')).json()).toEqual({ repositories: ['app', 'empty', 'team/other'] });
  });
});

test.each([
  ['GET', 'nothing/tags/list', '404 NAME_UNKNOWN'],
  ['GET', 'Bad/tags/list', '400 NAME_INVALID'],
  ['POST', 'app/tags/list', '405 UNSUPPORTED'],
  ['GET', 'app/nonsense', '404 UNSUPPORTED'],
  ['POST', 'nothing/blobs/uploads/', '404 NAME_UNKNOWN'],
])('%s %s answers %s', async (method, path, error) => {
  expect(await errorOf(await call(method, path))).toBe(error);
});
