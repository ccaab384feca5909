import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import type { WireRequest } from './protocols/protocol.ts';
import { parseSignature, verifySignature, type Signature } from './sigv4.ts';

/** SHA-256 as the SDK's signer wants it. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else this.#hash = createHmac('sha256', typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array));
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

const clock = new FakeClock();
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'a/b+c==' };

interface Plain {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The request as the server gets it, signed by the SDK's own signer. */
async function signed(plain: Plain, service: string, presign: boolean): Promise<WireRequest> {
  const signer = new SignatureV4({
    credentials,
    region: 'eu-west-1',
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
  const request = { protocol: 'http:', hostname: 'localhost', port: 4566, ...plain };
  const withHost = { ...request, headers: { host: 'localhost:4566', ...plain.headers } };
  const options = { signingDate: new Date(clock.now()) };
  const done = presign
    ? await signer.presign({ ...withHost, body: undefined }, { ...options, expiresIn: 60 })
    : await signer.sign(withHost, options);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(done.query ?? {})) {
    for (const each of Array.isArray(value) ? value : [value ?? '']) query.append(name, each);
  }
  const headers = Object.fromEntries(Object.entries(done.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { method: plain.method, path: plain.path, query, headers, body: Buffer.from(presign ? '' : plain.body) };
}

function verify(request: WireRequest, secret = SECRET): unknown {
  const signature = parseSignature(request);
  if (typeof signature === 'string') return signature;
  return verifySignature(clock, request, signature, secret);
}

const plains: fc.Arbitrary<Plain> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  path: fc
    .array(fc.stringMatching(/^[A-Za-z0-9_~:=@!(),*'é -]{1,8}$/), { maxLength: 4 })
    .map((parts) => `/${parts.map((part) => encodeURIComponent(part)).join('/')}`),
  query: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z.0-9 *'&=+é-]{0,8}$/), fc.string({ maxLength: 8 }), {
    maxKeys: 4,
  }),
  headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,6}$/), fc.stringMatching(/^[!-~]{1,4}( {1,3}[!-~]{1,4})?$/), {
    maxKeys: 3,
  }),
  body: fc.string({ unit: 'grapheme' }),
});

describe('a request signed by the SDK', () => {
  test.each([false, true])('is verified (presigned: %s)', async (presign) => {
    await fc.assert(
      fc.asyncProperty(
        plains,
        fc.constantFrom('ecs', 'execute-api', ...(presign ? [] : ['s3'])),
        async (plain, service) => {
          const request = await signed(plain, service, presign);
          expect(verify(request)).toBeUndefined();
          expect(verify(request, 'another secret')).toBe('mismatch');
          expect(verify({ ...request, method: 'DELETE' })).toBe('mismatch');
          if (!presign) expect(verify({ ...request, body: Buffer.from(`${plain.body}!`) })).toBe('mismatch');
        },
      ),
      { numRuns: 60 },
    );
  });

  const plain: Plain = { method: 'POST', path: '/', query: {}, headers: {}, body: '{}' };

  test('is known by its parts', async () => {
    expect(parseSignature(await signed(plain, 'ecs', false))).toMatchObject({
      accessKeyId: 'AKIDEXAMPLE',
      region: 'eu-west-1',
      service: 'ecs',
      sessionToken: 'a/b+c==',
      expires: undefined,
    } satisfies Partial<Signature>);
  });

  test('is too old after 15 minutes, a presigned one after its own time', async () => {
    const later = new FakeClock(clock.now() + 61_000);
    const [header, url] = [await signed(plain, 'ecs', false), await signed(plain, 'ecs', true)];
    const at = (own: FakeClock, request: WireRequest): unknown =>
      verifySignature(own, request, parseSignature(request) as Signature, SECRET);
    expect(at(later, header)).toBeUndefined();
    expect(at(later, url)).toBe('expired');
    expect(at(new FakeClock(clock.now() + 16 * 60_000), header)).toBe('expired');
    expect(at(new FakeClock(clock.now() - 16 * 60_000), header)).toBe('expired');
  });

  test('whose body is not the one that was hashed is refused', async () => {
    const request = await signed(plain, 'ecs', false);
    const headers = { ...request.headers, 'x-amz-content-sha256': createHash('sha256').update('other').digest('hex') };
    expect(verify({ ...request, headers })).toBe('mismatch');
  });
});

test.each([
  [undefined, 'missing'],
  ['Basic abc', 'incomplete'],
  ['AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00', 'incomplete'],
  ['AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ecs/aws4_request, Signature=00', 'incomplete'],
])('the header %s is %s', (authorization, fault) => {
  const headers = authorization === undefined ? {} : { authorization };
  const request = { method: 'GET', path: '/', query: new URLSearchParams(), headers, body: Buffer.alloc(0) };
  expect(parseSignature(request)).toBe(fault);
});
