import type { IncomingMessage } from 'node:http';
import { AwsError } from '../base/errors.ts';
import { requestHead } from './request-head.ts';

/** What a page in a browser wants of a bucket, or would want after its preflight. */
export interface CrossOriginAsk {
  readonly bucket: string;
  readonly origin: string;
  readonly method: string;
  readonly headers: readonly string[];
}

/**
 * What buckets say of pages of other origins: the headers of an answer that such a page may have, or why there are none: no bucket,
 * no rules, or none of them allows it.
 */
export type CrossOriginRules = (
  ask: CrossOriginAsk,
) => Readonly<Record<string, string>> | 'bucket' | 'rules' | 'refused';

/** What is known of a request of a page: whose bucket it is for, and what the bucket says. */
export interface CrossOrigin {
  /** For an answer to the page; `undefined` when it may have none. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Set for a preflight that is refused. */
  readonly refusal?: AwsError;
}

/** Of a preflight, which names no service: whoever gives a path asks for a bucket. */
export function preflight(request: IncomingMessage, rules: CrossOriginRules): CrossOrigin | undefined {
  const { origin, 'access-control-request-method': method, 'access-control-request-headers': names } = request.headers;
  if (request.method !== 'OPTIONS' || origin === undefined || method === undefined) return undefined;
  const [bucket, key] = placeOf(request);
  if (bucket === '') return undefined;
  const headers = (names ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const found = rules({ bucket, origin, method, headers });
  if (typeof found !== 'string') return { headers: found };
  const message = {
    bucket: 'Bucket not found',
    rules: 'CORS is not enabled for this bucket.',
    // The misspelling is Amazon's.
    refused:
      "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
  }[found];
  const members = { Method: method, ResourceType: key === '' ? 'BUCKET' : 'OBJECT' };
  return {
    headers: undefined,
    refusal: new AwsError('AccessForbidden', `CORSResponse: ${message}`, { status: 403, members }),
  };
}

/** Of a request for S3 itself. The preflight has judged its headers. */
export function actual(request: IncomingMessage, rules: CrossOriginRules): CrossOrigin | undefined {
  const { method = 'GET', headers } = request;
  const { origin } = headers;
  const [bucket] = placeOf(request);
  if (origin === undefined || bucket === '') return undefined;
  const found = rules({ bucket, origin, method, headers: [] });
  return { headers: typeof found === 'string' ? undefined : found };
}

/** The bucket and the key that a request for S3 names, empty where it names none. */
function placeOf(request: IncomingMessage): readonly [bucket: string, key: string] {
  const [, bucket = '', ...rest] = requestHead(request, true).path.split('/');
  try {
    return [decodeURIComponent(bucket), rest.join('/')];
  } catch {
    return ['', ''];
  }
}
