import type { Clock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { ChunkWatch } from './chunked.ts';
import { chunkSignatures } from './chunk-signatures.ts';
import type { Caller } from './handlers.ts';
import type { WireRequest } from './protocols/protocol.ts';
import type { ServiceModel } from './schema/model.ts';
import { s3Refusal } from './s3-refusals.ts';
import { isSignedV2 } from './sigv2.ts';
import {
  hasExpired,
  parseSignature,
  verifyRsaSignature,
  verifySignature,
  type Signature,
  type SignatureFault,
} from './sigv4.ts';
import { actionOf, denied } from './permissions.ts';

/** An access key that we know. */
export interface Credential {
  readonly caller: Caller;
  /** Absent where requests are signed with an RSA key. */
  readonly secretAccessKey?: string;
  /** The public half of that key: DER of a SubjectPublicKeyInfo, in base64. Its signatures are checked wherever they come from. */
  readonly publicKey?: string;
  /**
   * What its requests may do, wherever they are verified: whether an action of IAM's, such as `ecs:RunTask`, is allowed. Everything
   * is unless given.
   */
  readonly permits?: (action: string) => boolean;
  /** Of temporary credentials, which are good only together with it. */
  readonly sessionToken?: string;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
}

/** How requests are authenticated. */
export interface Authentication {
  /** Whether signatures are checked. Without, any access key is accepted: for loopback. */
  readonly verify: boolean;
  /** Whether those made with keys that were issued here are checked in any case. */
  readonly verifyIssued?: boolean;
  /** The access keys that were issued here. */
  credential(accessKeyId: string): Credential | undefined;
  /** The account of a key that nobody issued; a key id of 12 digits is itself the account. */
  readonly account: string;
  /** The region of a request that names none. */
  readonly region: string;
}

/** What is known of a request once it is accepted. */
export interface Authenticated {
  readonly caller: Caller;
  readonly region: string;
  /** Checks the chunks of a body of which each is signed. */
  readonly chunks?: ChunkWatch;
}

/** Who calls, and in which region. Throws the service's own error for what is not accepted. */
export function authenticate(
  authentication: Authentication,
  clock: Clock,
  request: WireRequest,
  service: ServiceModel,
  operation: string,
): Authenticated {
  const { account, region, verify } = authentication;
  const found = identify(authentication, clock, request);
  if (found === 'missing' && service.row.unsigned?.includes(operation) === true) {
    return { caller: rootOf(account, 'anonymous'), region };
  }
  if (typeof found === 'string') {
    throw refusal(found, service, request.query.has('X-Amz-Credential') || isSignedV2(request.query));
  }
  const { signed, secretAccessKey, permits, ...accepted } = found;
  const action = actionOf(service.row, operation);
  if (permits?.(action) === false) throw denied(service.row, found.caller, action);
  const body = request.headers['x-amz-content-sha256'];
  if (!verify || secretAccessKey === undefined) return accepted;
  if (typeof body !== 'string' || !body.startsWith('STREAMING-AWS4-HMAC')) return accepted;
  return { ...accepted, chunks: chunkSignatures(signed, secretAccessKey, body.endsWith('-TRAILER')) };
}

/** Who signed a request, and with what. */
export interface Identified {
  readonly caller: Caller;
  readonly region: string;
  readonly signed: Signature;
  /** Of a key that was issued here. */
  readonly secretAccessKey?: string;
  /** Of a request that was verified, with a key that may not do everything. */
  readonly permits?: (action: string) => boolean;
}

/** Who signed a request; what is wrong with its signature when nobody did whom we accept. */
export function identify(
  authentication: Authentication,
  clock: Clock,
  request: WireRequest,
): Identified | SignatureFault {
  const { account, region, verify, verifyIssued = false } = authentication;
  const signed = parseSignature(request);
  if (typeof signed === 'string') return signed;
  // Signatures of S3's old way know no region: its buckets say where they are.
  const ofRegion = signed.expiresAt === undefined ? signed.region || region : '';
  // Whoever asks: what was shared for an hour is not shared any more.
  if (hasExpired(clock, signed)) return 'expired';
  const credential = authentication.credential(signed.accessKeyId);
  if (credential === undefined) {
    if (verify) return 'unknown-key';
    const own = /^\d{12}$/.test(signed.accessKeyId) ? signed.accessKeyId : account;
    return { caller: rootOf(own, signed.accessKeyId), region: ofRegion, signed };
  }
  if (credential.expiresAt !== undefined && credential.expiresAt <= clock.now()) return 'bad-token';
  const { caller, secretAccessKey, publicKey, permits } = credential;
  const identified = { caller, region: ofRegion, signed, ...given('secretAccessKey', secretAccessKey) };
  const isVerified = verify || verifyIssued || publicKey !== undefined;
  if (!isVerified) return identified;
  if (credential.sessionToken !== signed.sessionToken) return 'unknown-key';
  const fault =
    publicKey === undefined
      ? verifySignature(clock, request, signed, secretAccessKey ?? '')
      : verifyRsaSignature(clock, request, signed, publicKey);
  return fault ?? { ...identified, ...given('permits', permits) };
}

/** What a caller is told of a fault, where no service has words of its own for it. */
export function describeFault(fault: SignatureFault): string {
  return refusals[fault][4];
}

/** An access key without a user is the account's root ("GetCallerIdentity", STS API Reference). */
function rootOf(account: string, accessKeyId: string): Caller {
  return { accessKeyId, account, arn: `arn:aws:iam::${account}:root`, userId: account };
}

type Refusal = readonly [json: string, query: string, ec2: string, ec2Status: number, message: string];

/** What the families of services call each fault ("Common errors" of ECS, ELB and EC2). */
const refusals: Readonly<Record<SignatureFault, Refusal>> = {
  missing: [
    'MissingAuthenticationTokenException',
    'MissingAuthenticationToken',
    'AuthFailure',
    401,
    'Request is missing Authentication Token',
  ],
  incomplete: [
    'IncompleteSignatureException',
    'IncompleteSignature',
    'IncompleteSignature',
    400,
    'The request signature does not conform to AWS standards',
  ],
  'unknown-key': [
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'AuthFailure',
    401,
    'The security token included in the request is invalid',
  ],
  mismatch: [
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  ],
  expired: [
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'RequestExpired',
    400,
    'Signature expired: the time of the request is too far from the time of the server',
  ],
  'bad-token': [
    'ExpiredTokenException',
    'ExpiredToken',
    'RequestExpired',
    400,
    'The security token included in the request is expired',
  ],
};

function refusal(fault: SignatureFault, service: ServiceModel, isUrl: boolean): AwsError {
  if (service.row.id === 's3') return s3Refusal(fault, isUrl);
  const [json, query, ec2, ec2Status, message] = refusals[fault];
  switch (service.row.protocols[0]) {
    case 'ec2-query':
      return new AwsError(ec2, message, { status: ec2Status });
    case 'query':
    case 'rest-xml':
      return new AwsError(query, message, { status: fault === 'incomplete' ? 400 : 403 });
    default:
      return new AwsError(json, message, { status: fault === 'missing' ? 403 : 400 });
  }
}
