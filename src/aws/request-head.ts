import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { bucketOfHost } from './bucket-hosts.ts';
import type { RequestHead } from './protocols/protocol.ts';
import { isSignedV2 } from './sigv2.ts';

const noQuery = new URLSearchParams();

/** What comes before the body of a request, for a service that is known to be S3 or not. */
export function requestHead(request: IncomingMessage, isS3: boolean): RequestHead {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1));
  const { method = 'GET', headers } = request;
  if (!isS3) return { method, path, query, headers };
  const bucket = bucketOfHost(headers.host, true);
  return {
    method,
    // A key may begin with a slash of its own, so that the path is kept whole behind the bucket.
    ...(bucket === undefined ? { path } : { path: `/${encodeURIComponent(bucket)}${path}`, sentPath: path }),
    query,
    headers: query.has('X-Amz-Signature') || isSignedV2(query) ? withQuery(headers, query) : headers,
  };
}

/** A presigned URL has among its parameters what would be headers of another request (`x-amz-meta-…`). */
function withQuery(headers: IncomingHttpHeaders, query: URLSearchParams): IncomingHttpHeaders {
  const merged = { ...headers };
  for (const [parameter, value] of query) {
    const name = parameter.toLowerCase();
    if (name.startsWith('x-amz-') && !signing.has(name)) merged[name] ??= value;
  }
  return merged;
}

const signing = new Set(
  ['algorithm', 'credential', 'date', 'expires', 'signedheaders', 'signature'].map((name) => `x-amz-${name}`),
);
