/** The reason phrases that ELB writes; they are nginx's for some codes. */
const reasons: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Not Allowed',
  408: 'Request Time-out',
  413: 'Request Entity Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** The status codes that HAProxy may answer by itself and that we word ("http-error", HAProxy Configuration Manual). */
export const errorStatuses = [400, 403, 405, 408, 413, 500, 502, 503, 504] as const;

/** The body of an answer that an application load balancer makes itself, as AWS words it. */
export function pageOf(status: number): string {
  const title = `${status} ${reasons[status] ?? ''}`.trim();
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

/** A whole HTTP/1.1 answer, for HAProxy's `errorfile`, which may give another status than the one it stands for. */
export function rawResponse(status: number): string {
  const body = pageOf(status);
  return [
    `HTTP/1.1 ${status} ${reasons[status] ?? ''}`,
    'Server: awselb/2.0',
    'Content-Type: text/html',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
