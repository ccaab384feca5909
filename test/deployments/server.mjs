// Answers every request with its revision, and echoes what comes over a WebSocket (RFC 6455, short messages only).
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const revision = process.env.REVISION ?? '1';
const server = createServer((_, response) => response.end(`revision ${revision}\n`));
// Longer than any load balancer keeps a connection idle.
server.keepAliveTimeout = 120_000;

server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let rest = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 6) return;
      const length = rest[1] & 0x7f;
      if (rest.length < 6 + length) return;
      const mask = rest.subarray(2, 6);
      const payload = Buffer.from(rest.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]));
      const opcode = rest[0] & 0x0f;
      rest = rest.subarray(6 + length);
      socket.write(Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]));
      // A close is answered with a close.
      if (opcode === 8) return void socket.end();
    }
  });
});

process.on('SIGTERM', () => process.exit(0));
// Elsewhere than its health is asked for, it never becomes healthy.
server.listen(Number(process.env.PORT ?? 8080));
