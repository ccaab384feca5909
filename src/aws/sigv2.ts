import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RequestHead } from './protocols/protocol.ts';

// "Signing and authenticating REST requests (Signature Version 2)", Amazon S3 User Guide: only its URLs, which the aws CLI
// and boto3 still make unless they are told otherwise.

/** Parameters that are part of what is signed. */
const subresources = new Set(
  (
    'accelerate acl attributes cors defaultObjectAcl delete encryption lifecycle location logging notification ' +
    'object-lock ownershipControls partNumber policy publicAccessBlock replication requestPayment restore select ' +
    'select-type storageClass tagging torrent uploadId uploads versionId versioning versions website ' +
    'response-cache-control response-content-disposition response-content-encoding response-content-language ' +
    'response-content-type response-expires'
  ).split(' '),
);

/** Whether a query is signed in that way. Query services once were signed alike, but name an action. */
export function isSignedV2(query: URLSearchParams): boolean {
  return query.has('AWSAccessKeyId') && query.has('Signature') && query.has('Expires') && !query.has('Action');
}

/** Whether the signature of a request's URL is the one that `secret` makes. */
export function isRightV2(request: RequestHead, secret: string): boolean {
  const expected = createHmac('sha1', secret).update(stringToSign(request)).digest();
  const given = Buffer.from(request.query.get('Signature') ?? '', 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function stringToSign({ method, path, query, headers }: RequestHead): string {
  const amz = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-amz-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${[value].flat().join(',').trim()}\n`);
  const signed = [...query]
    .filter(([name]) => subresources.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const resource = signed.length === 0 ? path : `${path}?${signed.join('&')}`;
  const { 'content-md5': md5 = '', 'content-type': type = '' } = headers;
  return `${method}\n${String(md5)}\n${type}\n${query.get('Expires')}\n${amz.join('')}${resource}`;
}
