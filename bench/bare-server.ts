import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from '../src/base/http.ts';

/** The floor of the wire: node:http that reads a request and answers fixed bytes. */
const body = process.env['BODY'] ?? '{}';
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () =>
  process.send?.((server.address() as AddressInfo).port),
);
// As our own program does: its next start is one with a cache.
flushCompileCache();
