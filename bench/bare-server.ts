import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

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
