import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { timeOf } from '../base/clock.ts';
import type { WireRequest } from './protocols/protocol.ts';

/** What a request says of its signature ("Signing AWS API requests", IAM User Guide). */
export interface Signature {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string | undefined;
  /** Seconds that a presigned URL is good for; `undefined` when the signature is in a header. */
  readonly expires: number | undefined;
}

/** Why a signature is not accepted. Each service has its own code for each. */
export type SignatureFault = 'missing' | 'incomplete' | 'unknown-key' | 'mismatch' | 'expired' | 'bad-token';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const UNSIGNED = 'UNSIGNED-PAYLOAD';
/** How far a client's clock may be off ("Signature Version 4 signing process": five minutes, which AWS stretches). */
const SKEW_MS = 15 * 60_000;

/** Reads the signature out of a request's header or query; the fault when there is none, or it is not whole. */
export function parseSignature(request: WireRequest): Signature | 'missing' | 'incomplete' {
  const header = request.headers.authorization;
  if (header !== undefined) return parseHeader(header, request);
  if (request.query.has('X-Amz-Credential')) return parseQuery(request.query);
  return 'missing';
}

function parseHeader(header: string, request: WireRequest): Signature | 'incomplete' {
  if (!header.startsWith(ALGORITHM)) return 'incomplete';
  const scope = fieldOf(header, 'Credential=')?.split('/');
  const signedHeaders = fieldOf(header, 'SignedHeaders=');
  const signature = fieldOf(header, 'Signature=');
  if (scope === undefined || signedHeaders === undefined || signature === undefined) return 'incomplete';
  return signatureOf(scope, signedHeaders, signature, {
    sessionToken: single(request.headers['x-amz-security-token']),
    signedAt: single(request.headers['x-amz-date']),
    expires: undefined,
  });
}

function parseQuery(query: URLSearchParams): Signature | 'incomplete' {
  const signature = query.get('X-Amz-Signature');
  const scope = query.get('X-Amz-Credential')?.split('/') ?? [];
  const signedHeaders = query.get('X-Amz-SignedHeaders');
  const expires = Number(query.get('X-Amz-Expires') ?? '900');
  if (signature === null || signedHeaders === null || query.get('X-Amz-Algorithm') !== ALGORITHM) return 'incomplete';
  if (!Number.isInteger(expires) || expires < 0 || expires > 604_800) return 'incomplete';
  return signatureOf(scope, signedHeaders, signature, {
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    signedAt: query.get('X-Amz-Date') ?? undefined,
    expires,
  });
}

function signatureOf(
  scope: readonly string[],
  signedHeaders: string,
  signature: string,
  rest: Pick<Signature, 'sessionToken' | 'signedAt' | 'expires'>,
): Signature | 'incomplete' {
  // An access key id may itself hold slashes; the scope's four parts come last.
  const [date = '', region = '', service = '', end] = scope.slice(-4);
  const accessKeyId = scope.slice(0, -4).join('/');
  if (end !== 'aws4_request' || accessKeyId === '' || !/^\d{8}$/.test(date)) return 'incomplete';
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature, ...rest };
}

function fieldOf(header: string, name: string): string | undefined {
  const start = header.indexOf(name);
  if (start < 0) return undefined;
  const comma = header.indexOf(',', start);
  const value = header.slice(start + name.length, comma < 0 ? undefined : comma).trim();
  return value === '' ? undefined : value;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Signs the request again with `secret` and compares; `undefined` when all is well. */
export function verifySignature(
  clock: Clock,
  request: WireRequest,
  signed: Signature,
  secret: string,
): SignatureFault | undefined {
  const at = signed.signedAt ?? '';
  if (!/^\d{8}T\d{6}Z$/.test(at) || !at.startsWith(signed.date)) return 'incomplete';
  if (!signed.signedHeaders.includes('host')) return 'incomplete';
  const age = clock.now() - (timeOf(extended(at)) ?? 0);
  if (age < -SKEW_MS || age > Math.max(SKEW_MS, (signed.expires ?? 0) * 1000)) return 'expired';
  if (signed.expires !== undefined && age > signed.expires * 1000) return 'expired';
  const payload = payloadHash(request, signed);
  if (payload === undefined) return 'mismatch';
  const canonical = createHash('sha256')
    .update(canonicalRequest(request, signed, payload))
    .digest('hex');
  const { date, region, service } = signed;
  const text = `${ALGORITHM}\n${at}\n${date}/${region}/${service}/aws4_request\n${canonical}`;
  const expected = createHmac('sha256', signingKey(secret, signed)).update(text).digest();
  const given = Buffer.from(signed.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : 'mismatch';
}

/** The hash the client signed; `undefined` when the body is not what was hashed. */
function payloadHash(request: WireRequest, signed: Signature): string | undefined {
  const claimed = single(request.headers['x-amz-content-sha256']);
  if (claimed === UNSIGNED || claimed?.startsWith('STREAMING-') === true) return claimed;
  if (signed.expires !== undefined && signed.service === 's3') return UNSIGNED;
  const hash = createHash('sha256').update(request.body).digest('hex');
  return claimed === undefined || claimed === hash ? hash : undefined;
}

function canonicalRequest(request: WireRequest, signed: Signature, payload: string): string {
  const headers = signed.signedHeaders.map((name) => {
    const value = request.headers[name];
    const text = Array.isArray(value) ? value.join(',') : (value ?? '');
    return `${name}:${text.trim().replaceAll(/ +/g, ' ')}\n`;
  });
  // Every service but S3 encodes the path a second time.
  const path = signed.service === 's3' ? request.path : request.path.split('/').map(encode).join('/');
  return [
    request.method,
    path,
    canonicalQuery(request.query),
    headers.join(''),
    signed.signedHeaders.join(';'),
    payload,
  ].join('\n');
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs: (readonly [name: string, value: string])[] = [];
  for (const [name, value] of query) {
    if (name !== 'X-Amz-Signature') pairs.push([encode(name), encode(value)]);
  }
  // By name, then by value: as whole texts they would sort otherwise, since `%` comes before `=`.
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** RFC 3986's unreserved characters stay, all others are escaped. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function extended(at: string): string {
  return at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}

const keys = new Map<string, Buffer>();
const KEYS_KEPT = 1000;

/** A signing key is good for a day, a region and a service: deriving it costs four HMACs, so it is kept. */
function signingKey(secret: string, { date, region, service }: Signature): Buffer {
  const id = `${date}/${region}/${service}/${secret}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  let key = createHmac('sha256', `AWS4${secret}`).update(date).digest();
  for (const part of [region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  if (keys.size >= KEYS_KEPT) keys.clear();
  keys.set(id, key);
  return key;
}
