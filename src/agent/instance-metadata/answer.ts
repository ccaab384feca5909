import type { InstanceMetadataSpec } from '../../wire/instance-metadata.ts';
import { isGood, longestSession, makeToken } from './token.ts';
import { read } from './tree.ts';

/** A request to the instance metadata service. */
export interface InstanceRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** How many hops away from the instance's interface whoever asks is: 1 for the instance itself, 2 for its containers on a bridge. */
  readonly hops: number;
}

/** What it is answered. */
export interface InstanceAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a session's length is named by, in a request and in its answer. */
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';
const tokenHeader = 'x-aws-ec2-metadata-token';

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
};

/**
 * Answers as EC2 does ("Use the Instance Metadata Service to access instance metadata", EC2 User Guide); `undefined` where no answer arrives:
 * a token whose packets end before they reach who asked for it.
 */
export function answerInstance(
  spec: InstanceMetadataSpec,
  { method, path, headers, hops }: InstanceRequest,
  now: number,
): InstanceAnswer | undefined {
  if (!spec.enabled) return failure(403);
  if (method === 'PUT' && /^\/latest\/api\/token\/?$/.test(path)) {
    // From behind a proxy that does not know whom it speaks for.
    if (headers['x-forwarded-for'] !== undefined) return failure(403);
    const ttl = headers[ttlHeader];
    if (typeof ttl !== 'string' || !/^\d{1,5}$/.test(ttl)) return failure(400);
    const seconds = Number(ttl);
    if (seconds < 1 || seconds > longestSession) return failure(400);
    if (hops > spec.hopLimit) return undefined;
    return {
      status: 200,
      body: makeToken(spec.tokenKey, now + seconds * 1000),
      headers: { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': ttl },
    };
  }
  if (method !== 'GET' && method !== 'HEAD') return failure(405);
  const token = headers[tokenHeader];
  const good = typeof token === 'string' && isGood(spec.tokenKey, token, now);
  if (!good && (token !== undefined || spec.tokensRequired)) return failure(401);
  const body = read(spec, path);
  return body === undefined ? failure(404) : { status: 200, body };
}

function failure(status: number): InstanceAnswer {
  const title = `${status} - ${reasons[status] ?? ''}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
  return { status, body, headers: { 'Content-Type': 'text/html' } };
}
