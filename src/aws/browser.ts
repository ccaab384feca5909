import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a request comes from a page of somebody else's in a browser. On loopback any access key is accepted, so that a
 * page on the internet could otherwise use its visitor's installation: browsers say where a request comes from, in
 * `Origin` ("Fetch", WHATWG) or, for requests without one, in `Sec-Fetch-Site` ("Fetch Metadata", W3C). Programs send
 * neither. Pages of this machine may; others may what a bucket's CORS rules allow them (`cross-origin.ts`).
 */
export function fromForeignPage(headers: IncomingHttpHeaders): boolean {
  const { origin } = headers;
  if (origin !== undefined) return !isLoopback(origin);
  const site = headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

function isLoopback(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.[\d.]+$/.test(hostname)
  );
}
