import { constants, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { timeOf } from '../base/clock.ts';
import { sha256Hex, signatureAlgorithm, signatureOf, textToSign, type SignedRequest } from '../base/sigv4.ts';
import type { RequestHead, WireRequest } from './protocols/protocol.ts';
import { isRightV2, isSignedV2 } from './sigv2.ts';

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
  /** Until when a URL is good that is signed in S3's old way (sigv2.ts), in epoch milliseconds. */
  readonly expiresAt?: number;
}

/** Why a signature is not accepted. Each service has its own code for each. */
export type SignatureFault = 'missing' | 'incomplete' | 'unknown-key' | 'mismatch' | 'expired' | 'bad-token';

const UNSIGNED = 'UNSIGNED-PAYLOAD';
/** How far a client's clock may be off ("Signature Version 4 signing process": five minutes, which AWS stretches). */
const SKEW_MS = 15 * 60_000;

/** Reads the signature out of a request's header or query; the fault when there is none, or it is not whole. */
export function parseSignature(request: RequestHead): Signature | 'missing' | 'incomplete' {
  const header = request.headers.authorization;
  if (header !== undefined) return parseHeader(header, request);
  if (request.query.has('X-Amz-Credential')) return parseQuery(request.query);
  return isSignedV2(request.query) ? parseV2(request.query) : 'missing';
}

function parseHeader(header: string, request: RequestHead): Signature | 'incomplete' {
  if (!header.startsWith(signatureAlgorithm)) return 'incomplete';
  const scope = fieldOf(header, 'Credential=')?.split('/');
  const signedHeaders = fieldOf(header, 'SignedHeaders=');
  const signature = fieldOf(header, 'Signature=');
  if (scope === undefined || signedHeaders === undefined || signature === undefined) return 'incomplete';
  return claimOf(scope, signedHeaders, signature, {
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
  if (signature === null || signedHeaders === null || query.get('X-Amz-Algorithm') !== signatureAlgorithm)
    return 'incomplete';
  if (!Number.isInteger(expires) || expires < 0 || expires > 604_800) return 'incomplete';
  return claimOf(scope, signedHeaders, signature, {
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    signedAt: query.get('X-Amz-Date') ?? undefined,
    expires,
  });
}

function parseV2(query: URLSearchParams): Signature | 'incomplete' {
  const expires = Number(query.get('Expires') ?? '');
  if (!Number.isInteger(expires)) return 'incomplete';
  return {
    accessKeyId: query.get('AWSAccessKeyId') ?? '',
    date: '',
    region: '',
    service: 's3',
    signedHeaders: [],
    signature: query.get('Signature') ?? '',
    sessionToken: query.get('x-amz-security-token') ?? undefined,
    signedAt: undefined,
    expires: undefined,
    expiresAt: expires * 1000,
  };
}

function claimOf(
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

/** Whether a presigned URL is past its time; of one that does not say when it was signed, it is. */
export function hasExpired(clock: Clock, { signedAt, expires, expiresAt }: Signature): boolean {
  if (expiresAt !== undefined) return clock.now() > expiresAt;
  if (expires === undefined) return false;
  const at = timeOf(extended(signedAt ?? ''));
  return at === undefined || clock.now() > at + expires * 1000;
}

/** Signs the request again with `secret` and compares; `undefined` when all is well. */
export function verifySignature(
  clock: Clock,
  request: WireRequest,
  signed: Signature,
  secret: string,
): SignatureFault | undefined {
  if (signed.expiresAt !== undefined) return isRightV2(request, secret) ? undefined : 'mismatch';
  const canonical = signedRequest(clock, request, signed);
  if (typeof canonical === 'string') return canonical;
  const expected = signatureOf(canonical, signed, signed.signedAt ?? '', secret);
  const given = Buffer.from(signed.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : 'mismatch';
}

/**
 * The same of a request that was signed with an RSA key, as machines do that Systems Manager manages: what is signed is Signature
 * Version 4's, and the signature RSASSA-PSS with SHA-256 and a salt of 32 bytes, in base64 (amazon-ssm-agent,
 * `agent/ssm/rsaauth`). `publicKey` is DER of a SubjectPublicKeyInfo, in base64.
 */
export function verifyRsaSignature(
  clock: Clock,
  request: WireRequest,
  signed: Signature,
  publicKey: string,
): SignatureFault | undefined {
  const canonical = signedRequest(clock, request, signed);
  if (typeof canonical === 'string') return canonical;
  const text = Buffer.from(textToSign(canonical, signed, signed.signedAt ?? ''));
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return verify('sha256', text, pss, Buffer.from(signed.signature, 'base64')) ? undefined : 'mismatch';
}

/** What a signature is to be of, if it is of the time that it says. */
function signedRequest(clock: Clock, request: WireRequest, signed: Signature): SignedRequest | SignatureFault {
  const at = signed.signedAt ?? '';
  if (!/^\d{8}T\d{6}Z$/.test(at) || !at.startsWith(signed.date)) return 'incomplete';
  if (!signed.signedHeaders.includes('host')) return 'incomplete';
  const age = clock.now() - (timeOf(extended(at)) ?? 0);
  if (age < -SKEW_MS || age > Math.max(SKEW_MS, (signed.expires ?? 0) * 1000)) return 'expired';
  if (hasExpired(clock, signed)) return 'expired';
  const payload = payloadHash(request, signed);
  if (payload === undefined) return 'mismatch';
  return { ...request, path: request.sentPath ?? request.path, signedHeaders: signed.signedHeaders, payload };
}

/** The hash the client signed; `undefined` when the body is not what was hashed. */
function payloadHash(request: WireRequest, signed: Signature): string | undefined {
  const claimed = single(request.headers['x-amz-content-sha256']);
  if (claimed === UNSIGNED || claimed?.startsWith('STREAMING-') === true) return claimed;
  if (signed.expires !== undefined && signed.service === 's3') return UNSIGNED;
  // A body that is still to come is held against what was claimed of it as it arrives.
  if (request.stream !== undefined) return claimed ?? UNSIGNED;
  const hash = sha256Hex(request.body);
  return claimed === undefined || claimed === hash ? hash : undefined;
}

function extended(at: string): string {
  return at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
