// Says who asks: over TCP on port 9000 to everybody who connects, over UDP on port 9001 to every message. Each answer is the task's own
// address and the address of the client as it is seen here; after a PROXY header (version 2) also the one that it names.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

const own = networkInterfaces().eth0?.find(({ family }) => family === 'IPv4')?.address;
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (data) => {
    const isProxied = data.subarray(0, 8).toString('hex') === '0d0a0d0a000d0a51';
    const named = isProxied ? ` ${[...data.subarray(16, 20)].join('.')}` : '';
    socket.end(`${own} ${socket.remoteAddress.replace('::ffff:', '')}${named}\n`);
  });
}).listen(9000);
const udp = createSocket('udp4');
udp.on('message', (_, { address, port }) => udp.send(`${own} ${address}\n`, port, address)).bind(9001);
process.on('SIGTERM', () => {
  udp.close();
  // Whoever is being answered gets the answer.
  server.close(() => process.exit(0));
});
