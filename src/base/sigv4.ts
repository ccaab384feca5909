import { createHash, createHmac } from 'node:crypto';

/** A request as Signature Version 4 sees it ("Create a signed AWS API request", IAM User Guide). */
export interface SignedRequest {
  readonly method: string;
  /** As it stands in the request line, percent-encoded, without its query. */
  readonly path: string;
  readonly query: Iterable<readonly [name: string, value: string]>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Lower case, sorted. */
  readonly signedHeaders: readonly string[];
  /** The hexadecimal SHA-256 of the body, or one of the words that stand for it. */
  readonly payload: string;
}

/** For what a signing key is good. */
export interface SigningScope {
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** The name of the one algorithm there is. */
export const signatureAlgorithm = 'AWS4-HMAC-SHA256';

/** The signature of a request that was signed at `at` (`YYYYMMDDTHHMMSSZ`). */
export function signatureOf(request: SignedRequest, scope: SigningScope, at: string, secret: string): Buffer {
  return createHmac('sha256', signingKey(secret, scope))
    .update(textToSign(request, scope, at))
    .digest();
}

/** What is signed of a request: the time, the scope, and the hash of the request in its canonical form. */
export function textToSign(request: SignedRequest, { date, region, service }: SigningScope, at: string): string {
  const canonical = sha256Hex(canonicalRequest(request, service));
  return `${signatureAlgorithm}\n${at}\n${date}/${region}/${service}/aws4_request\n${canonical}`;
}

/** The hexadecimal SHA-256 of a body or text. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The form of a time in signatures, `YYYYMMDDTHHMMSSZ`. */
export function signingTime(iso: string): string {
  return iso.replaceAll(/[-:]|\.\d+/g, '');
}

/** Percent-encoding as signatures want it: RFC 3986's unreserved characters stay, all others are escaped. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalRequest(request: SignedRequest, service: string): string {
  const headers = request.signedHeaders.map((name) => {
    const value = request.headers[name] ?? '';
    const text = typeof value === 'string' ? value : value.join(',');
    return `${name}:${text.trim().replaceAll(/ +/g, ' ')}\n`;
  });
  // Every service but S3 encodes the path a second time.
  const path = service === 's3' ? request.path : request.path.split('/').map(encodeStrictly).join('/');
  return [
    request.method,
    path,
    canonicalQuery(request.query),
    headers.join(''),
    request.signedHeaders.join(';'),
    request.payload,
  ].join('\n');
}

function canonicalQuery(query: SignedRequest['query']): string {
  const pairs: (readonly [name: string, value: string])[] = [];
  for (const [name, value] of query) {
    if (name !== 'X-Amz-Signature') pairs.push([encodeStrictly(name), encodeStrictly(value)]);
  }
  // By name, then by value: as whole texts they would sort otherwise, since `%` comes before `=`.
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const keys = new Map<string, Buffer>();
const KEYS_KEPT = 1000;

/** A signing key is good for a day, a region and a service: deriving it costs four HMACs, so it is kept. */
export function signingKey(secret: string, { date, region, service }: SigningScope): Buffer {
  const id = `${date}/${region}/${service}/${secret}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  let key = createHmac('sha256', `AWS4${secret}`).update(date).digest();
  for (const part of [region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  if (keys.size >= KEYS_KEPT) keys.clear();
  keys.set(id, key);
  return key;
}
